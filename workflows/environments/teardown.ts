import { CancellationScope, condition, rootCause, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import type { EnvironmentInput } from '../contracts/environment.ts';
import { teardownFails } from '../words/environment.ts';
import { teardownTimer } from '../words/views/timers.ts';

/** The pause after a teardown that failed, before the next one. There is no limit. */
const PAUSE = '1 minute';

/** The keys of environments that may exist. A key is dropped only when its removal is verified. */
export class LiveEnvironments {
  readonly keys: Set<string>;

  constructor(
    private readonly activities: Activities,
    private readonly task: EnvironmentInput['task'],
    keys: readonly string[],
  ) {
    this.keys = new Set(keys);
  }

  add = (key: string): void => void this.keys.add(key);

  /**
   * Removes all live environments. A removal that keeps failing sends one notice and is retried; `interrupt` may end the
   * pause before the next attempt.
   */
  async clear(interrupt: { when: () => boolean; then: () => Promise<never> }): Promise<void> {
    for (const key of this.keys) {
      for (let notified = false; this.keys.has(key); notified = true) {
        try {
          await CancellationScope.nonCancellable(() => this.activities.removeEnvironment({ key }));
          this.keys.delete(key);
        } catch (failure) {
          if (!notified) await this.notify(key, rootCause(failure) ?? 'unknown');
          await CancellationScope.nonCancellable(() => condition(interrupt.when, PAUSE, { summary: teardownTimer() }));
          if (interrupt.when()) await interrupt.then();
        }
      }
    }
  }

  private async notify(key: string, because: string): Promise<void> {
    const { workflowId } = workflowInfo();
    const text = teardownFails({ because });
    const at = new Date().toISOString();
    const id = `${workflowId}/${key.slice(key.lastIndexOf('/') + 1)}/teardown_failing`;
    const notice = { id, type: 'teardown_failing', severity: 'urgent', at, text } as const;
    await CancellationScope.nonCancellable(() => this.activities.notify({ workflowId, task: this.task, notice }));
  }
}
