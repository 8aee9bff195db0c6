import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';

/** Whether the failure means that the workflow does not exist or has closed. */
export const isGone = (failure: unknown) => failure instanceof WorkflowNotFoundError;

/** gRPC status codes. */
const CANCELLED = 1;
export const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;

const UNATTENDED = /no poller|unable to perform workflow execution update/i;

/** The gRPC code of a failure, which the client may have wrapped in an error of its own. */
export function codeOf(failure: unknown): number | undefined {
  const cause = isGrpcServiceError(failure) ? failure : (failure as { cause?: unknown }).cause;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

/** Whether the server, or the worker for a query or an update, did not answer in time. */
export function isTimeout(failure: unknown): boolean {
  if ((failure as Error).name === 'WorkflowUpdateRPCTimeoutOrCancelledError') return true;
  const code = codeOf(failure);
  // The server answers at once if no worker has polled for minutes. It also aborts an update if the run's workflow task was
  // lost, for example because a worker died, or was not accepted, for example because the run continued as new just then.
  const unattended =
    code === FAILED_PRECONDITION && UNATTENDED.test(String((failure as { cause?: Error }).cause ?? failure));
  return unattended || [CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE].includes(code ?? -1);
}
