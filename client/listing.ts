import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { ListedRow } from '../activities/adapters/state/reading.ts';
import type { Status } from '../workflows/contracts/reading.ts';

export const STATUSES = ['running', 'parked', 'paused', 'passed', 'failed', 'stopped'] as const satisfies Status[];

/** A run as lists show it, so that no worker is needed. */
export interface Listed {
  workflowId: string;
  runId: string;
  temporalStatus: string;
  status?: string | undefined;
  step?: string | undefined;
  phase?: string | undefined;
  waitingOn?: string | undefined;
  waitingSince?: string | undefined;
  startTime: string;
  /** Where this is from: the run's row in the database, or Temporal's visibility store. */
  source: 'row' | 'visibility';
}

export interface Wanted {
  waiting?: boolean;
  status?: Status | undefined;
}

/** The execution status of runs that the server has ended, by the status that we show for them. */
const ENDED_BY_SERVER: Partial<Record<Status, string>> = { stopped: 'Terminated', failed: 'TimedOut' };

/** The visibility query. It asks Temporal which runs are live, because a terminated run cannot update its own status. */
export function listQuery({ waiting = false, status }: Wanted): string {
  const live = waiting || status === 'running' || status === 'parked' || status === 'paused';
  return [
    // A release watch may wait for a person too.
    ...(waiting ? [] : [`WorkflowType = "pipelineRun"`]),
    ...(live ? [`ExecutionStatus = "Running"`] : []),
    ...(waiting ? [`GatehouseWaitingOn = "person"`] : []),
    ...(status ? [statusQuery(status)] : []),
  ].join(' AND ');
}

function statusQuery(status: Status): string {
  const own = `GatehouseStatus = "${status}"`;
  const byServer = ENDED_BY_SERVER[status];
  return byServer ? `(${own} OR ExecutionStatus = "${byServer}")` : own;
}

/** The status that we show for runs that the server has ended, by their execution status. */
const CUT_OFF: Partial<Record<string, Status>> = { TERMINATED: 'stopped', TIMED_OUT: 'failed' };

type Shown = Pick<WorkflowExecutionInfo, 'workflowId' | 'runId' | 'status' | 'startTime' | 'searchAttributes'>;

export function listedOf({ workflowId, runId, status, startTime, searchAttributes }: Shown): Listed {
  const text = (name: string) => searchAttributes[name]?.[0] as string | undefined;
  const since = searchAttributes['GatehouseWaitingSince']?.[0];
  // A run that the server has ended could not update its attributes, so they are outdated.
  const cutOff = CUT_OFF[status.name];
  return {
    workflowId,
    runId,
    temporalStatus: status.name,
    status: cutOff ?? text('GatehouseStatus'),
    step: text('GatehouseStep'),
    phase: text('GatehousePhase'),
    waitingOn: cutOff ? 'nothing' : text('GatehouseWaitingOn'),
    ...(since !== undefined && { waitingSince: new Date(since as string | Date).toISOString() }),
    startTime: startTime.toISOString(),
    source: 'visibility',
  };
}

/** The execution status of a run that has ended, where visibility no longer has it. */
const ENDED_AS: Partial<Record<string, string>> = { passed: 'COMPLETED', stopped: 'CANCELLED', failed: 'FAILED' };

export const listedOfRow = (row: ListedRow): Listed => ({
  workflowId: row.workflow_id,
  runId: row.run_id,
  temporalStatus: row.ended_at === null ? 'RUNNING' : (ENDED_AS[row.status] ?? 'COMPLETED'),
  status: row.status,
  step: row.step ?? undefined,
  phase: row.phase === null ? undefined : `${row.step}:${row.phase}`,
  waitingOn: row.waiting_on,
  waitingSince: new Date(row.waiting_since).toISOString(),
  startTime: new Date(row.started_at).toISOString(),
  source: 'row',
});

/**
 * One line per run: its row, unless visibility contradicts it. Visibility adds what has no row. It is right about whether a
 * run is live, and a later wait is newer, but otherwise it lags.
 */
export function combined(rows: readonly Listed[], seen: readonly Listed[]): Listed[] {
  const newest = new Map<string, Listed>();
  for (const each of seen) {
    const before = newest.get(each.workflowId);
    if (!before || each.startTime > before.startTime) newest.set(each.workflowId, each);
  }
  const known = new Set(rows.map(({ workflowId }) => workflowId));
  const shown = rows.map((row) => better(row, newest.get(row.workflowId)));
  return [...shown, ...seen.filter(({ workflowId }) => !known.has(workflowId))];
}

function better(row: Listed, seen: Listed | undefined): Listed {
  if (!seen || (seen.runId !== row.runId && seen.startTime < row.startTime)) return row;
  const isOther = seen.runId !== row.runId;
  // Visibility may still show an ended run as live, but never a live one as ended.
  const isOver = seen.temporalStatus !== 'RUNNING' && row.temporalStatus === 'RUNNING';
  const isLater = row.temporalStatus === 'RUNNING' && (seen.waitingSince ?? '') > (row.waitingSince ?? '');
  if (isOther || isOver || isLater) return seen;
  return seen.temporalStatus === 'RUNNING'
    ? row
    : { ...row, status: seen.status ?? row.status, temporalStatus: seen.temporalStatus };
}

export const newestFirst = (found: Listed[]): Listed[] =>
  [...found].sort((a, b) => b.startTime.localeCompare(a.startTime));

/** Sorts by the oldest wait. It is sorted here, because SQL visibility does not sort by custom attributes. */
export const oldestFirst = (found: Listed[]): Listed[] =>
  [...found].sort((a, b) => (a.waitingSince ?? '').localeCompare(b.waitingSince ?? ''));
