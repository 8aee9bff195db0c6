import { CancellationScope, startChild } from '@temporalio/workflow';
import type { Task } from '../contracts/pipeline-run.ts';

/** A workflow that outlives the one which begins it, and is found by its task. */
interface Offspring {
  workflowId: string;
  input: { workspace: string; task: Pick<Task, 'id'> };
  summary: string;
}

/**
 * Begins it, or answers that one with this id is there already. Not to be cancelled halfway: what has begun must be known.
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
