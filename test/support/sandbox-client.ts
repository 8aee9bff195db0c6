import {
  ApplicationFailure,
  CancelledFailure,
  type Client,
  defaultPayloadConverter,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { Runs } from '../../client/runs.ts';
import type { Cluster, Execution } from './sandbox.ts';

const nameOf = (of: unknown) => (typeof of === 'string' ? of : (of as { name: string }).name);

/** A client whose server is the sandbox: as much of it as `Runs` uses. What it was asked is written down. */
export function runsOf(cluster: Cluster): { runs: Runs; sent: string[] } {
  const inputs = new Map<string, unknown>();
  const sent: string[] = [];

  const executionOf = (workflowId: string): Execution => {
    const execution = cluster.executions.get(workflowId);
    if (!execution) throw new WorkflowNotFoundError('no such workflow', workflowId, undefined);
    return execution;
  };
  const handleOf = (workflowId: string) => ({
    client: { options: { loadedDataConverter: { payloadCodecs: [] } } },
    describe: async () => descriptionOf(executionOf(workflowId)),
    result: async () => resultOf(executionOf(workflowId)),
    query: async (of: unknown, argument?: unknown) => executionOf(workflowId).query(nameOf(of), argument),
    fetchHistory: async () => {
      const payloads = [defaultPayloadConverter.toPayload(inputs.get(executionOf(workflowId).runId))];
      return { events: [{ workflowExecutionStartedEventAttributes: { input: { payloads } } }] };
    },
    async executeUpdate(of: unknown, { args: [input] }: { args: [unknown] }) {
      sent.push(`update ${workflowId} ${nameOf(of)} ${JSON.stringify(input)}`);
      const { ok, refused } = await executionOf(workflowId).update(nameOf(of), input);
      if (!refused) return ok;
      if (refused.type === 'NotFound') throw new WorkflowNotFoundError(refused.because, workflowId, undefined);
      const failure = ApplicationFailure.nonRetryable(refused.because, refused.type, refused);
      throw new WorkflowUpdateFailedError(refused.because, failure);
    },
    async signal(of: unknown, input: unknown) {
      sent.push(`signal ${workflowId} ${nameOf(of)} ${JSON.stringify(input)}`);
      await executionOf(workflowId).signal(nameOf(of), input);
    },
  });
  const workflow = {
    getHandle: handleOf,
    async start(type: string, { workflowId, args: [input] }: { workflowId: string; args: [unknown] }) {
      if (cluster.executions.get(workflowId)?.closed === undefined && cluster.executions.has(workflowId)) {
        throw new WorkflowExecutionAlreadyStartedError('already started', workflowId, type);
      }
      sent.push(`start ${workflowId} ${type}`);
      const execution = await cluster.start(type, workflowId, input);
      inputs.set(execution.runId, input);
      return { firstExecutionRunId: execution.runId };
    },
  };
  const client = { workflow, withDeadline: (_: number, call: () => unknown) => call() };
  return { runs: new Runs(client as never as Client, 'gatehouse'), sent };
}

function descriptionOf({ runId, closed, attributes }: Execution) {
  const name = !closed ? 'RUNNING' : 'result' in closed ? 'COMPLETED' : 'cancelled' in closed ? 'CANCELLED' : 'FAILED';
  const searchAttributes = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, [value]]));
  return { runId, status: { name }, searchAttributes };
}

function resultOf({ closed }: Execution): unknown {
  if (!closed) throw new Error('It has not ended.');
  if ('result' in closed) return closed.result;
  const cause =
    'cancelled' in closed
      ? new CancelledFailure('cancelled')
      : ApplicationFailure.nonRetryable(closed.failure.message, closed.failure.type, closed.failure.details);
  throw new WorkflowFailedError('The workflow has failed.', cause, 'NON_RETRYABLE_FAILURE');
}
