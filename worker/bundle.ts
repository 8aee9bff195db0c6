import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundling, type Bundling } from './configuration/bundling.ts';
import { dataConverterOf } from './configuration/converting.ts';

const here = fileURLToPath(import.meta.url);
const root = fileURLToPath(new URL('..', import.meta.url));
const workflows = path.join(root, 'workflows');

/** Where nothing is encrypted, as in proofs: without it one undecodable signal would wedge a run. */
export const dataConverter = dataConverterOf();

interface Building extends Bundling {
  converter?: typeof dataConverter;
}

/**
 * The workflow code, built ahead of time and kept under the hash of what it is made from: a worker that is started
 * again starts at once.
 */
export async function workflowBundle(data: string, building: Building = {}): Promise<{ codePath: string }> {
  const { payloadConverterPath, failureConverterPath } = building.converter ?? dataConverter;
  const kind = `${failureConverterPath ? '-sealing' : ''}${building.callStacks ? '-traced' : ''}`;
  const codePath = path.join(data, 'bundles', `${await sourceHash()}${kind}.cjs`);
  if (await isThere(codePath)) return { codePath };

  // Loaded here, for most have it bundled already.
  const { bundleWorkflowCode } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    ...bundling(building),
    ...(payloadConverterPath && { payloadConverterPath }),
    ...(failureConverterPath && { failureConverterPath }),
  });
  await mkdir(path.dirname(codePath), { recursive: true });
  const draft = `${codePath}.${randomUUID()}`;
  await writeFile(draft, code);
  await rename(draft, codePath);
  return { codePath };
}

async function sourceHash(): Promise<string> {
  const names = (await readdir(workflows, { recursive: true })).filter((name) => name.endsWith('.ts')).sort();
  const hash = createHash('sha256');
  const files = [here, path.join(root, 'package-lock.json'), ...names.map((name) => path.join(workflows, name))];
  for (const file of files) {
    hash.update(path.relative(root, file)).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 24);
}

const isThere = (file: string) =>
  access(file).then(
    () => true,
    () => false,
  );
