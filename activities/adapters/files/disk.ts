import { open, rm } from 'node:fs/promises';

/** There is no room left to write to. Tried again later, like anything that the world cannot do now. */
export class DiskFull extends Error {
  override readonly name = 'DiskFull';
}

const CODES = ['ENOSPC', 'EDQUOT'];
/** As other programs put it, git among them. */
const WORDS = /no space left on device|disk quota exceeded/i;

/** Does work that writes at this place: where it fails for want of room, its failure says so. */
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

/** Makes a file that is not there yet (`EEXIST` when it is), whole: one that cannot be written is not left empty. */
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
