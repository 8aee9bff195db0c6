import { rm, stat, utimes } from 'node:fs/promises';
import { createFile } from '../files/disk.ts';
import { readWord } from '../files/reading.ts';
import { isRenewed, TOUCH_MS } from './leases.ts';
import { lookAt, ownOrigin, ownToken, seenFrom, type Origin } from './tokens.ts';

/** A lock's owner writes its name into it at once. After this time, in milliseconds, a lock without a name has no owner. */
const NAMELESS_MS = 2_000;
/**
 * A stopped lock owner (SIGSTOP) gets this much time, in milliseconds. Then it is killed, because it must not continue after
 * others have taken over. Others adopt the work of a killed worker.
 */
const STOPPED_MS = 20_000;

interface LockOwner {
  pid: number;
  token: string;
  origin?: Origin | undefined;
}

/**
 * Identifies this process while it lives. A pid alone may be reused, or mean another process in another container, so its
 * start time and its origin are part of it.
 */
export const ownName = async (): Promise<string> =>
  JSON.stringify({ pid: process.pid, token: await ownToken(), origin: await ownOrigin() } satisfies LockOwner);

/** Takes the lock if nobody owns it. Removes a dead owner's lock and returns false, so that the caller tries again. */
export async function taken(file: string, own: string): Promise<boolean> {
  try {
    await createFile(file, own);
    stopped.delete(file);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'EEXIST') throw failure;
  }
  const text = await textOf(file);
  if (text !== undefined && !(await hasLiveOwner(file, text))) await takeAway(file, text, own);
  return false;
}

/**
 * Removes a dead owner's lock. Only the owner of a turn, which is itself a lock, does this, so that a lock taken meanwhile
 * is never removed.
 */
async function takeAway(file: string, dead: string, own: string): Promise<void> {
  const turn = `${file}.turn`;
  if (!(await taken(turn, own))) return;
  try {
    if ((await textOf(file)) === dead) await rm(file, { force: true });
  } finally {
    await rm(turn, { force: true });
  }
}

async function hasLiveOwner(file: string, text: string): Promise<boolean> {
  const owner = parsed(text);
  if (!owner) return (await ageOf(file)) < NAMELESS_MS;
  const from = await seenFrom(owner.origin);
  if (from !== 'here') return from === 'elsewhere' && isRenewed(file, text);
  const seen = await lookAt(owner.pid);
  if (seen?.token !== owner.token) return false;
  if (seen.stopped) endStopped(file, owner);
  else stopped.delete(file);
  return true;
}

/** Since when the owner of an awaited lock has been stopped, by lock. Each wait counts from its own beginning. */
const stopped = new Map<string, number>();

function endStopped(file: string, { pid }: LockOwner): void {
  const since = stopped.get(file) ?? Date.now();
  stopped.set(file, since);
  if (Date.now() - since < STOPPED_MS) return;
  stopped.delete(file);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, or we may not kill it. Then we keep waiting.
  }
}

/**
 * Renews the lease of this lock, and returns a function that releases it. If another process has taken the lock, this
 * process was frozen for longer than the lease. It must not continue, and ends itself.
 */
export function keeping(file: string, own: string): () => Promise<void> {
  const clock = setInterval(() => void renew(file, own), TOUCH_MS);
  clock.unref();
  return async () => {
    clearInterval(clock);
    if ((await textOf(file)) === own) await rm(file, { force: true });
  };
}

async function renew(file: string, own: string): Promise<void> {
  const text = await textOf(file);
  const now = new Date();
  if (text === own) await utimes(file, now, now).catch(() => undefined);
  else if (text !== undefined && parsed(text)) process.kill(process.pid, 'SIGKILL');
}

const textOf = (file: string): Promise<string | undefined> => readWord(file).catch(() => undefined);
const ageOf = async (file: string): Promise<number> =>
  Date.now() -
  (await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => Date.now(),
  ));

function parsed(text: string): LockOwner | undefined {
  try {
    return JSON.parse(text) as LockOwner;
  } catch {
    return undefined; // it is being written, or its writer died while writing
  }
}
