import { BadVariables } from '../../worker/configuration/variables.ts';
import { InvalidInput, LiveRun, NothingToRetry, Refused, ClientError, Unreachable } from '../errors.ts';

/** How a command ends. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, unanswered: 4, parked: 5 } as const;

/** What went wrong, as an exit code. Whatever has no code of its own has simply failed. */
export function exitCodeOf(failure: unknown): number {
  if (failure instanceof Refused) return failure.code === 'invalid' ? EXIT.usage : EXIT.refused;
  if (failure instanceof LiveRun || failure instanceof NothingToRetry) return EXIT.refused;
  if (failure instanceof InvalidInput || failure instanceof BadVariables || failure instanceof Usage) return EXIT.usage;
  if (failure instanceof Unreachable) return EXIT.unanswered;
  return EXIT.failed;
}

/** A command that was called wrongly. */
export class Usage extends ClientError {
  readonly code = 'usage';
}
