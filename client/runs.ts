import { randomUUID } from 'node:crypto';
import {
  ApplicationFailure,
  type Client,
  type WorkflowExecutionDescription,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { startInputOf } from '../activities/closed/record.ts';
import { hintSignal, signalOf, updateOf, type ActionName } from '../workflows/contracts/messages.ts';
import { actionsQuery, outputQuery, runQuery, waitingOnQuery } from '../workflows/contracts/queries.ts';
import type { ActionEntry, OutputAnswer, RefusalCode, RunAnswer, WaitingOn } from '../workflows/contracts/reading.ts';
import type { Begun } from './beginning.ts';
import { NotFound, NotSetUp, Refused, Unreachable } from './errors.ts';
import { typed } from './invocation.ts';
import { listedOf, listQuery, oldestFirst, type Listed, type Wanted } from './listing.ts';
import { pendingOf, type Pending } from './pending.ts';
import type { Ground } from './starting.ts';
import { codeOf, INVALID_ARGUMENT, isGone, isTimeout } from './timeouts.ts';
import { asEnded, endOf, type Ended } from './ends.ts';

/** Deadlines, in milliseconds: for a call, for a list, and for a worker to answer an update. */
const CALL_MS = 10_000;
const LIST_MS = 30_000;
const UPDATE_MS = 5_000;

export type Acted =
  | { is: 'taken'; actionId: string; visit?: string | undefined }
  /** No worker answered. The action is queued on the server as a signal, until a worker handles it. */
  | { is: 'queued'; actionId: string };

/**
 * A run as people and programs read it. It has few fields if the run's input is unreadable, or if no worker answers.
 */
export interface Read {
  run: Partial<RunAnswer> & Pick<RunAnswer, 'workflowId' | 'status' | 'waitingOn'>;
  end: Ended;
  pending: Pending[];
}

/** Everything that can be done with runs from outside. The command line is one caller; HTTP will be another. */
export class Runs {
  constructor(
    private readonly temporal: Client,
    private readonly taskQueue: string,
  ) {}

  /**
   * Starts a run, and waits until a worker has examined the repository. If the task's last run failed or was stopped, it is
   * retried, unless `fresh` is set.
   */
  async start(wish: unknown, { fresh = false } = {}): Promise<Begun & { retried: boolean }> {
    const { start } = await import('./starting.ts');
    return start(this.ground, wish, { fresh });
  }

  /**
   * Continues a closed run from where it failed, or from an earlier step, and keeps the results of the steps before. The new
   * run gets the id of the old one, and its worker reads the results from there.
   */
  async retry(workflowId: string, from: { from?: number } = {}): Promise<Begun> {
    const { retry } = await import('./starting.ts');
    return retry(this.ground, workflowId, from);
  }

  /** Sends an action, and returns whether it was taken or queued. Throws `Refused`. An `actionId` may be sent again. */
  async act(workflowId: string, action: ActionName, said: Record<string, unknown> = {}): Promise<Acted> {
    const input = { ...said, actionId: (said['actionId'] as string | undefined) ?? randomUUID() };
    const handle = this.handle(workflowId);
    try {
      const answer = await this.within(UPDATE_MS, () => handle.executeUpdate(updateOf(action), { args: [input] }));
      return { is: 'taken', actionId: answer.actionId, visit: answer.visit };
    } catch (failure) {
      const refusal = failure instanceof WorkflowUpdateFailedError ? failure.cause : undefined;
      if (refusal instanceof ApplicationFailure && refusal.type === 'ActionRefused') {
        const { code, ...details } = (refusal.details?.[0] ?? {}) as { code: RefusalCode };
        throw new Refused(code, refusal.message, details);
      }
      if (isGone(failure)) throw await this.closedOrMissing(workflowId);
      if (!isTimeout(failure)) throw failure;
    }
    try {
      await this.within(CALL_MS, () => handle.signal(signalOf(action), input));
    } catch (failure) {
      if (isGone(failure)) throw await this.closedOrMissing(workflowId);
      throw isTimeout(failure) ? new Unreachable('The Temporal server does not answer.') : failure;
    }
    return { is: 'queued', actionId: input.actionId };
  }

  async hint(workflowId: string, about: string): Promise<void> {
    await this.within(CALL_MS, () => this.handle(workflowId).signal(hintSignal, { about }));
  }

  run = (workflowId: string): Promise<RunAnswer> => this.ask(workflowId, () => this.handle(workflowId).query(runQuery));
  waitingOn = (workflowId: string): Promise<WaitingOn> =>
    this.ask(workflowId, () => this.handle(workflowId).query(waitingOnQuery));
  actions = (workflowId: string): Promise<ActionEntry[]> =>
    this.ask(workflowId, () => this.handle(workflowId).query(actionsQuery));
  output = (workflowId: string, step: number): Promise<OutputAnswer | null> =>
    this.ask(workflowId, () => this.handle(workflowId).query(outputQuery, { step }));

  /** Everything known about a run: its own answer, how it ended, and the state of its activities on the server. */
  async read(workflowId: string): Promise<Read> {
    const { loadedDataConverter } = this.temporal.options;
    // The order matters: a run that ends in between is reported as ended.
    const said = await this.run(workflowId).catch((failure: unknown) => failure as Error);
    const description = await this.describe(workflowId);
    const end = await this.ask(workflowId, () => endOf(this.handle(workflowId, description.runId), description));
    // An ended run can be reported without the run's own answer.
    if (said instanceof Error && (end.is === 'live' || !(said instanceof Unreachable))) throw said;
    const run = said instanceof Error ? {} : said;
    const closedAt = description.closeTime?.toISOString();
    return {
      run: asEnded({ ...run, workflowId }, end, closedAt),
      end,
      pending: end.is === 'live' ? await pendingOf(description, loadedDataConverter.payloadCodecs) : [],
    };
  }

  /** How the run's newest execution ended, or that it is live. Undefined if the run does not exist. */
  async ended(workflowId: string): Promise<Ended | undefined> {
    try {
      const description = await this.describe(workflowId);
      return await this.ask(workflowId, () => endOf(this.handle(workflowId, description.runId), description));
    } catch (failure) {
      if (failure instanceof NotFound) return undefined;
      throw failure;
    }
  }

  /** Lists runs, newest first. */
  async list(wanted: Wanted = {}): Promise<Listed[]> {
    const found: Listed[] = [];
    try {
      await this.within(LIST_MS, async () => {
        for await (const each of this.temporal.workflow.list({ query: listQuery(wanted) })) found.push(listedOf(each));
      });
    } catch (failure) {
      if (isTimeout(failure)) throw new Unreachable('The Temporal server does not answer.');
      if (codeOf(failure) === INVALID_ARGUMENT) throw new NotSetUp();
      throw failure;
    }
    return found;
  }

  /** Lists the runs and release watches that wait for a person, oldest first. */
  inbox = async (): Promise<Listed[]> => oldestFirst(await this.list({ waiting: true }));

  history = (workflowId: string) => this.ask(workflowId, () => this.handle(workflowId).fetchHistory());

  describe(workflowId: string): Promise<WorkflowExecutionDescription> {
    return this.ask(workflowId, () => this.handle(workflowId).describe());
  }

  /** The dependencies of `starting.ts`, which is loaded only when needed, because it loads the schemas of all gates. */
  private get ground(): Ground {
    const { temporal, taskQueue } = this;
    return {
      temporal,
      taskQueue,
      ended: (workflowId) => this.ended(workflowId),
      describe: (workflowId) => this.describe(workflowId),
      inputOf: (execution) => this.ask(execution.workflowId, () => startInputOf(this.temporal.workflow, execution)),
    };
  }

  private handle = (workflowId: string, runId?: string) => this.temporal.workflow.getHandle(workflowId, runId);

  private async ask<T>(workflowId: string, question: () => Promise<T>): Promise<T> {
    try {
      return await this.within(CALL_MS, question);
    } catch (failure) {
      if (isGone(failure)) throw new NotFound(`${workflowId}: there is no such run.`);
      if (isTimeout(failure)) {
        throw new Unreachable(`No worker answered for ${workflowId}. Is one running? Try: ${typed('doctor')}`);
      }
      throw failure;
    }
  }

  private async closedOrMissing(workflowId: string): Promise<Error> {
    const { status } = await this.describe(workflowId);
    return new Refused('closed', `${workflowId} has ended (${status.name}).`, { offers: [] });
  }

  private within<T>(milliseconds: number, call: () => Promise<T>): Promise<T> {
    return this.temporal.withDeadline(Date.now() + milliseconds, call);
  }
}
