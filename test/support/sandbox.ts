import { readFile } from 'node:fs/promises';
import { useBundle } from '../../client/offline/sandbox/machine.ts';
import { keptBundle } from './bundles.ts';
import { measure } from './coverage.ts';

/** `gatehouse simulate` plays runs in the same sandbox in which they are tested. */
export { Cluster } from '../../client/offline/sandbox/cluster.ts';
export type { Execution } from '../../client/offline/sandbox/execution.ts';
export { AsSent, UNREADABLE, type Call, type Closed, type World } from '../../client/offline/sandbox/wire.ts';

useBundle(async () => readFile(await keptBundle(), 'utf8'));
measure();
