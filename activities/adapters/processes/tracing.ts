import { context, propagation } from '@opentelemetry/api';

/**
 * The variables by which a command joins the trace of the activity that starts it: `TRACEPARENT`, and `TRACESTATE` if there is one.
 * None if nothing is traced.
 */
export function traceVariables(): Record<string, string> {
  const { traceparent, tracestate }: Partial<Record<string, string>> = injected();
  return {
    ...(traceparent !== undefined && { TRACEPARENT: traceparent }),
    ...(tracestate && { TRACESTATE: tracestate }),
  };
}

function injected(): Record<string, string> {
  const carrier = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}
