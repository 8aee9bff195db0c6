import {
  ApplicationFailure,
  defaultPayloadConverter,
  WorkflowFailedError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import type { BadField, ForeignCommit } from '../workflows/contracts/activities.ts';
import { actionsQuery, outputQuery, runQuery } from '../workflows/contracts/messages.ts';
import type { OutputAnswer, ReviewEntry, RunAnswer, StepEntry } from '../workflows/contracts/reading.ts';

/** How a run ended, as its closed execution tells. */
export type Ended =
  | { is: 'live' }
  | { is: 'done'; result: { outcome: string; mergeCommit?: string; head?: string } }
  | { is: 'lost'; status: string; type: string; message: string; hint?: string; detail?: string; fields: BadField[] };

interface Details {
  message?: string;
  hint?: string;
  detail?: string;
  fields?: BadField[];
  settled?: StepEntry[];
  visits?: Record<string, number>;
  head?: string;
  foreign?: ForeignCommit[];
  branchResumed?: boolean;
  base?: string;
}

export async function endOf(handle: WorkflowHandle, { status, runId }: WorkflowExecutionDescription): Promise<Ended> {
  if (status.name === 'RUNNING') return { is: 'live' };
  if (status.name === 'COMPLETED') return { is: 'done', result: (await handle.result()) as never };
  const { type, message: said, details } = await failureOf(handle);
  const { hint, detail, fields = [] } = details;
  const byServer = status.name === 'TERMINATED' || status.name === 'TIMED_OUT';
  const message = byServer ? await serverSays(handle, runId, status.name) : said;
  return { is: 'lost', status: status.name, type, message, ...(hint && { hint }), ...(detail && { detail }), fields };
}

/** What a run that was ended by the server would say of itself, had its code run to its end. Times are ISO 8601. */
export function asEnded(
  run: Partial<RunAnswer> & Pick<RunAnswer, 'workflowId'>,
  end: Ended,
  closedAt = new Date().toISOString(),
): Partial<RunAnswer> & Pick<RunAnswer, 'workflowId' | 'status' | 'waitingOn'> {
  const known = run as RunAnswer;
  if (end.is === 'live' || known.waitingOn?.what === 'nothing') return known;
  const stopped = end.is === 'lost' && (end.status === 'TERMINATED' || end.status === 'CANCELLED');
  return {
    ...run,
    status: end.is === 'done' ? 'passed' : stopped ? 'stopped' : 'failed',
    current: null,
    waitingOn: {
      what: 'nothing',
      detail: end.is === 'lost' ? end.message : `The run has ended as ${end.result.outcome}.`,
      since: closedAt,
      offers: [],
    },
  };
}

/** Who ended it, where its own code could not say so. */
async function serverSays({ client, workflowId }: WorkflowHandle, runId: string, status: string): Promise<string> {
  if (status === 'TIMED_OUT') return 'The server ended it: it ran for longer than it may.';
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const { reason, identity } = history?.events?.[0]?.workflowExecutionTerminatedEventAttributes ?? {};
  return `It was terminated${identity ? ` by ${identity}` : ''}${reason ? `: ${reason}` : '.'}`;
}

async function failureOf(handle: WorkflowHandle): Promise<{ type: string; message: string; details: Details }> {
  try {
    await handle.result();
  } catch (failure) {
    if (!(failure instanceof WorkflowFailedError)) throw failure; // nobody answered: that is not how the run ended
    const { cause } = failure;
    if (cause instanceof ApplicationFailure) {
      return {
        type: cause.type ?? 'unexpected',
        message: cause.message,
        details: (cause.details?.[0] ?? {}) as Details,
      };
    }
    return { type: cause?.name ?? 'unexpected', message: cause?.message ?? failure.message, details: {} };
  }
  return { type: 'none', message: 'It did not fail.', details: {} };
}

/** What the closed execution was started with, byte for byte; continue-as-new hands its first part on. */
export async function startInputOf(handle: WorkflowHandle): Promise<Record<string, unknown>> {
  const { events } = await handle.fetchHistory();
  const sent = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.slice(0, 1) ?? [];
  const { payloadCodecs } = handle.client.options.loadedDataConverter;
  const [input] = (await payloadCodecs[0]?.decode(sent)) ?? sent;
  if (!input) throw new Error('The history does not say what the run was started with.');
  return defaultPayloadConverter.fromPayload(input);
}

interface Resume {
  from: number;
  settled: StepEntry[];
  /** What settled steps made, in full, and what people said in a review that is not settled: by the step's id. */
  outputs?: Record<string, Pick<OutputAnswer, 'summary' | 'output'>>;
  reviews?: Record<string, ReviewEntry>;
  actions?: unknown;
  visits?: Record<string, number>;
  head?: string;
  foreign?: ForeignCommit[];
  branchResumed?: boolean;
}

/** The branch that the closed run was to be merged into. One that was not named is not what is checked out by now. */
export async function baseOf(handle: WorkflowHandle): Promise<string | undefined> {
  const { details } = await failureOf(handle);
  if (details.base !== undefined || details.fields) return details.base;
  const run = await handle.query(runQuery).catch(() => undefined);
  return (run as Partial<RunAnswer> | undefined)?.change?.base || undefined;
}

/** What a retry takes along: from the failure's details, and from the closed run itself as far as it still answers. */
export async function resumeOf(handle: WorkflowHandle, before: unknown): Promise<Resume> {
  const { details } = await failureOf(handle);
  const { visits: named } = (before ?? {}) as Resume;
  // A retry that was refused at its first look has done nothing: what it was given is what there is.
  if (details.fields)
    return (before as Resume | undefined) ?? { from: 1, settled: [], ...(named && { visits: named }) };

  const known = details.settled && details;
  const run = await handle.query(runQuery).catch((failure: unknown) => {
    if (known) return undefined;
    throw failure;
  });
  const settled = known?.settled ?? run!.steps.filter(({ state }) => state === 'done' || state === 'skipped');
  const head = known?.head ?? run?.change.head;
  const foreign = known?.foreign ?? run?.foreign;
  const branchResumed = known?.branchResumed;
  return {
    from: firstMissing(settled),
    settled,
    visits: { ...named, ...(known?.visits ?? run?.visits) },
    ...(head && { head }),
    ...(foreign && { foreign }),
    ...(branchResumed !== undefined && { branchResumed }),
    ...(run && (await madeBy(handle, run))),
  };
}

/** What the closed run tells besides: its log, what its steps made, and reviews that are not settled. */
async function madeBy(handle: WorkflowHandle, { steps }: RunAnswer): Promise<Partial<Resume>> {
  const outputs: NonNullable<Resume['outputs']> = {};
  for (const { step, id, state, review } of steps) {
    if (state !== 'done' && !review) continue;
    const made = await handle.query(outputQuery, { step });
    if (made) outputs[id] = { summary: made.summary, ...(made.output !== undefined && { output: made.output }) };
  }
  const open = steps.filter(({ state, review }) => review && state !== 'done');
  const reviews = Object.fromEntries(open.map(({ id, review }) => [id, review!]));
  return { outputs, ...(open.length > 0 && { reviews }), actions: await handle.query(actionsQuery) };
}

function firstMissing(settled: StepEntry[]): number {
  const numbers = new Set(settled.map(({ step }) => step));
  let from = 1;
  while (numbers.has(from)) from += 1;
  return from;
}
