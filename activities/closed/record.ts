import type { Client, WorkflowFailedError, WorkflowHandle } from '@temporalio/client';
import type { FailureDetails } from '../../workflows/contracts/run/closed-run.ts';

/** What of a client is needed to read what is on record of a run. */
type Reader = Pick<Client['workflow'], 'workflowService' | 'options'>;

export interface Failure {
  type: string;
  message: string;
  details: Partial<FailureDetails>;
}

/** What an execution was started with, byte for byte; continue-as-new hands its first part on. */
export async function startInputOf(
  { workflowService, options: { namespace, loadedDataConverter } }: Reader,
  execution: { workflowId: string; runId?: string },
): Promise<Record<string, unknown>> {
  const { history } = await workflowService.getWorkflowExecutionHistory({
    namespace,
    execution,
    maximumPageSize: 1,
  });
  const sent = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.slice(0, 1) ?? [];
  const { payloadCodecs, payloadConverter } = loadedDataConverter;
  const [input] = (await payloadCodecs[0]?.decode(sent)) ?? sent;
  if (!input) throw new Error('The history does not say what the run was started with.');
  return payloadConverter.fromPayload(input);
}

/** Why a closed execution has failed, as it says itself, or as the server says it was ended. */
export async function failureOf(handle: WorkflowHandle): Promise<Failure> {
  try {
    await handle.result();
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowFailedError') throw failure; // nobody answered: that is not how the run ended
    const { message, cause } = failure as WorkflowFailedError;
    const { type, details } = (cause ?? {}) as { type?: string; details?: unknown[] };
    if (cause?.name !== 'ApplicationFailure')
      return { type: cause?.name ?? 'unexpected', message: cause?.message ?? message, details: {} };
    return { type: type ?? 'unexpected', message: cause.message, details: details?.[0] ?? {} };
  }
  return { type: 'none', message: 'It did not fail.', details: {} };
}
