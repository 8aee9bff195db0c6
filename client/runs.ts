import { randomUUID } from 'node:crypto';
import {
  ApplicationFailure,
  type Client,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { startInputOf } from '../activities/closed/record.ts';
import { hintSignal, signalOf, updateOf, type ActionName } from '../workflows/contracts/messages.ts';
import { actionsQuery, outputQuery, runQuery, waitingOnQuery } from '../workflows/contracts/queries.ts';
import type { ActionEntry, OutputAnswer, RefusalCode, RunAnswer, WaitingOn } from '../workflows/contracts/reading.ts';
import type { Begun } from './beginning.ts';
import { NotFound, Refused, Unreachable } from './errors.ts';
import { typed } from './invocation.ts';
import { answerOf, keptRun, outputOf, readOfRow, type KeptRun } from './kept-runs.ts';
import { Lists } from './lists.ts';
import type { Listed, Wanted } from './listing.ts';
import type { Diff, LogPart, LogWanted, Peeking } from './peeking/peeking.ts';
import { pendingOf } from './pending.ts';
import type { ClientRows } from './rows.ts';
import type { Ground } from './starting.ts';
import { isGone, isTimeout } from './timeouts.ts';
import { asEnded, endOf, type Ended, type Read } from './ends.ts';

/** Deadlines, in milliseconds: for a call, and for a worker to answer an update. */
const CALL_MS = 10_000;
const UPDATE_MS = 5_000;

export type Acted =
  | { is: 'taken'; actionId: string; visit?: string | undefined }
  /** No worker answered. The action is queued on the server as a signal, until a worker handles it. */
  | { is: 'queued'; actionId: string };

export type { Read } from './ends.ts';

/** Everything that can be done with runs from outside. The command line is one caller; HTTP will be another. */
export class Runs {
  private peeks: Peeking | undefined;

  constructor(
    private readonly temporal: Client,
    private readonly taskQueue: string,
    /** What the database has of runs, if it can be read. */
    private readonly rows?: ClientRows,
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
  async retry(workflowId: string, from: { from?: number | undefined } = {}): Promise<Begun> {
    const { retry } = await import('./starting.ts');
    return retry(this.ground, workflowId, from);
  }

  /** Sends an action, and returns whether it was taken or queued. Throws `Refused`. An `actionId` may be sent again. */
  async act(workflowId: string, action: ActionName, { via, ...said }: Record<string, unknown> = {}): Promise<Acted> {
    const input = { ...said, actionId: (said['actionId'] as string | undefined) ?? randomUUID() };
    const handle = this.handle(workflowId);
    try {
      const answer = await this.update(handle, action, { ...input, ...(via !== undefined && { via }) }).catch(
        // The run's build may be older than ways in.
        (failure: unknown) => (isAboutVia(failure) ? this.update(handle, action, input) : Promise.reject(failure)),
      );
      return { is: 'taken', actionId: answer.actionId, visit: answer.visit };
    } catch (failure) {
      const refusal = refusalIn(failure);
      if (refusal) {
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

  private update = (handle: WorkflowHandle, action: ActionName, input: object) =>
    this.within(UPDATE_MS, () => handle.executeUpdate(updateOf(action), { args: [input] }));

  async hint(workflowId: string, about: string): Promise<void> {
    await this.within(CALL_MS, () => this.handle(workflowId).signal(hintSignal, { about }));
  }

  run = (workflowId: string): Promise<RunAnswer> => this.ask(workflowId, () => this.handle(workflowId).query(runQuery));
  waitingOn = (workflowId: string): Promise<WaitingOn> =>
    this.ask(workflowId, () => this.handle(workflowId).query(waitingOnQuery));
  /** The log of a run, or of all runs of its id as the database has them, if the run cannot answer. */
  async actions(workflowId: string): Promise<ActionEntry[]> {
    try {
      return await this.ask(workflowId, () => this.handle(workflowId).query(actionsQuery));
    } catch (failure) {
      if (!(failure instanceof NotFound || failure instanceof Unreachable)) throw failure;
      const kept = await this.kept(workflowId);
      const entries = kept && (await this.rows?.ask((rows) => rows.actions(workflowId)));
      if (!entries) throw failure;
      return entries;
    }
  }
  /** What a step has made, from the run’s record in the database if the run cannot answer. */
  async output(workflowId: string, step: number): Promise<OutputAnswer | null> {
    try {
      return await this.ask(workflowId, () => this.handle(workflowId).query(outputQuery, { step }));
    } catch (failure) {
      if (!(failure instanceof NotFound || failure instanceof Unreachable)) throw failure;
      const record = (await this.kept(workflowId))?.record;
      if (!record) throw failure;
      return outputOf(record, step);
    }
  }

  /** What a run's change is, against its base. Throws `NotFound` and `Unreachable`. */
  async diff(workflowId: string): Promise<Diff> {
    const { run } = await this.read(workflowId);
    return (await this.peeking()).diff({ ...run, workflowId });
  }

  /** A part of the log of one of a run's jobs. Throws `NotFound` and `Unreachable`. */
  async log(workflowId: string, wanted: LogWanted = {}): Promise<LogPart> {
    const { run } = await this.read(workflowId);
    return (await this.peeking()).log({ ...run, workflowId }, wanted);
  }

  private async peeking(): Promise<Peeking> {
    const { Peeking: Opened } = await import('./peeking/peeking.ts');
    return (this.peeks ??= new Opened(this.temporal, this.taskQueue, this.rows));
  }

  /** Everything known about a run: its own answer, how it ended, and the state of its activities on the server. */
  async read(workflowId: string): Promise<Read> {
    const { loadedDataConverter } = this.temporal.options;
    // The order matters: a run that ends in between is reported as ended.
    const said = await this.run(workflowId).catch((failure: unknown) => failure as Error);
    const description = await this.describe(workflowId).catch((failure: unknown) => failure as Error);
    if (description instanceof Error) {
      const kept = description instanceof NotFound ? await this.kept(workflowId) : undefined;
      if (!kept) throw description;
      return readOfRow(kept);
    }
    const end = await this.ask(workflowId, () => endOf(this.handle(workflowId, description.runId), description));
    // An ended run can be reported without the run's own answer.
    if (said instanceof Error && (end.is === 'live' || !(said instanceof Unreachable))) throw said;
    const kept = said instanceof Error ? await this.kept(workflowId) : undefined;
    const isSame = kept?.row.runId === description.runId;
    const run = said instanceof Error ? (kept && isSame ? answerOf(kept) : {}) : said;
    const closedAt = description.closeTime?.toISOString();
    return {
      run: asEnded({ ...run, workflowId }, end, closedAt),
      end,
      pending: end.is === 'live' ? await pendingOf(description, loadedDataConverter.payloadCodecs) : [],
      ...(kept && isSame && { source: 'row' as const }),
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
  list = (wanted: Wanted = {}): Promise<Listed[]> => new Lists(this.temporal, this.rows).list(wanted);

  /** Lists the runs and release watches that wait for a person, oldest first. */
  inbox = (): Promise<Listed[]> => new Lists(this.temporal, this.rows).inbox();

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
      kept: (workflowId) => this.kept(workflowId),
      describe: (workflowId) => this.describe(workflowId),
      inputOf: (execution) => this.ask(execution.workflowId, () => startInputOf(this.temporal.workflow, execution)),
    };
  }

  /** What the database has of a run that cannot answer. Says that it is from there. */
  private async kept(workflowId: string): Promise<KeptRun | undefined> {
    const kept = await keptRun(this.rows, workflowId);
    if (kept) this.rows?.tell(`${workflowId} cannot answer any more. This is what the database has of it.`);
    return kept;
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

/** The run's own refusal of an action. */
function refusalIn(failure: unknown): ApplicationFailure | undefined {
  const { cause } = failure instanceof WorkflowUpdateFailedError ? failure : {};
  return cause instanceof ApplicationFailure && cause.type === 'ActionRefused' ? cause : undefined;
}

const isAboutVia = (failure: unknown): boolean => /(?:^|\n)via: /.test(refusalIn(failure)?.message ?? '');
