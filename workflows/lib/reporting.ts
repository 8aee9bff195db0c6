import { CancellationScope, getExternalWorkflowHandle } from '@temporalio/workflow';
import type { EnvironmentView } from '../contracts/activities.ts';
import { environmentReport } from '../contracts/messages.ts';

/** Tells the holder of an environment how it stands. A report only makes it look, so one that does not arrive is no loss. */
export class Reporting {
  private underway = 0;

  /** Whether everybody has been told. */
  quiet = () => this.underway === 0;

  tell({ holder, generation, status }: EnvironmentView): void {
    this.underway += 1;
    void CancellationScope.nonCancellable(() =>
      getExternalWorkflowHandle(holder.workflowId).signal(environmentReport, { generation, status }),
    )
      .catch(() => undefined)
      .finally(() => (this.underway -= 1));
  }
}
