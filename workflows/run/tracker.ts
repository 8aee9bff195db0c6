import { patched } from '@temporalio/workflow';
import type { StepRecord } from '../contracts/run/state.ts';
import { issuesOf } from '../rules/outputs.ts';
import type { RunScope, Tracker } from '../step/scope.ts';
import { issuesNotCommented, pullRequestOpened } from '../words/tracker.ts';
import type { Deliveries } from './deliveries.ts';

/** What of a run is commented on, and how. */
type Tracked = Pick<RunScope, 'state' | 'notices' | 'activities'> & { readonly deliveries: Deliveries };

/** Comments on the task's issues in the tracker. */
export class RunTracker implements Tracker {
  constructor(private readonly run: Tracked) {}

  opened(step: StepRecord, pullRequest: number | undefined): void {
    const { state } = this.run;
    const { change } = state;
    if (pullRequest === undefined || change.pullRequest === pullRequest) return;
    state.change = { ...change, pullRequest };
    this.comment(step, `opened-${pullRequest}`, pullRequestOpened({ ...change, pullRequest }));
  }

  /**
   * Comments on the task's issues, once per `about`, and closes them if asked to. Only the end of the run waits for it, for a short
   * time.
   */
  comment(step: StepRecord, about: string, text: string, resolve = false): void {
    if (!patched('issues-are-told')) return; // runs that began before trackers existed
    const { run } = this;
    const { state, deliveries, notices } = run;
    const { workflowId, input, change } = state;
    const question = { workspace: input.workspace, repository: change.repository, issues: issuesOf(state) };
    deliveries.begin(
      () => run.activities(step.kind).tellIssues({ key: `${workflowId}/${about}`, ...question, text, resolve }),
      (because) => notices.notify(step, 'keeps_failing', issuesNotCommented({ text, because })),
    );
  }
}
