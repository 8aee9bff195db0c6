import { CancellationScope, startChild } from '@temporalio/workflow';
import { releaseIdOf } from '../contracts/pipeline-run.ts';
import type { ReleaseInput } from '../contracts/release.ts';
import type { Desk } from './desk.ts';
import { brief } from './run.ts';

/** Begins the workflow that watches what this run has released: it outlives the run, which is done. */
export async function watchRelease({ live, step }: Desk): Promise<string> {
  const { input, change, policy, pipeline, mergeCommit, mergedAt } = live.state;
  const { workspace, task, startedBy } = input;
  const asked: ReleaseInput = {
    workspace,
    task: brief(task),
    change: { ...change },
    policy,
    pipeline: pipeline.name,
    options: { ...step.options },
    mergeCommit: mergeCommit!,
    mergedAt: mergedAt!,
    ...(startedBy && { startedBy }),
  };
  const workflowId = releaseIdOf(workspace, task.id);
  try {
    await CancellationScope.nonCancellable(() =>
      startChild('releaseWatch', {
        workflowId,
        args: [asked],
        parentClosePolicy: 'ABANDON',
        cancellationType: 'ABANDON',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        staticSummary: `${task.id}: its release is watched`,
        typedSearchAttributes: [
          { key: { name: 'GatehouseWorkspace', type: 'KEYWORD' }, value: workspace },
          { key: { name: 'GatehouseTask', type: 'KEYWORD' }, value: task.id },
        ],
      }),
    );
    return `Watched by ${workflowId}.`;
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw failure;
    return `${workflowId} still watches an earlier release of this task: this one is not watched.`;
  }
}
