import { CancellationScope, startChild } from '@temporalio/workflow';
import type { Task } from '../contracts/pipeline-run.ts';

/** A workflow that outlives its parent and is found by its task. */
interface Offspring {
  workflowId: string;
  input: { workspace: string; task: Pick<Task, 'id'> };
  summary: string;
}

/**
 * Starts it. Returns false if one with this id is running already. The start cannot be cancelled: what has started must be
 * known.
 */
export async function begin(
  type: 'environment' | 'releaseWatch',
  { workflowId, input, summary }: Offspring,
): Promise<boolean> {
  try {
    await CancellationScope.nonCancellable(() =>
      startChild(type, {
        workflowId,
        args: [input],
        parentClosePolicy: 'ABANDON',
        cancellationType: 'ABANDON',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `${input.task.id}: ${summary}`,
        typedSearchAttributes: [
          { key: { name: 'GatehouseWorkspace', type: 'KEYWORD' }, value: input.workspace },
          { key: { name: 'GatehouseTask', type: 'KEYWORD' }, value: input.task.id },
        ],
      }),
    );
    return true;
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw failure;
    return false;
  }
}
