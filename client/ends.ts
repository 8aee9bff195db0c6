import type { WorkflowExecutionDescription, WorkflowHandle } from '@temporalio/client';
import { failureOf } from '../activities/closed/record.ts';
import type { BadField } from '../workflows/contracts/activities.ts';
import type { RunAnswer } from '../workflows/contracts/reading.ts';
import type { Pending } from './pending.ts';

/** How a run ended, according to its closed execution. */
export type Ended =
  | { is: 'live' }
  | { is: 'done'; result: { outcome: string; mergeCommit?: string; head?: string } }
  | { is: 'lost'; status: string; type: string; message: string; hint?: string; detail?: string; fields: BadField[] };

/**
 * A run as people and programs read it. It has few fields if the run's input is unreadable, or if no worker answers.
 */
export interface Read {
  run: Partial<RunAnswer> & Pick<RunAnswer, 'workflowId' | 'status' | 'waitingOn'>;
  end: Ended;
  pending: Pending[];
  /** Set if the run could not answer, so that this is from its row in the database. */
  source?: 'row';
}

export async function endOf(handle: WorkflowHandle, { status, runId }: WorkflowExecutionDescription): Promise<Ended> {
  if (status.name === 'RUNNING') return { is: 'live' };
  if (status.name === 'COMPLETED') return { is: 'done', result: await handle.result() };
  const { type, message: said, details } = await failureOf(handle);
  const { hint, detail, fields = [] } = details;
  const byServer = status.name === 'TERMINATED' || status.name === 'TIMED_OUT';
  const message = byServer ? await endOnServer(handle, runId, status.name) : said;
  return { is: 'lost', status: status.name, type, message, ...(hint && { hint }), ...(detail && { detail }), fields };
}

/**
 * Corrects the answer of a run that the server ended, because such a run could not record its own end. Times are ISO 8601.
 */
export function asEnded(
  run: Partial<RunAnswer> & Pick<RunAnswer, 'workflowId'>,
  end: Ended,
  closedAt = new Date().toISOString(),
): Partial<RunAnswer> & Pick<RunAnswer, 'workflowId' | 'status' | 'waitingOn'> {
  const { status, waitingOn } = run;
  if (status && waitingOn && (end.is === 'live' || waitingOn.what === 'nothing')) return { ...run, status, waitingOn };
  const stopped = end.is === 'lost' && (end.status === 'TERMINATED' || end.status === 'CANCELLED');
  return {
    ...run,
    status: end.is === 'done' ? 'passed' : stopped ? 'stopped' : 'failed',
    current: null,
    waitingOn: { what: 'nothing', detail: endingOf(end), since: closedAt, offers: [] },
  };
}

const endingOf = (end: Ended): string =>
  end.is === 'lost' ? end.message : end.is === 'done' ? `The run has ended as ${end.result.outcome}.` : '';

/** Describes who ended a run from outside. */
async function endOnServer({ client, workflowId }: WorkflowHandle, runId: string, status: string): Promise<string> {
  if (status === 'TIMED_OUT') return 'The server ended it, because it exceeded its run timeout.';
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const { reason, identity } = history?.events?.[0]?.workflowExecutionTerminatedEventAttributes ?? {};
  return `It was terminated${identity ? ` by ${identity}` : ''}${reason ? `: ${reason}` : '.'}`;
}
