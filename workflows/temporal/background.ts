import {
  ActivityFailure,
  type CancellationScope,
  isCancellation,
  patched,
  rootCause,
  sleep,
} from '@temporalio/workflow';

/**
 * Runs something in the background until its scope is cancelled. Any other end is a bug: nothing catches it, so the workflow
 * task fails until a fixed worker is deployed.
 */
export function inBackground(scope: CancellationScope, work: () => Promise<unknown>): void {
  void scope.run(work).catch((failure: unknown) => {
    if (!isCancellation(failure)) throw failure;
  });
}

/** How long a watch may continue after the answer that ends it, in milliseconds: until the effect of the answer has begun. */
const WATCH_TAIL_MS = 1_000;

/**
 * Cancels a scope a moment later. The server answers the cancellation of an activity with another workflow task, at once:
 * in the task that takes a person's action, it would delay both the acknowledgement and the effect.
 */
export function cancelSoon(scope: CancellationScope, summary: string): void {
  inBackground(scope, async () => {
    await sleep(WATCH_TAIL_MS, { summary });
    scope.cancel();
  });
}

/** Runs a watch. A refused watch is reported and restarted, because the person who waits relies on it. */
export async function restarting<T>(
  watch: () => Promise<T>,
  report: (because: string) => void,
  summary: string,
): Promise<T> {
  for (;;) {
    try {
      return await watch();
    } catch (failure) {
      const refused = !isCancellation(failure) && failure instanceof ActivityFailure;
      if (!refused || !patched('watches-are-begun-anew')) throw failure;
      report(rootCause(failure) ?? failure.message);
      await sleep('1 minute', { summary });
    }
  }
}
