import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';
import { EnvironmentInput } from './contracts/environment.ts';
import { parseInput } from './temporal/input.ts';
import { EnvironmentLifecycle } from './environments/lifecycle.ts';
import { readEnvironment } from './run/snapshots.ts';
import { environmentReportsTimer } from './words/views/timers.ts';

/**
 * One preview environment of one task. It outlives the run that uses it, and ends only when its removal has been verified.
 * It is removed when its run asks, when it expires, or when its run has closed.
 */
export async function environment(raw: unknown): Promise<void> {
  const input = parseInput(EnvironmentInput, raw, { handedOn: { path: 'resume', of: ({ resume }) => resume } });
  const lifecycle = new EnvironmentLifecycle(input, input.resume && readEnvironment(input.resume));
  let cancelled: Error | undefined;
  try {
    while (!lifecycle.released) await lifecycle.generation();
  } catch (failure) {
    if (!isCancellation(failure)) throw failure;
    cancelled = failure as Error;
  }
  await CancellationScope.nonCancellable(async () => {
    await lifecycle.tearDown();
    if (!lifecycle.isIdle()) await condition(lifecycle.isIdle, '10 seconds', { summary: environmentReportsTimer() });
  });
  if (cancelled) throw cancelled;
}
