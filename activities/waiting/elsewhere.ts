import { ApplicationFailure } from '@temporalio/activity';
import { HELD_ELSEWHERE, type HeldBy } from '../../workflows/contracts/run/elsewhere.ts';

/**
 * Turns what adapters throw about things that other workers hold into failures that a run understands: it asks the other
 * worker itself, or the attempt is made again when that worker may be back.
 */
export const askingOthers = <Record extends object>(activities: Record): Record =>
  Object.fromEntries(
    Object.entries(activities).map(([name, work]: [string, (...question: unknown[]) => Promise<unknown>]) => [
      name,
      async (...question: unknown[]) => {
        try {
          return await work(...question);
        } catch (failure) {
          throw ofOthers(failure);
        }
      },
    ]),
  ) as Record;

/** The errors of adapters about other workers (`activities/adapters/processes/holders.ts`). */
interface Elsewhere extends Error, HeldBy {
  retryAfterMs: number;
}

function ofOthers(failure: unknown): unknown {
  if (!(failure instanceof Error)) return failure;
  const { name, message, runner, about, retryAfterMs } = failure as Elsewhere;
  if (name === HELD_ELSEWHERE) {
    const details = [{ runner, about } satisfies HeldBy];
    return ApplicationFailure.create({ type: name, message, details, nonRetryable: true, category: 'BENIGN' });
  }
  if (name !== 'HolderSilent') return failure;
  return ApplicationFailure.create({ type: name, message, nextRetryDelay: retryAfterMs });
}
