import { ClientError } from '../errors.ts';

/** How a command ends. */
export const EXIT = { done: 0, failed: 1, usage: 2, refused: 3, unanswered: 4, parked: 5 } as const;

/** A command that was called wrongly. */
export class Usage extends ClientError {
  readonly code = 'usage';
}
