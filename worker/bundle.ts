import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { builtBundle, bundling, variantOf, writeBundle, type Bundling } from './configuration/bundling.ts';
import { dataConverterOf } from './configuration/converting.ts';
import { root } from './configuration/package-files.ts';

/** The converter for workers without encryption, such as in tests. Without it, one undecodable signal blocks a run. */
export const dataConverter = dataConverterOf();

/**
 * Returns the workflow code as one file. A package contains it. In a checkout it is bundled once, and kept in the build or, by
 * the hash of its sources, in the data folder, so that a worker restarts quickly.
 */
export async function workflowBundle(data: string, wanted: Bundling = {}): Promise<{ codePath: string }> {
  const own = hasSources ? path.join(data, 'bundles', `${await sourceHash()}${variantOf(wanted)}`) : undefined;
  if (own && (await isThere(own))) return { codePath: own };
  const kept = await builtBundle(wanted, () => bundled(wanted));
  if (kept) return { codePath: kept };
  if (!own) throw new Error(`The package lacks its workflow code (${variantOf(wanted)}).`);
  return { codePath: await writeBundle(own, await bundled(wanted)) };
}

const hasSources = existsSync(path.join(root, 'workflows'));

async function bundled(wanted: Bundling): Promise<string> {
  // Imported only here, because most workers find a finished bundle.
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  return (await bundleWorkflowCode(bundling(wanted))).code;
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
