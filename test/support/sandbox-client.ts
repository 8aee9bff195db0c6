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

const loadedDataConverter = { payloadCodecs: [], payloadConverter: defaultPayloadConverter };

/** A client whose server is the sandbox, with as much as `Runs` and our activities use. Records what was sent. */
export function clientOf(cluster: Cluster, sent: string[] = []): Client {
  const executionOf = (workflowId: string, runId?: string): Execution => {
    const last = cluster.executions.get(workflowId);
    const all = last ? [last, ...cluster.earlier.filter((each) => each.workflowId === workflowId)] : [];
    const execution = all.find((each) => runId === undefined || each.runId === runId);
    if (!execution) throw new WorkflowNotFoundError('no such workflow', workflowId, runId);
    return execution;
  };
  const handleOf = (workflowId: string, runId?: string) => ({
    workflowId,
    describe: async () => descriptionOf(executionOf(workflowId, runId)),
    result: async () => resultOf(executionOf(workflowId, runId)),
    query: async (of: unknown, argument?: unknown) => executionOf(workflowId, runId).query(nameOf(of), argument),
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
    options: { namespace: 'default', loadedDataConverter },
    workflowService: {
      async getWorkflowExecutionHistory({ execution: { workflowId, runId } }: { execution: Named }) {
        const payloads = [defaultPayloadConverter.toPayload(executionOf(workflowId, runId).input)];
        return { history: { events: [{ workflowExecutionStartedEventAttributes: { input: { payloads } } }] } };
      },
    },
    getHandle: handleOf,
    async start(type: string, { workflowId, args: [input] }: { workflowId: string; args: [unknown] }) {
      if (cluster.executions.get(workflowId)?.closed === undefined && cluster.executions.has(workflowId)) {
        throw new WorkflowExecutionAlreadyStartedError('already started', workflowId, type);
      }
      sent.push(`start ${workflowId} ${type}`);
      const execution = await cluster.start(type, workflowId, input);
      return { firstExecutionRunId: execution.runId };
    },
  };
  return { workflow, options: workflow.options, withDeadline: (_: number, call: () => unknown) => call() } as never;
}

interface Named {
  workflowId: string;
  runId?: string;
}

/** `Runs` connected to the sandbox. */
export function runsOf(cluster: Cluster): { runs: Runs; sent: string[] } {
  const sent: string[] = [];
  return { runs: new Runs(clientOf(cluster, sent), 'gatehouse'), sent };
}

function descriptionOf({ runId, workflowType: type, closed, attributes }: Execution) {
  const name = !closed ? 'RUNNING' : 'result' in closed ? 'COMPLETED' : 'cancelled' in closed ? 'CANCELLED' : 'FAILED';
  const searchAttributes = Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, [value]]));
  return { runId, type, status: { name }, searchAttributes };
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
