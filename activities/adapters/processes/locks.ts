import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { roomFor } from '../files/disk.ts';
import { keeping, ownName, taken } from './lock-owners.ts';

const LOCK_PAUSE_MS = 40;
const queues = new Map<string, Promise<unknown>>();

/**
 * Lets one piece of work at a time touch what this file names, across processes and containers too. A lock whose holder has
 * died is taken over; one whose holder stands still is too, once that holder has been ended; and one whose holder is not
 * ours to see (another container, another machine) once it has stopped saying that it lives. A full disk is told as such.
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
