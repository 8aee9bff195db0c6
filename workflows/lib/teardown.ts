import { CancellationScope, rootCause, sleep, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import type { EnvironmentInput } from '../contracts/environment.ts';

/** How long after one teardown that failed, for all its attempts, the next is tried: for ever. */
const PAUSE = '1 minute';

/** Keys that may have something behind them: each goes only when its end is verified. */
export class Standing {
  private readonly keys = new Set<string>();

  constructor(
    private readonly activities: Activities,
    private readonly task: EnvironmentInput['task'],
  ) {}

  add = (key: string): void => void this.keys.add(key);

  /** Removes all that stands. A removal that fails again and again is told, once, and tried on. */
  async clear(): Promise<void> {
    for (const key of this.keys) {
      for (let told = false; this.keys.has(key); told = true) {
        try {
          await CancellationScope.nonCancellable(() => this.activities.removeEnvironment({ key }));
          this.keys.delete(key);
        } catch (failure) {
          if (!told) await this.tell(key, rootCause(failure) ?? 'unknown');
          await CancellationScope.nonCancellable(() =>
            sleep(PAUSE, { summary: 'environment: its teardown is tried again' }),
          );
        }
      }
    }
  }

  private async tell(key: string, reason: string): Promise<void> {
    const { workflowId } = workflowInfo();
    const text = `The environment cannot be taken down: ${reason}. It is tried on.`;
    const at = new Date().toISOString();
    const id = `${workflowId}/${key.slice(key.lastIndexOf('/') + 1)}/teardown_failing`;
    const notice = { id, type: 'teardown_failing', severity: 'urgent', at, text } as const;
    await CancellationScope.nonCancellable(() =>
      this.activities.notify({ workflowId, task: this.task as never, notice }),
    );
  }
}
