import { GitFailed } from './door.ts';

/** How git puts it where the machine or our copy fails it: that may be another time. */
const TRANSIENT =
  /no space left|quota exceeded|out of memory|cannot allocate|too many open files|temporarily unavailable|cannot fork|unable to fork|input\/output error|read-only file system|permission denied|\.lock'|not a git repository|not a tree|bad object|unable to read|corrupt/i;

/** Whether git was able to do what it was asked and would not: asked again of the same commits, it says the same. */
export const isRefusal = (failure: unknown): failure is GitFailed =>
  failure instanceof GitFailed && failure.code !== undefined && !failure.timedOut && !TRANSIENT.test(failure.stderr);

/** There can be no checkout of a commit here, as where git refuses a name in it. The message has git's words. */
export class CheckoutRefused extends Error {
  override readonly name = 'CheckoutRefused';
}
