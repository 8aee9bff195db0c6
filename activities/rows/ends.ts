import type { Client, WorkflowHandle } from '@temporalio/client';
import { runQuery } from '../../workflows/contracts/queries.ts';
import type { ClosedRun } from '../../workflows/contracts/run/closed-run.ts';
import type { RowRecord } from '../../workflows/contracts/run/row.ts';
import { hear } from '../closed-runs.ts';
import { failureOf, startInputOf } from '../closed/record.ts';

/** How a closed run ended, and its record, if a worker can still answer for it. */
export interface Closed {
  outcome: string;
  reason?: string | undefined;
  mergeCommit?: string | undefined;
  record?: RowRecord | undefined;
}

/** How a closed execution ended, and what its own answers say, if any worker can replay it. */
export async function readEnd(client: Client, workflowId: string, runId: string): Promise<Closed> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const record = await recordOf(client, handle, { workflowId, runId }).catch(() => undefined);
  const { status } = await handle.describe();
  if (status.name === 'COMPLETED') {
    const { outcome = 'completed', mergeCommit } = ((await handle.result()) ?? {}) as Partial<Closed>;
    return { outcome, mergeCommit, record };
  }
  const { message } = await failureOf(handle);
  return { outcome: OUTCOMES[status.name] ?? 'failed', reason: REASONS[status.name] ?? message, record };
}

const OUTCOMES: Partial<Record<string, string>> = { CANCELLED: 'stopped', TERMINATED: 'stopped' };
const REASONS: Partial<Record<string, string>> = {
  TERMINATED: 'It was terminated.',
  TIMED_OUT: 'The server ended it, because it exceeded its run timeout.',
};

async function recordOf(
  client: Client,
  handle: WorkflowHandle,
  execution: { workflowId: string; runId: string },
): Promise<RowRecord> {
  const { resume, ...input } = await startInputOf(client.workflow, execution);
  const { steps, ...answer } = await handle.query(runQuery);
  void steps;
  const { facts, made } = await hear(handle, (question) => question());
  const { settled = [], visits = {}, foreign = [], ...others } = facts;
  const { head, base, began, branchResumed, version } = others;
  const closed: ClosedRun = { settled, visits, foreign, head, base, began, branchResumed, version, ...made };
  const of = (resume as { of?: { runId: string } } | undefined)?.of?.runId;
  return { input, of, answer, closed };
}
