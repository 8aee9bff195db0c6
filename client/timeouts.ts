import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';

/** Whether there is no such workflow. */
export const isGone = (failure: unknown) => failure instanceof WorkflowNotFoundError;

/** gRPC's codes for "nobody answered in time". */
const CANCELLED = 1;
export const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;

const UNATTENDED = /no poller|unable to perform workflow execution update/i;

/** The gRPC code of a failure, which the client wraps in errors of its own. */
export function codeOf(failure: unknown): number | undefined {
  const cause = isGrpcServiceError(failure) ? failure : (failure as { cause?: unknown }).cause;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}

/** Whether nobody answered in time: the server, or a worker that was to answer a query or an update. */
export function isTimeout(failure: unknown): boolean {
  if ((failure as Error).name === 'WorkflowUpdateRPCTimeoutOrCancelledError') return true;
  const code = codeOf(failure);
  // The server knows at once when no worker has polled for minutes. And it lets go of an update whose run's task was lost, as
  // by a worker that died with it, or was not taken, as of a run that went on as new in that moment.
  const unattended =
    code === FAILED_PRECONDITION && UNATTENDED.test(String((failure as { cause?: Error }).cause ?? failure));
  return unattended || [CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE].includes(code ?? -1);
}
