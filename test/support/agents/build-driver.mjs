// Builds the agent driver, once after each change of the sources, and prints its path.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceKey } from '../../../client/building/checkout.mjs';

const kept = fileURLToPath(new URL('../../../build/tests', import.meta.url));
const folder = path.join(kept, `driver-${sourceKey()}`);
if (!existsSync(folder)) {
  const { agentDriver } = await import('../../../client/building/bundles.mjs');
  await mkdir(kept, { recursive: true });
  const draft = await mkdtemp(path.join(kept, '.driver-'));
  await agentDriver(draft);
  // Another process may have been faster.
  await rename(draft, folder).catch(() => rm(draft, { recursive: true }));
}
process.stdout.write(path.join(folder, 'agent.js'));
