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

/** What visibility is asked. A run that was terminated could not say so: what is live is Temporal's to know. */
export function listQuery({ waiting = false, status }: Wanted): string {
  const live = waiting || status === 'running' || status === 'parked' || status === 'paused';
  return [
    // What waits for a person may be a release watch as well.
    ...(waiting ? [] : [`WorkflowType = "pipelineRun"`]),
    ...(live ? [`ExecutionStatus = "Running"`] : []),
    ...(waiting ? [`GatehouseWaitingOn = "person"`] : []),
    ...(status ? [`GatehouseStatus = "${status}"`] : []),
  ].join(' AND ');
}

export function listedOf({ workflowId, runId, status, startTime, searchAttributes }: WorkflowExecutionInfo): Listed {
  const text = (name: string) => searchAttributes[name]?.[0] as string | undefined;
  const since = searchAttributes['GatehouseWaitingSince']?.[0];
  return {
    workflowId,
    runId,
    temporalStatus: status.name,
    status: text('GatehouseStatus'),
    step: text('GatehouseStep'),
    phase: text('GatehousePhase'),
    waitingOn: text('GatehouseWaitingOn'),
    ...(since !== undefined && { waitingSince: new Date(since as string | Date).toISOString() }),
    startTime: startTime.toISOString(),
  };
}

/** Oldest wait first: ordered here, since SQL visibility does not sort by custom attributes. */
export const oldestFirst = (found: Listed[]): Listed[] =>
  [...found].sort((a, b) => (a.waitingSince ?? '').localeCompare(b.waitingSince ?? ''));
