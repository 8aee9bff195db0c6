import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { constants, setPriority } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { clear } from './clearing.ts';
import { foldersOf } from './folders.ts';

const CLOSE_MS = 1_000;

/**
 * Moves folders out of the way at once, and removes them one at a time in the background. The next worker removes what is
 * left.
 */
export class Trash {
  private readonly folder;
  private removals: Promise<unknown> = Promise.resolve();
  private readonly closing = new AbortController();

  constructor(
    root: string,
    /** Removes a folder. The next worker tries again when that fails. */
    private readonly remove: (folder: string, signal: AbortSignal) => Promise<unknown> = removed,
  ) {
    this.folder = foldersOf(root).trash;
  }

  /** Moves a folder out of the way. Does nothing if the folder does not exist. */
  async take(folder: string): Promise<void> {
    const place = path.join(this.folder, randomUUID());
    await mkdir(this.folder, { recursive: true });
    try {
      await rename(folder, place);
    } catch (failure) {
      // A folder that cannot be moved, because it is closed or something is mounted on it, is removed in place.
      if ((failure as NodeJS.ErrnoException).code !== 'ENOENT') await clear(folder);
      return;
    }
    this.clearLater(place);
  }

  /** Removes what an earlier worker left. */
  async sweep(): Promise<void> {
    const left = await readdir(this.folder).catch((): string[] => []);
    for (const name of left) this.clearLater(path.join(this.folder, name));
  }

  /** Waits until everything taken so far is removed. */
  emptied = (): Promise<unknown> => this.removals;

  /** Waits briefly for removals, then leaves the rest to the next worker. */
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
 * Removes the folder in a separate process, because removing 50,000 files would block the worker's event loop for seconds.
 * Its priority is low, because checkouts are made at the same time.
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
    // It has ended already.
  }
}
