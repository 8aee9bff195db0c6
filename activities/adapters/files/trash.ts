import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { clear } from './clearing.ts';
import { foldersOf } from './folders.ts';

const CLOSE_MS = 1_000;

/**
 * Where folders go that nobody needs any more: they are out of the way at once, and are removed while nobody waits for it,
 * one at a time. What a worker did not come to is removed by the next one.
 */
export class Trash {
  private readonly folder;
  private removals: Promise<unknown> = Promise.resolve();
  private readonly closing = new AbortController();

  constructor(
    root: string,
    /** Removes a folder. One that stays is tried again by the next worker. */
    private readonly remove: (folder: string, signal: AbortSignal) => Promise<unknown> = removed,
  ) {
    this.folder = foldersOf(root).trash;
  }

  /** Takes a folder out of the way, whatever it holds. One that is not there is fine. */
  async take(folder: string): Promise<void> {
    const place = path.join(this.folder, randomUUID());
    await mkdir(this.folder, { recursive: true });
    try {
      await rename(folder, place);
    } catch (failure) {
      // What cannot be moved, as where something is mounted on it or its owner has closed it, is removed where it is.
      if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') await clear(folder);
      return;
    }
    this.clearLater(place);
  }

  /** Removes what a worker before this one left. */
  async sweep(): Promise<void> {
    const left = await readdir(this.folder).catch((): string[] => []);
    for (const name of left) this.clearLater(path.join(this.folder, name));
  }

  /** Waits until all is removed that was taken so far. */
  emptied = (): Promise<unknown> => this.removals;

  /** Has no removal go on behind a worker that ends: what is not done within a moment is the next one's. */
  async close(): Promise<void> {
    const clock = setTimeout(() => this.closing.abort(), CLOSE_MS);
    await this.emptied();
    clearTimeout(clock);
  }

  private clearLater(place: string): void {
    const { signal } = this.closing;
    const removal = this.removals.then(() => (signal.aborted ? undefined : this.remove(place, signal)));
    this.removals = removal.catch(() => undefined);
  }
}

/**
 * By a process of its own: 50,000 files would keep the worker's event loop busy for seconds. It comes last, for others make
 * checkouts meanwhile.
 */
async function removed(folder: string, cancelSignal: AbortSignal): Promise<void> {
  const removal = execa('rm', ['-rf', '--', folder], { reject: false, stdio: 'ignore', cancelSignal });
  if (removal.pid !== undefined) comeLast(removal.pid);
  const { failed } = await removal;
  if (failed && !cancelSignal.aborted) await clear(folder);
}

function comeLast(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It is over already.
  }
}
