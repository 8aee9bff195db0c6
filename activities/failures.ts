import { ApplicationFailure } from '@temporalio/activity';
import type { FailureType } from '../workflows/contracts/outcome.ts';

/**
 * A poll without an answer yet. Its message is what people read under Pending Activities. The retry is the next poll, after
 * this many milliseconds.
 */
export const notYet = (message: string, nextLookMs: number) =>
  ApplicationFailure.create({ message, type: 'NotYet', category: 'BENIGN', nextRetryDelay: nextLookMs });

/** A final refusal. It fails the step, as this type. */
export const final = (type: FailureType, message: string) => ApplicationFailure.nonRetryable(message, type);

/** The name of errors by which adapters report that something of the repository's owner is in the way. */
export const isBlockedByOwner = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'BlockedByOwner';

/** The port that could not be asked, as far as that is known. */
const silent = new WeakMap<object, string>();

/** Records which port a failure is of. Failures of adapters may say it themselves, as `port`. */
export function noteSilent(failure: unknown, port: string): void {
  if (typeof failure === 'object' && failure !== null) silent.set(failure, port);
}

/** Whether the forge gave no answer. `said`: the failure says so itself, so it is more than a passing hitch of this machine. */
export function forgeSilence(failure: unknown): 'said' | 'noted' | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  if ((failure as { port?: unknown }).port === 'forge') return 'said';
  const cause = forgeSilence((failure as { cause?: unknown }).cause);
  return cause ?? (silent.get(failure) === 'forge' ? 'noted' : undefined);
}

/** The longest pause that a failure may ask for, in milliseconds. */
const LONGEST_PAUSE_MS = 3_600_000;

/** When to try again, in milliseconds, if the failure says so. */
export function pauseOf(failure: unknown): number | undefined {
  if (typeof failure !== 'object' || failure === null) return undefined;
  const { retryAfterMs, cause } = failure as { retryAfterMs?: unknown; cause?: unknown };
  if (typeof retryAfterMs !== 'number' || !Number.isFinite(retryAfterMs)) return pauseOf(cause);
  return Math.min(Math.max(retryAfterMs, 1_000), LONGEST_PAUSE_MS);
}

/** A refusal by the server itself (INVALID_ARGUMENT). Every attempt would be refused. */
export const isInvalidArgument = (error: unknown): boolean =>
  [error, (error as { cause?: unknown }).cause].some((each) => (each as { code?: unknown } | undefined)?.code === 3);
