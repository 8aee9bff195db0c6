import { ApplicationFailure } from '@temporalio/activity';
import type { FailureType } from '../workflows/contracts/outcome.ts';

/**
 * A look that cannot tell yet. Its message is what people read under Pending Activities; the retry is the next look,
 * which comes after this many milliseconds.
 */
export const notYet = (message: string, nextLookMs: number) =>
  ApplicationFailure.create({ message, type: 'NotYet', category: 'BENIGN', nextRetryDelay: nextLookMs });

/** What the world refuses for good: it fails the step, as this type. */
export const final = (type: FailureType, message: string) => ApplicationFailure.nonRetryable(message, type);

/** Adapters name an error so when something of the repository's owner is in the way, which only its owner can move. */
export const isBlockedByOwner = (error: unknown): error is Error =>
  error instanceof Error && error.name === 'BlockedByOwner';

/** The server's own refusal (INVALID_ARGUMENT): what is asked so is refused at every attempt. */
export const isInvalidArgument = (error: unknown): boolean =>
  [error, (error as { cause?: unknown }).cause].some((each) => (each as { code?: unknown } | undefined)?.code === 3);
