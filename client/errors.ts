import type { BadField } from '../workflows/contracts/activities.ts';
import type { RefusalCode } from '../workflows/contracts/reading.ts';
import { typed } from './invocation.ts';

/** What a person is told, and what it is called for programs. */
export abstract class ClientError extends Error {
  abstract readonly code: string;
}

/** Wrong before anything was sent or started, or refused by the worker's first look. */
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

/** The task has a run that is live, and there is one at a time. */
export class LiveRun extends ClientError {
  readonly code = 'live_run';
  constructor(readonly workflowId: string) {
    super(`${workflowId} is live already. Watch it, stop it, or wait for its end.`);
  }
}

/** The run has ended well: there is nothing left to go on with. */
export class NothingToRetry extends ClientError {
  readonly code = 'nothing_to_retry';
  constructor(workflowId: string) {
    super(`${workflowId} has ended well. Start it anew, or say from where with --from.`);
  }
}

/** The namespace does not know our search attributes. */
export class NotSetUp extends ClientError {
  readonly code = 'not_set_up';
  constructor() {
    super(`The namespace lacks search attributes of gatehouse. Add them with: ${typed('doctor --fix')}`);
  }
}

/** An action that the run's rules turn away: why, and what is possible now. */
export class Refused extends ClientError {
  constructor(
    readonly code: RefusalCode,
    because: string,
    readonly details: { offers?: string[]; visit?: string; head?: string; takenBy?: unknown } = {},
  ) {
    super(because);
  }
}
