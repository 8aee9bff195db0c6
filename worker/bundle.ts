import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundling, packedBundle, variantOf, type Bundling } from './configuration/bundling.ts';
import { dataConverterOf } from './configuration/converting.ts';
import { root } from './configuration/places.ts';

/** For workers without encryption, as in proofs. Without this converter one undecodable signal would block a run. */
export const dataConverter = dataConverterOf();

/**
 * The workflow code as one file. A package brings it. A checkout bundles it once, under the hash of its sources, so a
 * worker that is started again starts at once.
 */
export async function workflowBundle(data: string, wanted: Bundling = {}): Promise<{ codePath: string }> {
  const packed = packedBundle(wanted);
  if (packed) return { codePath: packed };
  const codePath = path.join(data, 'bundles', `${await sourceHash()}${variantOf(wanted)}`);
  if (await isThere(codePath)) return { codePath };

  // Imported here, because most workers find a finished bundle.
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode(bundling(wanted));
  await mkdir(path.dirname(codePath), { recursive: true });
  const draft = `${codePath}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return { codePath };
}

/** What a bundle is made from: the workflow code, its libraries, and how it is bundled. */
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
