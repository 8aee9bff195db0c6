import { CancellationScope, condition, isCancellation, patched } from '@temporalio/workflow';
import type { ChangeReport } from '../contracts/activities.ts';
import type { HintAbout } from '../contracts/messages.ts';
import type { GateView } from '../contracts/run/state.ts';
import type { StepScope } from './scope.ts';
import { inspectLocally } from '../temporal/proxies.ts';
import { inspecting } from '../words/run.ts';
import { hintsTimer } from '../words/views/timers.ts';
import { setCurrent, transition } from './transition.ts';

/** Many hints may arrive at once. Each causes a poll, and polls are at least this far apart. */
const HINT_DISTANCE_MS = 2_000;

/**
 * Polls until there is an answer. The poll is one activity that is retried, so waiting adds nothing to the history. A hint
 * cancels the activity and calls it again.
 */
export async function pollUntilAnswered<T>(hints: () => number, ask: () => Promise<T>): Promise<T> {
  for (let last = -Infinity; ; last = Date.now()) {
    const before = hints();
    let over = false;
    const polling = new CancellationScope();
    const answer = polling.run(ask).finally(() => (over = true));
    answer.catch(() => undefined);
    await condition(() => over || hints() > before);
    const early = HINT_DISTANCE_MS - (Date.now() - last);
    if (!over && early > 0) await condition(() => over, early, { summary: hintsTimer() });
    if (over) return answer;

    polling.cancel();
    try {
      return await answer;
    } catch (failure) {
      if (!isCancellation(failure) || CancellationScope.current().consideredCancelled) throw failure;
    }
  }
}

/**
 * The inspection of the head with which each step begins. It is not shown as a transition, because it is usually over at
 * once.
 */
export async function firstPoll({ run, step, activities }: StepScope): Promise<ChangeReport> {
  const { state } = run;
  const { change, head: known } = state;
  const view: GateView = { phase: 'starting', waitingOn: 'forge', detail: inspecting(change) };
  if (patched('first-look-is-near')) {
    setCurrent(state, step, view);
    try {
      return await inspectLocally({ change, known }, run.row.whole());
    } catch (failure) {
      // The failure of a local activity is not wrapped in an ActivityFailure.
      if (isCancellation(failure)) throw failure;
    }
  }
  transition(state, step, view);
  return activities.lookAtChange({ change, known });
}

/** One poll of a gate, shown while it waits. */
export async function poll<T>(scope: StepScope, about: HintAbout, view: GateView, ask: () => Promise<T>): Promise<T> {
  const { run, step } = scope;
  await run.budget.wait(step);
  transition(run.state, step, view);
  return pollUntilAnswered(() => run.mailbox.hints[about], ask);
}
