import { defaultPayloadConverter } from '@temporalio/common';
import type { InjectedSinks, WorkerOptions } from '@temporalio/worker';
import {
  OpenTelemetryActivityInboundInterceptor,
  OpenTelemetryActivityOutboundInterceptor,
} from '@temporalio/interceptors-opentelemetry/lib/worker/index.js';
import { spanOf, TRACE_HEADER, type TracingSinks } from '../../workflows/contracts/run/tracing.ts';
import type { Tracing } from './tracing.ts';

/** What a worker needs so that runs are traced. */
export function tracedWorker(tracing: Tracing): Pick<WorkerOptions, 'interceptors' | 'sinks'> {
  const sinks: InjectedSinks<TracingSinks> = {
    tracing: { ended: { fn: (info, execution) => tracing.ended(info, execution), callDuringReplay: false } },
  };
  const activity: NonNullable<WorkerOptions['interceptors']>['activity'] = [
    ({ info }) => ({
      inbound: {
        execute: ({ headers, ...input }, next) =>
          next({ ...input, headers: { ...untraced(info.workflowExecution?.runId), ...headers } }),
      },
    }),
    (ctx) => ({
      inbound: new OpenTelemetryActivityInboundInterceptor(ctx, { tracer: tracing.tracer }),
      outbound: new OpenTelemetryActivityOutboundInterceptor(ctx),
    }),
  ];
  return { sinks, interceptors: { activity } };
}

/** The trace of a run that was started without one: its run id names it, so all its activities are together. */
function untraced(runId: string | undefined) {
  if (runId === undefined) return {};
  const traceparent = `00-${runId.replaceAll('-', '')}-${spanOf(runId)}-01`;
  return { [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent }) };
}
