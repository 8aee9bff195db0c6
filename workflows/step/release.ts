import { releaseIdOf } from '../contracts/pipeline-run.ts';
import type { Signal } from '../contracts/activities.ts';
import type { ReleaseInput } from '../contracts/release.ts';
import type { GateView } from '../contracts/run/state.ts';
import type { Release } from '../gates/capabilities.ts';
import { brief } from '../rules/outputs.ts';
import { sinceRelease } from '../rules/release.ts';
import { begin } from '../temporal/child.ts';
import { poll } from './polls.ts';
import { earlierReleaseWatched, releaseWatched, watchedBy } from '../words/release.ts';
import { releaseChild } from '../words/views/timers.ts';
import type { StepScope } from './scope.ts';

export const releaseFor = (scope: StepScope): Release => ({
  merged: () => scope.run.state.mergeCommit,
  watch: () => watch(scope),
  signals: (minutes) => signals(scope, minutes),
});

/** Starts the workflow that watches the release. It outlives the run. */
async function watch({ run, step }: StepScope): Promise<string> {
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
  return (await begin('releaseWatch', { workflowId, input: asked, summary: releaseChild() }))
    ? watchedBy({ workflowId })
    : earlierReleaseWatched({ workflowId });
}

/** The release's signals, as soon as one alerts or when the time is over. */
async function signals(scope: StepScope, minutes: number): Promise<Signal[]> {
  const { run, activities } = scope;
  const { change, mergeCommit = '', mergedAt = '' } = run.state;
  const until = new Date(Date.parse(mergedAt) + minutes * 60_000).toISOString();
  const view: GateView = {
    phase: 'watching',
    waitingOn: 'timer',
    detail: releaseWatched({ mergeCommit, until }),
    deadline: until,
  };
  const question = { change, mergeCommit, since: mergedAt, until };
  const read = await poll(scope, 'change', view, () => activities.releaseSettled(question));
  return sinceRelease(read.signals, mergedAt);
}
