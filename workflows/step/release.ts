import { releaseIdOf } from '../contracts/pipeline-run.ts';
import type { ReleaseInput } from '../contracts/release.ts';
import { brief } from '../rules/outputs.ts';
import { begin } from '../temporal/child.ts';
import type { StepScope } from './scope.ts';

/** Begins the workflow that watches what this run has released: it outlives the run, which is done. */
export async function watchRelease({ run, step }: StepScope): Promise<string> {
  const { input, change, policy, pipeline, mergeCommit, mergedAt } = run.state;
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
  return (await begin('releaseWatch', { workflowId, input: asked, summary: 'its release is watched' }))
    ? `Watched by ${workflowId}.`
    : `${workflowId} still watches an earlier release of this task: this one is not watched.`;
}
