import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundling, packedBundle, variantOf, type Bundling } from './configuration/bundling.ts';
import { dataConverterOf } from './configuration/converting.ts';
import { root } from './configuration/package-files.ts';

/** The converter for workers without encryption, such as in tests. Without it, one undecodable signal blocks a run. */
export const dataConverter = dataConverterOf();

/**
 * Returns the workflow code as one file. A package contains it. In a checkout it is bundled once and kept under the hash of
 * its sources, so that a worker restarts quickly.
 */
export async function workflowBundle(data: string, wanted: Bundling = {}): Promise<{ codePath: string }> {
  const packed = packedBundle(wanted);
  if (packed) return { codePath: packed };
  const codePath = path.join(data, 'bundles', `${await sourceHash()}${variantOf(wanted)}`);
  if (await isThere(codePath)) return { codePath };

  // Imported only here, because most workers find a finished bundle.
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode(bundling(wanted));
  await mkdir(path.dirname(codePath), { recursive: true });
  const draft = `${codePath}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return { codePath };
}

/** The inputs of a bundle: the workflow code, its libraries, and the bundling options. */
async function sourceHash(): Promise<string> {
  const workflows = (await readdir(path.join(root, 'workflows'), { recursive: true })).filter((name) =>
    name.endsWith('.ts'),
  );
  const files = [
    'package-lock.json',
    'worker/bundle.ts',
    'worker/configuration/bundling.ts',
    ...workflows.map((name) => path.join('workflows', name)).sort(),
  ];
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(await readFile(path.join(root, file)));
  return hash.digest('hex').slice(0, 24);
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );
