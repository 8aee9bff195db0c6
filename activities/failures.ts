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

/** A refusal by the server itself (INVALID_ARGUMENT). Every attempt would be refused. */
export const isInvalidArgument = (error: unknown): boolean =>
  [error, (error as { cause?: unknown }).cause].some((each) => (each as { code?: unknown } | undefined)?.code === 3);
