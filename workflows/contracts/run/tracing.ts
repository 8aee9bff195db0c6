import type { Sinks } from '@temporalio/workflow';

/** The execution of a workflow that belongs to a trace, once it has ended. Times are milliseconds since 1970. */
export interface EndedExecution {
  /** The `traceparent` with which it was started. */
  parent: string;
  startedAt: number;
  endedAt: number;
  failed: boolean;
}

/** How an execution tells its worker that it has ended. */
export interface TracingSinks extends Sinks {
  tracing: { ended(execution: EndedExecution): void };
}

/** The header in which the SDK's interceptors for OpenTelemetry pass a trace on. */
export const TRACE_HEADER = '_tracer-data';

/** The id of an execution's span: the end of its run id, so that whoever knows the run id knows the span. */
export const spanOf = (runId: string): string => runId.replaceAll('-', '').slice(-16);

/** What belongs to the execution, as `traceparent`. Undefined: the execution's own parent is none. */
export function traceparentIn(parent: string, runId: string): string | undefined {
  const [, trace, flags] = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(parent) ?? [];
  return trace && `00-${trace}-${spanOf(runId)}-${flags}`;
}
