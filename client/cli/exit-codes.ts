import { ClientError } from '../errors.ts';

/** The exit codes of commands. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, unanswered: 4, parked: 5 } as const;

/** An error in the arguments or options of a command. */
export class Usage extends ClientError {
  readonly code = 'usage';
}
