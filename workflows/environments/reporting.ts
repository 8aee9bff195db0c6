import { CancellationScope, getExternalWorkflowHandle, type SignalDefinition } from '@temporalio/workflow';
import type { EnvironmentView, RunOwner } from '../contracts/activities.ts';
import { environmentReport } from '../contracts/messages.ts';
import { retryingSignal, type Retrying } from '../contracts/run/retrying.ts';

/** Reports to the run that an environment belongs to. A report only makes the run read the status, so losing one does no harm. */
export class Reporting {
  private underway = 0;

  /** Whether all reports have been delivered. */
  isDone = () => this.underway === 0;

  report({ holder, generation, status }: EnvironmentView): void {
    this.send(holder, environmentReport, { generation, status });
  }

  /** Reports an activity of the environment that keeps failing, or no longer does. */
  reportFailing({ holder }: EnvironmentView, entry: Retrying): void {
    this.send(holder, retryingSignal, { ...entry, environment: true });
  }

  private send(holder: RunOwner, signal: SignalDefinition<[unknown]>, report: object): void {
    this.underway += 1;
    void CancellationScope.nonCancellable(() => getExternalWorkflowHandle(holder.workflowId).signal(signal, report))
      .catch(() => undefined)
      .finally(() => (this.underway -= 1));
  }
}
