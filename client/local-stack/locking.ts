import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readRecord, recordOf, stillRuns } from './processes.ts';

const PAUSE_MS = 500;

/** Takes a lock file, or answers who has it. A lock whose holder is gone is taken over. */
export async function takeLock(file: string): Promise<{ heldBy?: number; release: () => Promise<void> }> {
  await mkdir(path.dirname(file), { recursive: true });
  // Written aside and linked in: a lock is never seen without its holder's name.
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, await recordOf(process.pid));
  try {
    for (;;) {
      if (await linked(draft, file)) return { release: () => rm(file, { force: true }) };
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) continue; // just released
      const holder = readRecord(text);
      if (holder && (await stillRuns(holder))) return { heldBy: holder.pid, release: () => Promise.resolve() };
      await setAside(file, text);
    }
  } finally {
    await rm(draft, { force: true });
  }
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

/** Moves a dead holder's lock out of the way. Was another process faster, and this is its lock? Then it goes back. */
async function setAside(file: string, dead: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  await rename(file, aside).catch(() => undefined);
  const moved = await readFile(aside, 'utf8').catch(() => dead);
  if (moved !== dead) await linked(aside, file);
  await rm(aside, { force: true });
}

export interface Turn {
  say: (line: string) => void;
  waitingFor: string;
  signal?: AbortSignal | undefined;
}

/** Works alone, waiting for its turn. */
export async function soleHolder<T>(
  file: string,
  { say, waitingFor, signal }: Turn,
  work: () => Promise<T>,
): Promise<T> {
  for (let told = false; ; told = true) {
    const { heldBy, release } = await takeLock(file);
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
