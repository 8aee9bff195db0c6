import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { proxySinks, workflowInfo, type WorkflowInterceptorsFactory } from '@temporalio/workflow';
import { TRACE_HEADER, traceparentIn, type TracingSinks } from '../../contracts/run/tracing.ts';

/**
 * Passes the trace of whoever started a workflow on to its activities and children. The SDK's own interceptors would draw random
 * numbers and await in between, so a run that was begun without them could not be replayed with them. These only add a header,
 * and do nothing for a workflow that was started without a trace.
 */
export const interceptors: WorkflowInterceptorsFactory = () => {
  let started: Headers[string] | undefined;
  let own: Headers[string] | undefined;
  const passOn = <Input extends { headers: Headers }>(input: Input, header: Headers[string] | undefined): Input =>
    header === undefined ? input : { ...input, headers: { ...input.headers, [TRACE_HEADER]: header } };

  return {
    inbound: [
      {
        execute(input, next) {
          const parent = parentIn(input.headers);
          const traceparent = parent && traceparentIn(parent, workflowInfo().runId);
          if (!parent || !traceparent) return next(input);
          started = input.headers[TRACE_HEADER];
          own = defaultPayloadConverter.toPayload({ traceparent });
          const ended = next(input);
          void ended.then(reporting(parent, false), reporting(parent, true));
          return ended; // and not what follows it, which would be settled later
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(passOn(input, own)),
        scheduleLocalActivity: (input, next) => next(passOn(input, own)),
        startChildWorkflowExecution: (input, next) => next(passOn(input, own)),
        continueAsNew: (input, next) => next(passOn(input, started)),
      },
    ],
  };
};

const reporting = (parent: string, failed: boolean) => (): void => {
  const startedAt = workflowInfo().startTime.getTime();
  proxySinks<TracingSinks>().tracing.ended({ parent, startedAt, endedAt: Date.now(), failed });
};

/** The `traceparent` in the headers. A header that cannot be read is none of ours. */
function parentIn(headers: Headers): string | undefined {
  const header = headers[TRACE_HEADER];
  if (!header) return undefined;
  try {
    const { traceparent } = defaultPayloadConverter.fromPayload<{ traceparent?: unknown }>(header);
    return typeof traceparent === 'string' ? traceparent : undefined;
  } catch {
    return undefined;
  }
}
