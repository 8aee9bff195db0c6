import { GitFailed } from './door.ts';

/** Git's messages on a machine that has run out of disk space, memory, files or processes. */
const EXHAUSTED =
  /no space left|quota exceeded|out of memory|cannot allocate|too many open files|temporarily unavailable|cannot fork|unable to fork|input\/output error/i;
/** Git's messages about a copy of ours that it cannot use now. */
const UNREADABLE =
  /read-only file system|permission denied|\.lock'|not a git repository|not a tree|bad object|unable to read|corrupt/i;
/** The file system's error codes for an exhausted or failing machine. */
const MACHINE = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO', 'ESTALE', 'ETIMEDOUT', 'ENOSPC']);

/** Whether git or the file system could not answer, so that nothing is known about the commits. */
export function isUnanswered(failure: unknown): boolean {
  if (!(failure instanceof GitFailed)) return MACHINE.has((failure as NodeJS.ErrnoException).code ?? '');
  return failure.code === undefined || failure.timedOut || EXHAUSTED.test(failure.stderr);
}

/** Whether git refused. A retry with the same commits would be refused again. */
export const isRefusal = (failure: unknown): failure is GitFailed =>
  failure instanceof GitFailed && !isUnanswered(failure) && !UNREADABLE.test(failure.stderr);

/** A commit cannot be checked out here, for example because git refuses a file name in it. The message quotes git. */
export class CheckoutRefused extends Error {
  override readonly name = 'CheckoutRefused';
}

/** A rule of the other end refuses what we push: a protected branch, a hook, a file's size. A retry would be refused again. */
export class PushRefused extends Error {
  override readonly name = 'PushRefused';
  constructor(
    /** The other end's own words. */
    readonly words: string,
  ) {
    super(`The push was refused: ${words}`);
  }
}
