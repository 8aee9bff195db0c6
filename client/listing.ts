import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Status } from '../workflows/contracts/reading.ts';

export const STATUSES = ['running', 'parked', 'paused', 'passed', 'failed', 'stopped'] as const satisfies Status[];

/** A run as Temporal's visibility store knows it, so that no worker is needed. */
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

export function listedOf({ workflowId, runId, status, startTime, searchAttributes }: WorkflowExecutionInfo): Listed {
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
  };
}

/** Sorts by the oldest wait. It is sorted here, because SQL visibility does not sort by custom attributes. */
export const oldestFirst = (found: Listed[]): Listed[] =>
  [...found].sort((a, b) => (a.waitingSince ?? '').localeCompare(b.waitingSince ?? ''));
