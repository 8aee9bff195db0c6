import {
  ActivityFailure,
  CancellationScope,
  condition,
  isCancellation,
  patched,
  rootCause,
  sleep,
} from '@temporalio/workflow';
import type {
  ChangeLook,
  CheckReport,
  MergeabilityReport,
  MergeResultReport,
  Signal,
} from '../contracts/activities.ts';
import type { HintAbout } from '../contracts/messages.ts';
import type { GateView, RunState } from '../contracts/state.ts';
import { sinceRelease } from '../rules/release.ts';
import { brief } from '../rules/outputs.ts';
import { beside } from './beside.ts';
import type { Desk } from './desk.ts';
import { lookNearby } from './proxies.ts';
import { place, transition } from './windows.ts';

/** Hints may come in storms; each costs a look, and looks keep this distance. */
const HINT_DISTANCE_MS = 2_000;

/**
 * Asks the world until it can tell. The asking is one activity that is retried: it costs the history nothing. A hint
 * calls it off where it waits, and asks anew.
 */
export async function asking<T>(hints: () => number, ask: () => Promise<T>): Promise<T> {
  for (let last = -Infinity; ; last = Date.now()) {
    const heard = hints();
    let over = false;
    const scope = new CancellationScope();
    const answer = scope.run(ask).finally(() => (over = true));
    answer.catch(() => undefined);
    await condition(() => over || hints() > heard);
    const early = HINT_DISTANCE_MS - (Date.now() - last);
    if (!over && early > 0) await condition(() => over, early, { summary: 'a hint came soon after another' });
    if (over) return answer;

    scope.cancel();
    try {
      return await answer;
    } catch (failure) {
      if (!isCancellation(failure) || CancellationScope.current().consideredCancelled) throw failure;
    }
  }
}

/** The look at the head with which each step begins. Mostly it is over in a moment: then it is no transition. */
export async function firstLook({ live, step, activities }: Desk): Promise<ChangeLook> {
  const { state } = live;
  const { change, head: known } = state;
  const view: GateView = { phase: 'starting', waitingOn: 'forge', detail: `Looking at ${change.branch}` };
  if (patched('first-look-is-near')) {
    place(state, step, view);
    try {
      return await lookNearby({ change, known });
    } catch (failure) {
      // A local activity's failure comes as it was thrown, not wrapped as another activity's would be.
      if (isCancellation(failure)) throw failure;
    }
  }
  transition(state, step, view);
  return activities.lookAtChange({ change, known });
}

/** One look of a gate, told in the windows. */
export async function look<T>(desk: Desk, about: HintAbout, view: GateView, ask: () => Promise<T>): Promise<T> {
  const { live, step } = desk;
  await live.safePoint(step);
  transition(live.state, step, view);
  return asking(() => live.hints[about], ask);
}

/** The settled checks of the head. Long waits are told to people, once, and may have an end (policy). */
export async function checks(desk: Desk, view: GateView): Promise<CheckReport> {
  const { live, activities } = desk;
  const { state } = live;
  if (state.head === undefined) return { head: '', checks: [], none: true, foreign: [], state: 'open' };
  const { policy } = state;
  const deadline = policy.checksMinutes === undefined ? undefined : inMinutes(policy.checksMinutes);
  const detail = `${view.detail} (${state.head.slice(0, 8)}) are awaited`;

  state.checking = true;
  const report = await whileTelling(desk, policy.escalateAfterMinutes, () =>
    look(desk, 'checks', { ...view, detail, deadline }, () =>
      activities.settledChecks({
        change: state.change,
        known: state.head,
        graceSeconds: policy.checksGraceSeconds ?? 0,
        bareSince: state.head ? { head: state.head, at: state.headAt } : undefined,
        checkSeconds: policy.checkSeconds,
        round: roundOf(state),
        deadline,
      }),
    ),
  );
  state.checking = report.running !== undefined;
  live.saw(report);
  return report;
}

/** Ends the checks that nobody waits for any more. Those that cannot be ended are somebody's to look at: the run ends. */
export async function endChecks({ live, step, activities }: Desk): Promise<void> {
  const { change } = live.state;
  try {
    await activities.endChecks({ change });
  } catch (failure) {
    if (!(failure instanceof ActivityFailure)) throw failure;
    if (!patched('what-is-refused-is-told')) return;
    const because = rootCause(failure) ?? failure.message;
    live.telling.notify(
      step,
      'keeps_failing',
      `Checks of ${change.branch} may run on, for they could not be ended: ${because}`,
    );
  }
}

/** The settled checks of what the merge would make of the base. They count as the change's: `checksMinutes` ends them too. */
export async function mergeResult(desk: Desk, view: GateView, baseHead: string): Promise<MergeResultReport> {
  const { live, activities } = desk;
  const { state } = live;
  const { policy, change, head } = state;
  const deadline = policy.checksMinutes === undefined ? undefined : inMinutes(policy.checksMinutes);
  const question = {
    change,
    head: head!,
    baseHead,
    task: brief(state.input.task),
    checkSeconds: policy.checkSeconds,
    round: roundOf(state),
    deadline,
  };
  state.checking = true;
  const report = await whileTelling(desk, policy.escalateAfterMinutes, () =>
    look(desk, 'checks', { ...view, deadline }, () => activities.settledMergeResult(question)),
  );
  state.checking = report.is === 'checked' && report.running !== undefined;
  return report;
}

/** The signals of what this run has released, as soon as one alerts, or when the time is over. */
export async function signals(desk: Desk, minutes: number): Promise<Signal[]> {
  const { live, activities } = desk;
  const { change, mergeCommit = '', mergedAt = '' } = live.state;
  const until = new Date(Date.parse(mergedAt) + minutes * 60_000).toISOString();
  const view: GateView = {
    phase: 'watching',
    waitingOn: 'timer',
    detail: `The release of ${mergeCommit.slice(0, 8)} is watched until ${until}`,
    deadline: until,
  };
  const question = { change, mergeCommit, since: mergedAt, until };
  const read = await look(desk, 'change', view, () => activities.releaseSettled(question));
  return sinceRelease(read.signals, mergedAt);
}

export async function mergeability(desk: Desk, view: GateView): Promise<MergeabilityReport> {
  const { live, activities } = desk;
  const { state } = live;
  const report = await look(desk, 'change', view, () =>
    activities.settledMergeability({ change: state.change, known: state.head }),
  );
  live.saw({ ...report, head: 'head' in report ? report.head : undefined });
  return report;
}

/** Checks that stay pending for long are somebody's business: an urgent notice says so, once. */
async function whileTelling<T>({ live, step }: Desk, minutes: number, work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  beside(scope, async () => {
    await sleep(minutes * 60_000, { summary: `${step.kind}: people are told that checks are still pending` });
    const wait = `${step.id}/${live.state.head}`;
    live.telling.notify(step, 'checks_pending', `Checks have been pending for ${minutes} minutes.`, wait);
    live.telling.escalate(step, `${wait}/checks_pending`);
  });
  try {
    return await work();
  } finally {
    scope.cancel();
  }
}

/** A run and each start over by a person is a new round, in which red checks run again. */
export const roundOf = ({ firstRunId, restarts }: RunState): string => `${firstRunId}/${restarts}`;

const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
