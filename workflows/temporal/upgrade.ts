import { makeContinueAsNewFunc, patched, workflowInfo } from '@temporalio/workflow';
import { Upgrade } from '../contracts/messages.ts';
import { SNAPSHOT_VERSION } from '../contracts/snapshot.ts';

/**
 * What a newer build asks of an execution: to go on as new where that build will find it. The wish travels in the signal,
 * for a parked execution has no task of its own that could tell it, and not every server says that there is a newer build.
 */
export class UpgradeRequest {
  private wish: Upgrade | undefined;

  /** Whether a build that can read what we write asks for us. */
  get asked(): boolean {
    return this.wish !== undefined;
  }

  /** Hears the signal. It takes any input, and never throws: what is no wish is none. */
  receive(raw: unknown): void {
    const { data } = Upgrade.safeParse(raw ?? {});
    if (!data || (data.reads ?? SNAPSHOT_VERSION) < SNAPSHOT_VERSION) return;
    const { taskQueue, currentDeploymentVersion } = workflowInfo();
    const anywhere = data.build === undefined && data.taskQueue === undefined;
    const elsewhere = data.taskQueue !== undefined && data.taskQueue !== taskQueue;
    // Whoever is there already moves once more, to itself: where we are is not on record, and a replay may see it otherwise.
    const other =
      data.build !== undefined && (patched('any-build-may-ask') || data.build !== currentDeploymentVersion?.buildId);
    if (anywhere || elsewhere || other) this.wish = data;
  }

  /** Goes on as new, at the build that asks or that is current by now. It never comes back. */
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
