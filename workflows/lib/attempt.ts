import { ActivityFailure, CancellationScope, condition, isCancellation, rootCause } from '@temporalio/workflow';
import type { GateView } from '../contracts/state.ts';
import type { Attempt } from '../gates/gate.ts';
import type { Desk } from './desk.ts';
import { transition } from './windows.ts';

/**
 * Works until done, failed, or called off by a person who took one of the offered actions. The only delicate place of
 * the house: a call-off may meet work that wins the race.
 */
export async function attempt<T>({ live, step }: Desk, view: GateView, work: () => Promise<T>): Promise<Attempt<T>> {
  live.taken = undefined;
  transition(live.state, step, view);
  let over = false;
  const scope = new CancellationScope();
  const working = scope.run(() => settle(work)).finally(() => (over = true));
  working.catch(() => undefined);
  if (!view.offers?.length) return working;

  await condition(() => live.taken !== undefined || over);
  const calledOff = live.taken !== undefined;
  live.taken = undefined;
  if (!calledOff) return working;

  scope.cancel();
  try {
    await working;
  } catch (failure) {
    if (!isCancellation(failure) || CancellationScope.current().consideredCancelled) throw failure;
  } finally {
    live.settleEffect('done');
  }
  return { is: 'called-off' };
}

/** Turns what the world refuses for good into a value. A cancellation is no refusal, nor is a bug: both pass. */
export async function settle<T>(work: () => Promise<T>): Promise<Exclude<Attempt<T>, { is: 'called-off' }>> {
  try {
    return { is: 'done', value: await work() };
  } catch (failure) {
    if (isCancellation(failure) || !(failure instanceof ActivityFailure)) throw failure;
    return { is: 'failed', because: rootCause(failure) ?? failure.message };
  }
}
