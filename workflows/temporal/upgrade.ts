import { makeContinueAsNewFunc, patched, workflowInfo } from '@temporalio/workflow';
import { Upgrade } from '../contracts/messages.ts';
import { SNAPSHOT_VERSION } from '../contracts/run/snapshot.ts';

/**
 * A newer build's request that an execution continues as new where that build can take it over. It arrives as a signal,
 * because a parked execution has no workflow task in which it could notice, and not every server reports newer builds.
 */
export class UpgradeRequest {
  private wish: Upgrade | undefined;

  /** Whether a build that can read our snapshot has asked. */
  get asked(): boolean {
    return this.wish !== undefined;
  }

  /** Receives the signal. Takes any input and never throws. Anything that is no request is ignored. */
  receive(raw: unknown): void {
    const { data } = Upgrade.safeParse(raw ?? {});
    if (!data || (data.reads ?? SNAPSHOT_VERSION) < SNAPSHOT_VERSION) return;
    const { taskQueue, currentDeploymentVersion } = workflowInfo();
    const anywhere = data.build === undefined && data.taskQueue === undefined;
    const elsewhere = data.taskQueue !== undefined && data.taskQueue !== taskQueue;
    // An execution that is already there moves once more: its build is not in the history, so a replay could decide otherwise.
    const other =
      data.build !== undefined && (patched('any-build-may-ask') || data.build !== currentDeploymentVersion?.buildId);
    if (anywhere || elsewhere || other) this.wish = data;
  }

  /** Continues as new at the build that asked, or at the current one. It never returns. */
  async goOn(input: object): Promise<never> {
    const { taskQueue } = this.wish ?? {};
    const moves = this.asked || workflowInfo().targetWorkerDeploymentVersionChanged;
    const onward = makeContinueAsNewFunc({
      ...(taskQueue !== undefined && { taskQueue }),
      ...(moves && { initialVersioningBehavior: 'AUTO_UPGRADE' as const }),
    });
    return onward(input);
  }
}
