import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { keptPart } from '../../activities/adapters/processes/kept-logs.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import type { DiffAnswer, LogAnswer, LogStream, PeekInput } from '../../workflows/contracts/run/peek.ts';
import { NotFound, Unreachable } from '../errors.ts';
import type { ClientRows } from '../rows.ts';
import { isTimeout } from '../timeouts.ts';

/** How long workers may take to answer, in milliseconds. */
const ANSWER_MS = { diff: 60_000, log: 15_000 };
/** For how long one answer serves everybody who asks the same, in milliseconds. */
const SHARED_MS = { diff: 10_000, log: 1_000 };

export interface Diff {
  /** In git's own format. */
  text: string;
  truncated: boolean;
}

/** Which log of a run is wanted. Without `step` it is that of the step that was at work last, without `attempt` its last. */
export interface LogWanted {
  step?: number | undefined;
  attempt?: number | undefined;
  stream?: LogStream | undefined;
  /** The first byte that is wanted. Default: 0. */
  offset?: number | undefined;
}

/** A part of a log. Offsets are bytes: `next` is where the following part begins. `ended`: nothing follows. */
export interface LogPart {
  step: number;
  attempt: number;
  text: string;
  offset: number;
  next: number;
  ended: boolean;
}

type Seen = Partial<RunAnswer> & { workflowId: string };

/** Asks workers for what no history keeps: the diff of a change, and the logs of jobs. Readers of the same share an answer. */
export class Peeking {
  private readonly shared = new Map<string, Promise<DiffAnswer | LogAnswer>>();

  constructor(
    private readonly temporal: Client,
    private readonly taskQueue: string,
    private readonly rows: ClientRows | undefined,
  ) {}

  /** What a run's change is, against its base. Throws `NotFound` if there are no commits yet, and `Unreachable`. */
  async diff({ workflowId, change, mergeCommit }: Seen & { mergeCommit?: string | undefined }): Promise<Diff> {
    if (!change?.branch || !change.base) throw new NotFound(`${workflowId}: there is no change yet.`);
    const { repository, base, branch, pullRequest, fork, head } = change;
    const about = {
      change: { repository, base, branch, ...(pullRequest !== undefined && { pullRequest }), ...(fork && { fork }) },
      ...(head !== undefined && { head }),
      ...(mergeCommit !== undefined && { mergeCommit }),
    };
    const found = await this.ask({ is: 'diff', about });
    if (found.is !== 'diff') throw new NotFound(`${workflowId}: there is no change yet.`);
    return { text: gunzipSync(Buffer.from(found.gzip, 'base64')).toString(), truncated: found.truncated };
  }

  /** A part of a job's log: live, or what is kept of it. Throws `NotFound` and `Unreachable`. */
  async log(run: Seen, wanted: LogWanted): Promise<LogPart> {
    const { stream = 'stdout', offset = 0 } = wanted;
    const { key, step, attempt } = jobOf(run, wanted);
    const found =
      (await this.kept(key, stream, offset)) ?? (await this.ask({ is: 'log', about: { key, stream, offset } }));
    if (found.is !== 'part')
      throw new NotFound(`${run.workflowId}: no log is kept of step ${step}, attempt ${attempt}.`);
    const text = Buffer.from(found.bytes, 'base64').toString();
    return { step, attempt, text, offset: found.offset, next: found.next, ended: found.ended };
  }

  /** What the database has of the log of a job that has ended, so that no worker need be there. */
  private async kept(key: string, stream: LogStream, offset: number): Promise<LogAnswer | undefined> {
    const row = await this.rows?.ask((rows) => rows.log(key, stream)).catch(() => undefined);
    return row && keptPart(row, row.text, offset);
  }

  private ask(question: PeekInput): Promise<DiffAnswer | LogAnswer> {
    const name = JSON.stringify(question);
    const known = this.shared.get(name);
    if (known) return known;
    const asked = this.answerTo(question);
    this.shared.set(name, asked);
    const forget = () => this.shared.delete(name);
    void asked.then(() => setTimeout(forget, SHARED_MS[question.is]).unref(), forget);
    return asked;
  }

  private async answerTo(question: PeekInput): Promise<DiffAnswer | LogAnswer> {
    const { temporal, taskQueue } = this;
    const ms = ANSWER_MS[question.is];
    try {
      return await temporal.withDeadline(Date.now() + ms + 5_000, async () => {
        const workflowId = `peek/${randomUUID()}`;
        const options = { workflowId, taskQueue, args: [question], workflowExecutionTimeout: ms };
        await temporal.workflow.start('peek', options);
        return (await temporal.workflow.getHandle(workflowId).result()) as DiffAnswer | LogAnswer;
      });
    } catch (failure) {
      if (failure instanceof WorkflowFailedError)
        throw new Unreachable(`No worker can show the ${question.is} now: ${becauseOf(failure)}`);
      throw isTimeout(failure) ? new Unreachable('The Temporal server does not answer.') : failure;
    }
  }
}

/** The innermost message of a failure. */
function becauseOf(failure: Error): string {
  const { cause } = failure;
  return cause instanceof Error ? becauseOf(cause) : failure.message;
}

/** The job whose log is wanted. Throws `NotFound`. */
function jobOf({ workflowId, steps = [] }: Seen, wanted: LogWanted): { key: string; step: number; attempt: number } {
  const tried = steps.filter(({ attempts }) => attempts.length > 0);
  const step = wanted.step === undefined ? tried.at(-1) : steps.find((each) => each.step === wanted.step);
  if (!step)
    throw new NotFound(`${workflowId}: there is no ${wanted.step === undefined ? 'job yet' : `step ${wanted.step}`}.`);
  const { attempts } = step;
  const job = wanted.attempt === undefined ? attempts.at(-1) : attempts.find(({ n }) => n === wanted.attempt);
  if (!job)
    throw new NotFound(
      `${workflowId}: step ${step.step} has ${wanted.attempt === undefined ? 'no job yet' : `no attempt ${wanted.attempt}`}.`,
    );
  return { key: job.key, step: step.step, attempt: job.n };
}
