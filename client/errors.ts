import type { BadField } from '../workflows/contracts/activities.ts';
import type { RefusalCode } from '../workflows/contracts/reading.ts';
import { typed } from './invocation.ts';

/** An error with a message for people and a code for programs. */
export abstract class ClientError extends Error {
  abstract readonly code: string;
}

/** An invalid input, found before anything was sent, or refused by the worker that examined it. */
export class InvalidInput extends ClientError {
  readonly code = 'invalid_input';
  constructor(readonly fields: BadField[]) {
    super(fields.map(({ path, expected }) => `${path}: ${expected}`).join('\n'));
  }
}

export class Unreachable extends ClientError {
  readonly code = 'unreachable';
}

export class NotFound extends ClientError {
  readonly code = 'not_found';
}

/** The task already has a live run. Each task has at most one. */
export class LiveRun extends ClientError {
  readonly code = 'live_run';
  constructor(readonly workflowId: string) {
    super(`${workflowId} is already live. Watch it, stop it, or wait for its end.`);
  }
}

/** The run has succeeded, so there is nothing to retry. */
export class NothingToRetry extends ClientError {
  readonly code = 'nothing_to_retry';
  constructor(workflowId: string) {
    super(`${workflowId} has succeeded. Start it again with --fresh, or choose a step with --from.`);
  }
}

/** The namespace does not know our search attributes. */
export class NotSetUp extends ClientError {
  readonly code = 'not_set_up';
  constructor() {
    super(`The namespace lacks search attributes of gatehouse. Add them with: ${typed('doctor --fix')}`);
  }
}

/** A backup, a restoration or a recovery that cannot be done as things are. */
export class NotPossible extends ClientError {
  readonly code = 'not_possible';
}

/** A refusal of an action by the run: why, and which actions are possible now. */
export class Refused extends ClientError {
  constructor(
    readonly code: RefusalCode,
    because: string,
    readonly details: { offers?: string[]; visit?: string; head?: string; takenBy?: unknown } = {},
  ) {
    super(because);
  }
}
