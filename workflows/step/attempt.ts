import { ActivityFailure, CancellationScope, condition, isCancellation, rootCause } from '@temporalio/workflow';
import type { GateView } from '../contracts/run/state.ts';
import type { Attempt } from '../gates/capabilities.ts';
import type { StepScope } from './scope.ts';
import { transition } from './transition.ts';

/**
 * Works until the work is done, has failed, or a person calls it off by taking one of the offered actions. Delicate: the
 * work may finish before its cancellation arrives.
 */
export async function attempt<T>(
  { run, step }: StepScope,
  view: GateView,
  work: () => Promise<T>,
): Promise<Attempt<T>> {
  run.mailbox.expect();
  transition(run.state, step, view);
  let over = false;
  const cancellable = new CancellationScope();
  const working = cancellable.run(() => settle(work)).finally(() => (over = true));
  working.catch(() => undefined);
  if (!view.offers?.length) return working;

  await condition(() => run.mailbox.action !== undefined || over);
  const calledOff = run.mailbox.action !== undefined;
  run.mailbox.close();
  if (!calledOff) return working;

  cancellable.cancel();
  try {
    await working;
  } catch (failure) {
    if (!isCancellation(failure) || CancellationScope.current().consideredCancelled) throw failure;
  } finally {
    run.mailbox.settleEffect('done');
  }
  return { is: 'called-off' };
}

/** Returns a final refusal as a value. Cancellations and bugs are thrown. */
export async function settle<T>(work: () => Promise<T>): Promise<Exclude<Attempt<T>, { is: 'called-off' }>> {
  try {
    return { is: 'done', value: await work() };
  } catch (failure) {
    if (isCancellation(failure) || !(failure instanceof ActivityFailure)) throw failure;
    return { is: 'failed', because: rootCause(failure) ?? failure.message };
  }
}
