import { ApplicationFailure, type Context } from '@temporalio/activity';
import { withoutPasswords } from '../../workflows/contracts/bad-fields.ts';
import { retryingSignal, type Retrying } from '../../workflows/contracts/run/retrying.ts';
import { legible } from '../../workflows/contracts/text/titles.ts';
import { forgeSilence, pauseOf } from '../failures.ts';

/** Failures are reported from the third in a row on, or once they have lasted this long, in milliseconds. */
const FAILURES = 3;
const LONG_MS = 60_000;
/** A failure that says that the forge gives no answer is reported at once, this many times per activity. */
const AT_ONCE_MOST = 20;
/**
 * Each report is an event in the run's history, so later reports come after this many failures, then ten times as many, …
 */
const MILESTONES = [10, 30];
/** A new reason is reported too, but at most at this interval, in milliseconds, and at most this many times. */
const ANEW_MS = 60_000;
const ANEW_MOST = 20;
/**
 * How long the server may take to accept a report, in milliseconds. A lost report does not matter: the next one says more.
 */
const REPORT_MS = 5_000;
const MESSAGE = 500;
/**
 * The retry intervals of a new activity. Without them, one that has polled for days would wait longest after its first
 * failure.
 */
const RETRY_MS = { first: 1_000, longest: 30_000 };

/** Failures in a row, kept in the heartbeat, because attempts may run on any worker. Times are milliseconds since 1970. */
export interface Series {
  failures: number;
  since: number;
  told?: { failures: number; at: number; message: string; anew: number };
}
interface Kept {
  retrying?: Series;
  /** How many series of this activity were reported and are over. */
  over?: number;
}

/**
 * Counts a failed attempt, and reports lasting failures to the run. Returns the error to throw instead, and the state for
 * the next attempt. An attempt that has no answer yet does not count as failed, and ends a series.
 */
export async function retried(
  context: Context,
  failure: unknown,
  reported: unknown,
): Promise<{ thrown: unknown; details?: unknown }> {
  const { info, cancellationSignal } = context;
  const last = (info.heartbeatDetails ?? {}) as Kept;
  const { retrying: before, over = last.over, ...progress } = (reported ?? last) as Kept & object;
  const series = before ?? last.retrying;
  const plain = { thrown: failure, ...(reported !== undefined && { details: reported }) };
  if (info.isLocal || cancellationSignal.aborted || isFinal(failure)) return plain;
  if (isWaiting(failure)) {
    if (!series) return plain;
    if (!series.told) return { thrown: failure, details: { ...progress, ...(over && { over }) } };
    await report(context, { ...about(series), failures: 0, message: '' });
    return { thrown: failure, details: { ...progress, over: (over ?? 0) + 1 } };
  }
  const message = messageOf(failure);
  const now = Date.now();
  const next: Series = {
    ...(series ?? { failures: 0, since: Math.min(info.currentAttemptScheduledTimestampMs, now) }),
  };
  next.failures += 1;
  const [silence, pause] = [forgeSilence(failure), pauseOf(failure)];
  const tells = isTold(next, message, now, silence === 'said' && (over ?? 0) < AT_ONCE_MOST);
  const said = {
    ...about(next),
    failures: next.failures,
    message,
    ...(silence && { forge: true }),
    ...(pause !== undefined && { nextLook: new Date(now + pause).toISOString() }),
  };
  if (tells && (await report(context, said))) {
    const anew = (next.told?.anew ?? 0) + (tells === 'anew' ? 1 : 0);
    next.told = { failures: next.failures, at: now, message, anew };
  }
  const thrown =
    pause === undefined
      ? soon(failure, next.failures, info.attempt)
      : ApplicationFailure.fromError(failure, { nextRetryDelay: pause });
  return { thrown, details: { ...progress, ...(over && { over }), retrying: next } };
}

/**
 * Whether this failure is reported. The first lasting failure is, or the very first one `atOnce`. Later ones are less and less
 * often, and a new reason from time to time.
 */
export function isTold(
  { failures, since, told: reported }: Series,
  message: string,
  now: number,
  atOnce = false,
): 'milestone' | 'anew' | undefined {
  if (!reported) return atOnce || failures >= FAILURES || now - since >= LONG_MS ? 'milestone' : undefined;
  if (milestone(failures) > milestone(reported.failures)) return 'milestone';
  const other = reported.anew < ANEW_MOST && now - reported.at >= ANEW_MS && words(message) !== words(reported.message);
  return other ? 'anew' : undefined;
}

/** The largest of 10, 30, 100, 300, … that was reached. */
function milestone(failures: number): number {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(failures)) - 1);
  return Math.max(0, ...[...MILESTONES, 100].map((each) => each * scale).filter((each) => each <= failures));
}

/** A message without numbers and commits, which differ between failures with the same reason. */
const words = (message: string): string => message.replace(/[0-9a-f]*\d[0-9a-f]*/gi, '#');

const about = ({ since }: Series) => ({ since: new Date(since).toISOString() });

const messageOf = (failure: unknown): string =>
  withoutPasswords(legible((failure as Error | undefined)?.message || String(failure))).slice(0, MESSAGE);

const isFinal = (failure: unknown): boolean => failure instanceof ApplicationFailure && failure.nonRetryable === true;
const isWaiting = (failure: unknown): boolean => failure instanceof ApplicationFailure && failure.type === 'NotYet';

/**
 * Reports to the activity's run, and returns whether the report was accepted. A lost report does not matter: the next one
 * says more.
 */
async function report(context: Context, said: Omit<Retrying, 'activity'>): Promise<boolean> {
  const { info } = context;
  const { workflowId, runId } = info.workflowExecution!;
  const retrying: Retrying = { activity: info.activityType, ...said };
  try {
    const { client } = context;
    const signal = () => client.workflow.getHandle(workflowId, runId).signal(retryingSignal, retrying);
    await client.withDeadline(Date.now() + REPORT_MS, signal);
    return true;
  } catch {
    return false;
  }
}

/** Makes a failure after long polling be retried as soon as one of a new activity. */
function soon(failure: unknown, failures: number, attempt: number): unknown {
  if (attempt <= failures || (failure instanceof ApplicationFailure && failure.nextRetryDelay)) return failure;
  const nextRetryDelay = Math.min(RETRY_MS.first * 2 ** Math.min(failures - 1, 20), RETRY_MS.longest);
  return ApplicationFailure.fromError(failure, { nextRetryDelay });
}
