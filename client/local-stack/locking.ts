import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isElsewhere, readRecord, recordOf, stillRuns, type OnRecord } from './processes.ts';

const PAUSE_MS = 500;
/**
 * The owner of a lock touches the file this often, in milliseconds. If its process is not visible from here, it counts as
 * dead when the file has not been touched for the lease.
 */
const TOUCH_MS = 5_000;
const LEASE_MS = 60_000;

/** Takes a lock file, or returns who owns it. A lock whose owner is gone is taken over. */
export async function takeLock(file: string): Promise<{ ownedBy?: number; release: () => Promise<void> }> {
  await mkdir(path.dirname(file), { recursive: true });
  // The file is written under another name and then linked, so that a lock always names its owner.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, await recordOf(process.pid));
  try {
    for (;;) {
      if (await linked(draft, file)) return { release: keeping(file) };
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) continue; // just released
      const owner = readRecord(text);
      if (owner && (await isOwned(file, owner))) return { ownedBy: owner.pid, release: () => Promise.resolve() };
      if (await succeeded(file, text, draft)) return { release: keeping(file) };
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Touches the lock for as long as we own it. Returns the function that releases it. */
function keeping(file: string): () => Promise<void> {
  const clock = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), TOUCH_MS);
  clock.unref();
  return () => {
    clearInterval(clock);
    return rm(file, { force: true });
  };
}

async function isOwned(file: string, owner: OnRecord): Promise<boolean> {
  if (!(await isElsewhere(owner))) return stillRuns(owner);
  const touched = await stat(file).catch(() => undefined);
  return touched !== undefined && Date.now() - touched.mtimeMs < LEASE_MS;
}

const linked = async (draft: string, file: string): Promise<boolean> => {
  try {
    await link(draft, file);
    return true;
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw failure;
  }
};

/**
 * Replaces the lock of a dead owner with ours. This needs a second lock, `.next`, so that nobody replaces the lock of a
 * living owner. If the owner of the second lock has died, it is taken over in the same way.
 */
async function succeeded(file: string, dead: string, draft: string): Promise<boolean> {
  const turn = await takeLock(`${file}.next`);
  if (turn.ownedBy !== undefined) return false;
  try {
    if ((await readFile(file, 'utf8').catch(() => undefined)) !== dead) return false;
    await rename(draft, file);
    return true;
  } finally {
    await turn.release();
  }
}

export interface Turn {
  say: (line: string) => void;
  waitingFor: string;
  signal?: AbortSignal | undefined;
}

/** Waits for the lock, and holds it while the work runs. */
export async function soleOwner<T>(
  file: string,
  { say, waitingFor, signal }: Turn,
  work: () => Promise<T>,
): Promise<T> {
  for (let reported = false; ; reported = true) {
    const { ownedBy: heldBy, release } = await takeLock(file);
    if (heldBy === undefined) {
      try {
        return await work();
      } finally {
        await release();
      }
    }
    if (!reported) say(`waiting for ${waitingFor} (pid ${heldBy})`);
    await pause(PAUSE_MS, undefined, { signal });
  }
}
