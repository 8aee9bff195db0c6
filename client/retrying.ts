import {
  ApplicationFailure,
  defaultPayloadConverter,
  WorkflowFailedError,
  type WorkflowExecutionDescription,
  type WorkflowHandle,
} from '@temporalio/client';
import type { BadField } from '../workflows/contracts/activities.ts';
import { actionsQuery, runQuery } from '../workflows/contracts/messages.ts';
import type { StepEntry } from '../workflows/contracts/reading.ts';

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
}

export async function endOf(handle: WorkflowHandle, { status }: WorkflowExecutionDescription): Promise<Ended> {
  if (status.name === 'RUNNING') return { is: 'live' };
  if (status.name === 'COMPLETED') return { is: 'done', result: (await handle.result()) as never };
  const { type, message, details } = await failureOf(handle);
  const { hint, detail, fields = [] } = details;
  return { is: 'lost', status: status.name, type, message, ...(hint && { hint }), ...(detail && { detail }), fields };
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
  const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  if (!input) throw new Error('The history does not say what the run was started with.');
  return defaultPayloadConverter.fromPayload(input);
}

interface Resume {
  from: number;
  settled: StepEntry[];
  actions?: unknown;
  visits?: Record<string, number>;
  head?: string;
}

/** What a retry takes along: from the failure's details, or where there are none, from the closed run itself. */
export async function resumeOf(handle: WorkflowHandle, before: unknown): Promise<Resume> {
  const { details } = await failureOf(handle);
  const { visits: named } = (before ?? {}) as Resume;
  if (details.settled && details.fields === undefined) {
    const actions = await handle.query(actionsQuery).catch(() => undefined);
    return resumeFrom(details.settled, { ...named, ...details.visits }, details.head, actions);
  }
  // A retry that was refused at its first look has done nothing: what it was given is what there is.
  if (details.fields) return (before as Resume | undefined) ?? resumeFrom([], named, undefined, undefined);
  const run = await handle.query(runQuery);
  const settled = run.steps.filter(({ state }) => state === 'done' || state === 'skipped');
  return resumeFrom(settled, { ...named, ...run.visits }, run.change.head, await handle.query(actionsQuery));
}

function resumeFrom(
  settled: StepEntry[],
  visits: Record<string, number> | undefined,
  head: string | undefined,
  actions: unknown,
): Resume {
  const numbers = new Set(settled.map(({ step }) => step));
  let from = 1;
  while (numbers.has(from)) from += 1;
  return { from, settled, ...(actions ? { actions } : {}), ...(visits && { visits }), ...(head && { head }) };
}
