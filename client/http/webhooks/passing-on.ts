import type { State } from '../../../activities/adapters/state/state.ts';
import type { Runs } from '../../runs.ts';
import { NotFound } from '../../errors.ts';
import { isGone } from '../../timeouts.ts';
import { Deliveries, type Delivery } from './deliveries.ts';
import { Hints } from './hints.ts';
import { runsNamedBy } from './matching.ts';

/** How often deliveries that could not be passed on are tried again, in milliseconds. */
const AGAIN_MS = 2_000;
/** The door that accepted a delivery passes it on at once. After this time any door does, in milliseconds. */
const LEFT_MS = 10_000;

export interface PassingOnParts {
  state: State;
  runs: Pick<Runs, 'hint'>;
  log: (fields: object, message: string) => void;
}

/** Passes accepted webhooks on: hints to the runs that they name, and comments to the workers. */
export class PassingOn {
  readonly deliveries: Deliveries;
  private readonly hints: Hints;
  private readonly clock: NodeJS.Timeout;
  private working: Promise<void> = Promise.resolve();
  private failing = false;

  constructor(
    private readonly parts: PassingOnParts,
    againMs = AGAIN_MS,
  ) {
    this.deliveries = new Deliveries(parts.state);
    // A run that has ended needs no hint.
    const send = (workflowId: string, about: string) =>
      parts.runs.hint(workflowId, about).catch((failure: unknown) => {
        if (!(failure instanceof NotFound) && !isGone(failure)) throw failure;
      });
    this.hints = new Hints(send, (workflowId, failure) =>
      parts.log({ workflowId, because: failure.message }, 'a hint could not be sent'),
    );
    this.clock = setInterval(() => void this.retry(), againMs);
    this.clock.unref();
  }

  /** Passes a delivery on. If that fails, it is tried again until it succeeds. Never throws. */
  async take(delivery: Delivery): Promise<void> {
    try {
      await this.pass(delivery);
    } catch (failure) {
      this.fails(failure as Error);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.clock);
    await this.working;
    await this.hints.close();
  }

  private retry(): Promise<void> {
    this.working = this.working.then(() => this.passLeft());
    return this.working;
  }

  /** Stops at the first failure, because whatever is down concerns the others too. */
  private async passLeft(): Promise<void> {
    const age = this.failing ? 0 : LEFT_MS;
    try {
      for (const delivery of await this.deliveries.waiting(Date.now() - age)) await this.pass(delivery);
      this.failing = false;
    } catch (failure) {
      this.fails(failure as Error);
    }
  }

  private fails({ message }: Error): void {
    if (!this.failing) this.parts.log({ because: message }, 'a webhook cannot be passed on now, and is kept');
    this.failing = true;
  }

  private async pass(delivery: Delivery): Promise<void> {
    const { named } = delivery;
    for (const { workflowId, repository } of await runsNamedBy(this.parts.state, named)) {
      if (named.about) await this.hints.give(workflowId, named.about);
      if (named.comment?.number !== undefined) await this.notice(repository, named.comment);
    }
    await this.deliveries.handled(delivery);
  }

  /** A worker fetches the comment from the forge, and acts on what the forge says. */
  private async notice(repository: string, comment: { id: number; number: number; body: string }): Promise<void> {
    const { state } = this.parts;
    const now = Date.now();
    const row = {
      repository,
      id: comment.id,
      number: comment.number,
      body: state.cipher.encrypt(comment.body),
      noticed_at: now,
      due_at: now,
    };
    await state.query((db) =>
      db
        .insertInto('comments')
        .values(row)
        .onConflict((conflict) => conflict.columns(['repository', 'id']).doNothing())
        .execute(),
    );
  }
}
