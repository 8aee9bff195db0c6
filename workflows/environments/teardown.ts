import { CancellationScope, condition, rootCause, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../contracts/activities.ts';
import type { EnvironmentInput } from '../contracts/environment.ts';

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
      for (let told = false; this.keys.has(key); told = true) {
        try {
          await CancellationScope.nonCancellable(() => this.activities.removeEnvironment({ key }));
          this.keys.delete(key);
        } catch (failure) {
          if (!told) await this.notify(key, rootCause(failure) ?? 'unknown');
          await CancellationScope.nonCancellable(() =>
            condition(interrupt.when, PAUSE, { summary: 'environment: its teardown is tried again' }),
          );
          if (interrupt.when()) await interrupt.then();
        }
      }
    }
  }

  private async notify(key: string, reason: string): Promise<void> {
    const { workflowId } = workflowInfo();
    const text = `The environment cannot be taken down: ${reason}. It is tried again until it works.`;
    const at = new Date().toISOString();
    const id = `${workflowId}/${key.slice(key.lastIndexOf('/') + 1)}/teardown_failing`;
    const notice = { id, type: 'teardown_failing', severity: 'urgent', at, text } as const;
    await CancellationScope.nonCancellable(() =>
      this.activities.notify({ workflowId, task: this.task as never, notice }),
    );
  }
}
