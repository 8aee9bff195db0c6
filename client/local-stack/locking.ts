import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isElsewhere, readRecord, recordOf, stillRuns, type OnRecord } from './processes.ts';

const PAUSE_MS = 500;
/**
 * A holder touches its lock this often, in milliseconds: one that nobody here can see has died once it did not for so long.
 */
const TOUCH_MS = 5_000;
const LEASE_MS = 60_000;

/** Takes a lock file, or answers who has it. A lock whose holder is gone is taken over. */
export async function takeLock(file: string): Promise<{ ownedBy?: number; release: () => Promise<void> }> {
  await mkdir(path.dirname(file), { recursive: true });
  // Written aside and linked in: a lock is never seen without its holder's name.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, await recordOf(process.pid));
  try {
    for (;;) {
      if (await linked(draft, file)) return { release: keeping(file) };
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) continue; // just released
      const holder = readRecord(text);
      if (holder && (await isHeld(file, holder))) return { ownedBy: holder.pid, release: () => Promise.resolve() };
      if (await succeeded(file, text, draft)) return { release: keeping(file) };
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Says that we live for as long as we hold it. Answers how to give it back. */
function keeping(file: string): () => Promise<void> {
  const clock = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => undefined), TOUCH_MS);
  clock.unref();
  return () => {
    clearInterval(clock);
    return rm(file, { force: true });
  };
}

async function isHeld(file: string, holder: OnRecord): Promise<boolean> {
  if (!(await isElsewhere(holder))) return stillRuns(holder);
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
 * Puts our lock in the place of a dead holder's, which only whoever has the turn does: so what is replaced is still the dead
 * one's. A turn whose holder died in it is taken over in the same way.
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

/** Works alone, waiting for its turn. */
export async function soleOwner<T>(
  file: string,
  { say, waitingFor, signal }: Turn,
  work: () => Promise<T>,
): Promise<T> {
  for (let told = false; ; told = true) {
    const { ownedBy: heldBy, release } = await takeLock(file);
    if (heldBy === undefined) {
      try {
        return await work();
      } finally {
        await release();
      }
    }
    if (!told) say(`waiting for ${waitingFor} (pid ${heldBy})`);
    await pause(PAUSE_MS, undefined, { signal });
  }
}
