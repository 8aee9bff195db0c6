import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Status } from '../workflows/contracts/reading.ts';

export const STATUSES = ['running', 'parked', 'paused', 'passed', 'failed', 'stopped'] as const satisfies Status[];

/** A run as visibility knows it: no worker is asked. */
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

/** Visibility's word for what the server itself ends, by the status as which we count it. */
const ENDED_BY_SERVER: Partial<Record<Status, string>> = { stopped: 'Terminated', failed: 'TimedOut' };

/** What visibility is asked. A run that was terminated could not say so: what is live is Temporal's to know. */
export function listQuery({ waiting = false, status }: Wanted): string {
  const live = waiting || status === 'running' || status === 'parked' || status === 'paused';
  return [
    // What waits for a person may be a release watch as well.
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

/** How a run counts that was ended by the server, by Temporal's word for it. */
const CUT_OFF: Partial<Record<string, Status>> = { TERMINATED: 'stopped', TIMED_OUT: 'failed' };

export function listedOf({ workflowId, runId, status, startTime, searchAttributes }: WorkflowExecutionInfo): Listed {
  const text = (name: string) => searchAttributes[name]?.[0] as string | undefined;
  const since = searchAttributes['GatehouseWaitingSince']?.[0];
  // A run that the server has ended could not say so: what it showed last is no longer true.
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

/** Oldest wait first: ordered here, since SQL visibility does not sort by custom attributes. */
export const oldestFirst = (found: Listed[]): Listed[] =>
  [...found].sort((a, b) => (a.waitingSince ?? '').localeCompare(b.waitingSince ?? ''));
