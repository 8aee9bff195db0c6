import { GitFailed } from './door.ts';

/** Git's words when the machine has no room, memory, files or processes left. */
const EXHAUSTED =
  /no space left|quota exceeded|out of memory|cannot allocate|too many open files|temporarily unavailable|cannot fork|unable to fork|input\/output error/;
const UNREADABLE =
  /read-only file system|permission denied|\.lock'|not a git repository|not a tree|bad object|unable to read|corrupt/;
/** Git's words when the machine or our copy fails it. A later call may succeed. */
const TRANSIENT = new RegExp(`${EXHAUSTED.source}|${UNREADABLE.source}`, 'i');
const MACHINE = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO', 'ESTALE', 'ETIMEDOUT', 'ENOSPC']);

/** Whether a question to git or the file system got no answer, so that nothing is known of what was asked about. */
export function isUnanswered(failure: unknown): boolean {
  if (!(failure instanceof GitFailed)) return MACHINE.has((failure as NodeJS.ErrnoException).code ?? '');
  return failure.code === undefined || failure.timedOut || new RegExp(EXHAUSTED, 'i').test(failure.stderr);
}

/** Whether git was able to do what it was asked and would not: asked again of the same commits, it says the same. */
export const isRefusal = (failure: unknown): failure is GitFailed =>
  failure instanceof GitFailed && failure.code !== undefined && !failure.timedOut && !TRANSIENT.test(failure.stderr);

/** There can be no checkout of a commit here, as where git refuses a name in it. The message has git's words. */
export class CheckoutRefused extends Error {
  override readonly name = 'CheckoutRefused';
}
