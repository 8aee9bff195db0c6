import { patched, sleep, workflowInfo } from '@temporalio/workflow';
import type { StepRecord } from '../contracts/state.ts';
import type { Upgrade } from '../step/scope.ts';
import { UpgradeRequest } from '../temporal/upgrade.ts';
import type { LiveRun } from './live-run.ts';
import { snapshotOf } from './record.ts';

/** Moves a run to a newer build or to a new execution. */
export class RunUpgrade implements Upgrade {
  readonly request = new UpgradeRequest();
  resumed: StepRecord | undefined;
  leaving = false;
  private updateAnsweredAt = 0;

  constructor(
    private readonly run: LiveRun,
    private readonly input: object,
  ) {
    this.resumed = run.state.steps.find(({ parked }) => parked);
  }

  isDue = (): boolean => this.request.asked && this.isSafe();

  isSafe = (): boolean => {
    const { deliveries, mailbox, restart, state } = this.run;
    return deliveries.areDone() && mailbox.action === undefined && restart === undefined && !state.ending;
  };

  /** An update was answered, in this very workflow task. */
  answeredUpdate(): void {
    this.updateAnsweredAt = workflowInfo().historyLength;
  }

  isRecorded = (): boolean =>
    this.updateAnsweredAt !== workflowInfo().historyLength || !patched('moves-once-on-record');
  nextTask = (): Promise<void> => sleep(1, { summary: 'an answer is recorded before the run continues as new' });

  move(step: StepRecord): Promise<never> {
    this.leaving = true;
    this.run.mailbox.settleEffect('done'); // what a person has started over has come as far as it comes
    return this.request.goOn({ ...this.input, resume: snapshotOf(this.run.state, step.step) });
  }
}
