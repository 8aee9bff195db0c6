import { patched } from '@temporalio/workflow';
import type { StepRecord } from '../contracts/state.ts';
import { issuesOf } from '../rules/outputs.ts';
import type { Tracker } from '../step/scope.ts';
import type { LiveRun } from './live-run.ts';

/** Comments on the task's issues in the tracker. */
export class RunTracker implements Tracker {
  constructor(private readonly run: LiveRun) {}

  opened(step: StepRecord, pullRequest: number | undefined): void {
    const { state } = this.run;
    const { change } = state;
    if (pullRequest === undefined || change.pullRequest === pullRequest) return;
    state.change = { ...change, pullRequest };
    const text = `Pull request ${pullRequest} was opened: ${change.branch} into ${change.base}.`;
    this.comment(step, `opened-${pullRequest}`, text);
  }

  /**
   * Comments on the task's issues, once per `about`, and closes them if asked to. Only the end waits for it, for a short
   * time.
   */
  comment(step: StepRecord, about: string, text: string, resolve = false): void {
    if (!patched('issues-are-told')) return; // runs that began before there was a tracker
    const { state, activities, deliveries, notices } = this.run;
    const { workflowId, input, change } = state;
    const question = { workspace: input.workspace, repository: change.repository, issues: issuesOf(state) };
    deliveries.begin(
      () => activities(step.kind).tellIssues({ key: `${workflowId}/${about}`, ...question, text, resolve }),
      (because) => notices.notify(step, 'keeps_failing', `The task’s issues could not be told "${text}": ${because}`),
    );
  }
}
