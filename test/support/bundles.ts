import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { workflowBundle } from '../../worker/bundle.ts';

const KEPT = fileURLToPath(new URL('../../build/tests', import.meta.url));

/** The workflow code as it stands, bundled by whichever test needs it first and kept for all others. */
export const keptBundle = async (): Promise<string> => (await workflowBundle(KEPT)).codePath;

/** Spares the worker of a new data folder the bundling. */
export async function bringBundle(data: string): Promise<void> {
  const kept = await keptBundle();
  await mkdir(path.join(data, 'bundles'), { recursive: true, mode: 0o700 });
  await copyFile(kept, path.join(data, 'bundles', path.basename(kept)));
}
