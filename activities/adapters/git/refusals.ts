import { GitFailed } from './door.ts';

/** Git's words when the machine has no room, memory, files or processes left. */
const EXHAUSTED =
  /no space left|quota exceeded|out of memory|cannot allocate|too many open files|temporarily unavailable|cannot fork|unable to fork|input\/output error/i;
/** Git's words when it cannot use our copy now. */
const UNREADABLE =
  /read-only file system|permission denied|\.lock'|not a git repository|not a tree|bad object|unable to read|corrupt/i;
/** The same of the file system. */
const MACHINE = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO', 'ESTALE', 'ETIMEDOUT', 'ENOSPC']);

/** Whether a question to git or the file system got no answer, so that nothing is known of what was asked about. */
export function isUnanswered(failure: unknown): boolean {
  if (!(failure instanceof GitFailed)) return MACHINE.has((failure as NodeJS.ErrnoException).code ?? '');
  return failure.code === undefined || failure.timedOut || EXHAUSTED.test(failure.stderr);
}

/** Whether git could do what it was asked and would not: asked again of the same commits, it answers the same. */
export const isRefusal = (failure: unknown): failure is GitFailed =>
  failure instanceof GitFailed && !isUnanswered(failure) && !UNREADABLE.test(failure.stderr);

/** There can be no checkout of a commit here, as where git refuses a name in it. The message has git's words. */
export class CheckoutRefused extends Error {
  override readonly name = 'CheckoutRefused';
}
