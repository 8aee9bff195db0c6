import { open, rm } from 'node:fs/promises';

/** The disk is full. This is a transient failure. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull';
}

const CODES = ['ENOSPC', 'EDQUOT'];
/** The messages of git and other programs about a full disk. */
const WORDS = /no space left on device|disk quota exceeded|database or disk is full/i;

/** Runs work that writes to this place. Throws `DiskFull` if the disk is full. */
export async function roomFor<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    if (failure instanceof DiskFull || !isFull(failure)) throw failure;
    const because = (failure as Error).message.trim().split('\n').at(-1)!;
    throw new DiskFull(`The disk of ${place} is full: ${because}`, { cause: failure });
  }
}

const isFull = (failure: unknown): boolean =>
  failure instanceof Error &&
  (CODES.includes((failure as NodeJS.ErrnoException).code ?? '') || WORDS.test(failure.message));

/** Creates a file, or throws `EEXIST`. A file that cannot be written completely is removed again. */
export async function createFile(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(text);
  } catch (failure) {
    await rm(file, { force: true });
    throw failure;
  } finally {
    await handle.close();
  }
}
