import type { Client, WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import type { FailureDetails } from '../../workflows/contracts/run/closed-run.ts';

/** The part of a client that reads the record of a run. */
type Reader = Pick<Client['workflow'], 'workflowService' | 'options'>;

export interface Failure {
  type: string;
  message: string;
  details: Partial<FailureDetails>;
}

/** The start input of an execution, byte for byte. Continue-as-new passes its first part on. */
export const startInputOf = async (
  reader: Reader,
  execution: { workflowId: string; runId?: string },
): Promise<Record<string, unknown>> => (await startOf(reader, execution)).input;

/** With the time at which the execution started, in milliseconds since 1970. */
export async function startOf(
  { workflowService, options: { namespace, loadedDataConverter } }: Reader,
  execution: { workflowId: string; runId?: string },
): Promise<{ input: Record<string, unknown>; startedAt: number }> {
  const { history } = await workflowService.getWorkflowExecutionHistory({
    namespace,
    execution,
    maximumPageSize: 1,
  });
  const event = history?.events?.[0];
  const sent = event?.workflowExecutionStartedEventAttributes?.input?.payloads?.slice(0, 1) ?? [];
  const { payloadCodecs, payloadConverter } = loadedDataConverter;
  const [input] = (await payloadCodecs[0]?.decode(sent)) ?? sent;
  if (!input) throw new Error('The history does not contain the start input of the run.');
  const { seconds, nanos } = event?.eventTime ?? {};
  return {
    input: payloadConverter.fromPayload(input),
    startedAt: Number(seconds ?? 0) * 1_000 + Math.floor((nanos ?? 0) / 1_000_000),
  };
}

/** Why a closed execution failed, in its own words or the server's. */
export async function failureOf(handle: WorkflowHandle): Promise<Failure> {
  try {
    await handle.result();
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowFailedError') throw failure; // without an answer, nothing is known about the run
    const { message, cause } = failure as WorkflowFailedError;
    const { type, details } = (cause ?? {}) as { type?: string; details?: unknown[] };
    if (cause?.name !== 'ApplicationFailure')
      return { type: cause?.name ?? 'unexpected', message: cause?.message ?? message, details: {} };
    return { type: type ?? 'unexpected', message: cause.message, details: details?.[0] ?? {} };
  }
  return { type: 'none', message: 'It did not fail.', details: {} };
}
