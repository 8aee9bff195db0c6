import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { roomFor } from '../files/disk.ts';
import { keeping, ownName, taken } from './lock-owners.ts';

const LOCK_PAUSE_MS = 40;
const queues = new Map<string, Promise<unknown>>();

/**
 * Serialises work under this lock file, across processes and containers. The lock of a dead owner is taken over. A stopped
 * owner is killed first, and the lease of an owner that we cannot see must have expired. Throws `DiskFull` when the lock
 * cannot be written.
 */
export function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const turn = (queues.get(file) ?? Promise.resolve()).then(() => locked(file, work));
  const settled = turn.catch(() => undefined).finally(() => queues.get(file) === settled && queues.delete(file));
  queues.set(file, settled);
  return turn;
}

function locked<T>(file: string, work: () => Promise<T>): Promise<T> {
  return roomFor(path.dirname(file), async () => {
    await mkdir(path.dirname(file), { recursive: true });
    const own = await ownName();
    while (!(await taken(file, own))) await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE_MS));
    const release = keeping(file, own);
    try {
      return await work();
    } finally {
      await release();
    }
  });
}
