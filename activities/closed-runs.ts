import { Context } from '@temporalio/activity';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Activities } from '../workflows/contracts/activities.ts';
import type { ClosedReport, ClosedRun, FailureDetails } from '../workflows/contracts/run/closed-run.ts';
import { keptIn } from '../workflows/contracts/run/kept.ts';
import { actionsQuery, outputQuery, runQuery } from '../workflows/contracts/queries.ts';
import { SNAPSHOT_VERSION } from '../workflows/contracts/run/snapshot.ts';
import { failureOf, startInputOf } from './closed/record.ts';
import { isInvalidArgument } from './failures.ts';
import type { Ports, Texts } from './ports.ts';
import type { KeptRecord, Rows } from './rows/rows.ts';

/** How long one call to the server or query of a closed run may take, in milliseconds. */
const ASK_MS = 20_000;
/** After this many attempts, a run's own failure message is enough, because perhaps no worker can replay the run now. */
const ASKED_OFTEN = 10;
/**
 * The size limit of a closed run's record, in bytes of JSON, because it is one payload and becomes part of the new run's
 * state.
 */
const READ_BYTES = 500_000;
/** Smaller texts than this, in bytes, are not stored elsewhere. */
const SMALL = 2_000;

interface Question {
  client: Client;
  /** The run that continues. */
  again: { workflowId: string; runId: string };
  /** The execution that it continues from. */
  runId: string;
  texts: Pick<Texts, 'keep'>;
  rows?: Pick<Rows, 'record'> | undefined;
  attempt: number;
}

export const closedRunActivities = ({
  texts,
  rows,
}: Pick<Ports, 'texts' | 'rows'>): Pick<Activities, 'readClosed'> => ({
  async readClosed({ runId }) {
    const { client, info } = Context.current();
    const again = info.workflowExecution!;
    const report = await readClosed({ client, again, runId, texts, rows, attempt: info.attempt });
    return { ...report, ...(rows && { rows: true }) };
  },
});

/**
 * Reads what a closed run of the same task has settled, as that run itself reports it, or as its record says if the server
 * no longer knows the run. A retry that was refused or stopped at its very beginning has done nothing, so the run from which
 * it was to continue is read instead.
 */
export async function readClosed({ client, again, runId, texts, rows, attempt }: Question): Promise<ClosedReport> {
  const { workflowId } = again;
  const ask = <T>(question: () => Promise<T>) => client.withDeadline(Date.now() + ASK_MS, question);
  const { resume, ...input } = await ask(() => startInputOf(client.workflow, again));
  void resume;
  for (let of = runId; ;) {
    const handle = client.workflow.getHandle(workflowId, of);
    const status = await ask(() => statusOf(handle));
    const kept = await rows?.record(workflowId, of);
    const isGone = status.is === 'unfit' && status.found === UNKNOWN;
    if (status.is === 'unfit' && !(isGone && kept?.ended))
      return refused(`expected ${status.expected}, found ${status.found}: ${of}`);

    const began = isGone ? startOf(kept!) : await ask(() => startInputOf(client.workflow, { workflowId, runId: of }));
    const { resume: before, ...same } = began;
    const differing = differences(input, same);
    if (differing.length > 0)
      return refused(`expected a run with the same input: that of ${of} differs in ${differing.join(', ')}`);

    const report = isGone
      ? await keptReport(kept!, texts)
      : await reported(handle, (await ask(() => failureOf(handle))).details, {
          ask,
          often: attempt > ASKED_OFTEN,
          texts,
          kept: kept?.ended ? kept : undefined,
        });
    const next = (before as { of?: { runId: string } } | undefined)?.of?.runId;
    // A run that has examined the repository knows its base.
    if (report.is === 'refused' || report.run.base || next === undefined) return report;
    of = next;
  }
}

/** The start input of a run, as its record has it. */
const startOf = ({ input, of }: KeptRecord): Record<string, unknown> => ({
  ...input,
  ...(of !== undefined && { resume: { of: { runId: of } } }),
});

const NOTHING: ClosedRun = {
  version: SNAPSHOT_VERSION,
  settled: [],
  visits: {},
  foreign: [],
  actions: [],
  outputs: {},
  reviews: {},
};

const refused = (expected: string): ClosedReport => ({ is: 'refused', fields: [{ path: 'resume.of', expected }] });

type Fitness = { is: 'fit' } | { is: 'unfit'; expected: string; found: string };

/** Whether a run can continue from this execution, which must be closed and the last of its chain. */
async function statusOf(handle: WorkflowHandle): Promise<Fitness> {
  try {
    const { type, status } = await handle.describe();
    if (type !== 'pipelineRun') return { is: 'unfit', expected: 'a pipelineRun', found: `the workflow type ${type}` };
    if (status.name === 'RUNNING') return { is: 'unfit', expected: 'a run that is closed', found: 'one that is live' };
    if (status.name !== 'CONTINUED_AS_NEW') return { is: 'fit' };
    return { is: 'unfit', expected: 'the last execution of a run', found: 'one that continued as new' };
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowNotFoundError' && !isInvalidArgument(failure)) throw failure;
    return { is: 'unfit', expected: `an execution of ${handle.workflowId}`, found: UNKNOWN };
  }
}

const UNKNOWN = 'none that the server knows';

/** The fields in which the start inputs differ, two levels deep. A retry must have the same input, byte for byte. */
function differences(input: Record<string, unknown>, before: Record<string, unknown>): string[] {
  const names = (one: object, other: object) => [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return names(input, before)
    .filter((name) => canonical(input[name]) !== canonical(before[name]))
    .flatMap((name) => {
      const [one, other] = [input[name], before[name]];
      if (!isRecord(one) || !isRecord(other)) return [name];
      const within = names(one, other).filter((key) => canonical(one[key]) !== canonical(other[key]));
      return within.map((key) => `${name}.${key}`);
    })
    .map((path) => path.slice(0, 100))
    .slice(0, 10);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** JSON text that does not depend on the order of keys. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    isRecord(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
  ) ?? 'nothing';

interface Asking {
  ask: <T>(question: () => Promise<T>) => Promise<T>;
  often: boolean;
  texts: Pick<Texts, 'keep'>;
  /** The run's record, if it is complete. */
  kept: KeptRecord | undefined;
}

/** The facts in the run's failure, completed by its answers to queries. If it ended without a failure, only its answers. */
async function reported(
  handle: WorkflowHandle,
  details: Partial<FailureDetails>,
  { ask, often, texts, kept }: Asking,
): Promise<ClosedReport> {
  if (details.fields) return { is: 'read', run: NOTHING };
  const said = details.settled && details;
  const heard = await hear(handle, ask).catch((failure: unknown) => {
    if (!isInvalidArgument(failure) && !(often && (said ?? kept))) throw failure;
  });
  // No build here can replay it, or no worker answers.
  if (!heard && kept) return keptReport(kept, texts);
  const facts = said ?? heard?.facts;
  if (!facts) return refused('expected a run that can still be read, found one that no build here can replay');
  const { version, settled = [], visits = {}, foreign = [], head, base, began, branchResumed } = facts;
  if (version !== undefined && version > SNAPSHOT_VERSION)
    throw new Error(`A newer build closed ${handle.workflowId}: a worker of that build can read it.`);
  const run = { ...NOTHING, version, settled, visits, foreign, head, base, began, branchResumed, ...heard?.made };
  return { is: 'read', run: await within(READ_BYTES, run, texts) };
}

/** What the record of a run says. It is bounded like the answers of the run. */
async function keptReport({ closed }: KeptRecord, texts: Pick<Texts, 'keep'>): Promise<ClosedReport> {
  const { version } = closed;
  if (version !== undefined && version > SNAPSHOT_VERSION)
    throw new Error('A newer build closed the run: a worker of that build can read it.');
  return { is: 'read', run: await within(READ_BYTES, { ...NOTHING, ...closed }, texts) };
}

/** Queries a closed run. */
export async function hear(handle: WorkflowHandle, ask: Asking['ask']) {
  const { steps, version, visits, foreign, change, began } = await ask(() => handle.query(runQuery));
  const settled = steps.filter(({ state }) => state === 'done' || state === 'skipped');
  const { head, base = '' } = change;
  const facts: Partial<FailureDetails> = { version, settled, visits, foreign, head, began, base: base || undefined };
  const outputs: ClosedRun['outputs'] = {};
  for (const { step, id, state, review } of steps) {
    if (state !== 'done' && !review) continue;
    const made = await ask(() => handle.query(outputQuery, { step }));
    if (made) outputs[id] = { summary: made.summary, ...(made.output !== undefined && { output: made.output }) };
  }
  const open = steps.filter(({ state, review }) => review && state !== 'done');
  const reviews = Object.fromEntries(open.map(({ id, review }) => [id, review!]));
  return { facts, made: { outputs, reviews, actions: await ask(() => handle.query(actionsQuery)) } };
}

/**
 * Reduces a run's record to the size limit. Current builds never exceed it, but older runs may have a megabyte of outputs.
 * Outputs that do not fit are stored by hash, the largest first, as a run does. Then the oldest lines of the log are
 * dropped.
 */
async function within(most: number, run: ClosedRun, texts: Pick<Texts, 'keep'>): Promise<ClosedRun> {
  let left = bytesOf(run) - most;
  const outputs = { ...run.outputs };
  const bySize = Object.entries(outputs).sort(([, a], [, b]) => bytesOf(b.output) - bytesOf(a.output));
  for (const [id, { summary, output }] of bySize) {
    const bytes = bytesOf(output);
    if (left <= 0 || bytes <= SMALL || keptIn(output)) continue;
    outputs[id] = { summary, output: { kept: await texts.keep(JSON.stringify(output)), bytes } };
    left -= bytes;
  }
  const actions = [...run.actions];
  while (left > 0 && actions.length > 0) left -= bytesOf(actions.shift());
  return { ...run, outputs, actions };
}

const bytesOf = (value: unknown) => (value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)));
