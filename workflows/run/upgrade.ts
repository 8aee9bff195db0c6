import { patched, sleep, workflowInfo } from '@temporalio/workflow';
import type { StepRecord } from '../contracts/run/state.ts';
import type { RunScope, Upgrade } from '../step/scope.ts';
import { UpgradeRequest } from '../temporal/upgrade.ts';
import { recordedTimer } from '../words/views/timers.ts';
import type { Deliveries } from './deliveries.ts';
import { snapshotOf } from './record.ts';
import type { RunRow } from './row.ts';

/** What of a run decides whether it can move. */
type Movable = Pick<RunScope, 'state' | 'mailbox' | 'restart'> & {
  readonly deliveries: Deliveries;
  readonly row: Pick<RunRow, 'areNoted'>;
};

/** Moves a run to a newer build or to a new execution. */
export class RunUpgrade implements Upgrade {
  readonly request = new UpgradeRequest();
  resumed: StepRecord | undefined;
  leaving = false;
  private updateAnsweredAt = 0;

  constructor(
    private readonly run: Movable,
    private readonly input: object,
  ) {
    this.resumed = run.state.steps.find(({ parked }) => parked);
  }

  isDue = (): boolean => this.request.asked && this.isSafe();

  isSafe = (): boolean => {
    const { deliveries, mailbox, restart, row, state } = this.run;
    return (
      deliveries.areDone() && row.areNoted() && mailbox.action === undefined && restart === undefined && !state.ending
    );
  };

  /** An update was answered, in this very workflow task. */
  answeredUpdate(): void {
    this.updateAnsweredAt = workflowInfo().historyLength;
  }

  isRecorded = (): boolean =>
    this.updateAnsweredAt !== workflowInfo().historyLength || !patched('moves-once-on-record');
  nextTask = (): Promise<void> => sleep(1, { summary: recordedTimer() });

  move(step: StepRecord): Promise<never> {
    this.leaving = true;
    this.run.mailbox.settleEffect('done'); // the effect of a restart ends here
    return this.request.goOn({ ...this.input, resume: snapshotOf(this.run.state, step.step) });
  }
}
