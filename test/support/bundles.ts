import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { workflowBundle } from '../../worker/bundle.ts';
import type { Bundling } from '../../worker/configuration/bundling.ts';

const KEPT = fileURLToPath(new URL('../../build/tests', import.meta.url));

/** The bundle of the current workflow code. The first test that needs it builds it, and all others reuse it. */
export const keptBundle = async (wanted?: Bundling): Promise<string> => (await workflowBundle(KEPT, wanted)).codePath;

/** Copies the bundle into a new data folder, so that its worker need not build it. */
export async function bringBundle(data: string, wanted?: Bundling): Promise<void> {
  const kept = await keptBundle(wanted);
  await mkdir(path.join(data, 'bundles'), { recursive: true, mode: 0o700 });
  await copyFile(kept, path.join(data, 'bundles', path.basename(kept)));
}
