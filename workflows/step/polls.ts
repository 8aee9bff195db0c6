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
import { beside } from '../temporal/background.ts';
import type { StepScope } from './scope.ts';
import { lookNearby } from '../temporal/proxies.ts';
import { place, transition } from './transition.ts';

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
    const polling = new CancellationScope();
    const answer = polling.run(ask).finally(() => (over = true));
    answer.catch(() => undefined);
    await condition(() => over || hints() > heard);
    const early = HINT_DISTANCE_MS - (Date.now() - last);
    if (!over && early > 0) await condition(() => over, early, { summary: 'a hint came soon after another' });
    if (over) return answer;

    polling.cancel();
    try {
      return await answer;
    } catch (failure) {
      if (!isCancellation(failure) || CancellationScope.current().consideredCancelled) throw failure;
    }
  }
}

/** The look at the head with which each step begins. Mostly it is over in a moment: then it is no transition. */
export async function firstLook({ run, step, activities }: StepScope): Promise<ChangeLook> {
  const { state } = run;
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
export async function look<T>(scope: StepScope, about: HintAbout, view: GateView, ask: () => Promise<T>): Promise<T> {
  const { run, step } = scope;
  await run.budget.wait(step);
  transition(run.state, step, view);
  return asking(() => run.mailbox.hints[about], ask);
}

/** The settled checks of the head. Long waits are told to people, once, and may have an end (policy). */
export async function checks(scope: StepScope, view: GateView): Promise<CheckReport> {
  const { run, activities } = scope;
  const { state } = run;
  if (state.head === undefined) return { head: '', checks: [], none: true, foreign: [], state: 'open' };
  const { policy } = state;
  const deadline = policy.checksMinutes === undefined ? undefined : inMinutes(policy.checksMinutes);
  const detail = `${view.detail} (${state.head.slice(0, 8)}) are awaited`;

  state.checking = true;
  const report = await whileTelling(scope, policy.escalateAfterMinutes, () =>
    look(scope, 'checks', { ...view, detail, deadline }, () =>
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
  run.saw(report);
  return report;
}

/** Ends the checks that nobody waits for any more. Those that cannot be ended are somebody's to look at: the run ends. */
export async function endChecks({ run, step, activities }: StepScope): Promise<void> {
  const { change } = run.state;
  try {
    await activities.endChecks({ change });
  } catch (failure) {
    if (!(failure instanceof ActivityFailure)) throw failure;
    if (!patched('what-is-refused-is-told')) return;
    const because = rootCause(failure) ?? failure.message;
    run.notices.notify(
      step,
      'keeps_failing',
      `Checks of ${change.branch} may run on, for they could not be ended: ${because}`,
    );
  }
}

/** The settled checks of what the merge would make of the base. They count as the change's: `checksMinutes` ends them too. */
export async function mergeResult(scope: StepScope, view: GateView, baseHead: string): Promise<MergeResultReport> {
  const { run, activities } = scope;
  const { state } = run;
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
  const report = await whileTelling(scope, policy.escalateAfterMinutes, () =>
    look(scope, 'checks', { ...view, deadline }, () => activities.settledMergeResult(question)),
  );
  state.checking = report.is === 'checked' && report.running !== undefined;
  return report;
}

/** The signals of what this run has released, as soon as one alerts, or when the time is over. */
export async function signals(scope: StepScope, minutes: number): Promise<Signal[]> {
  const { run, activities } = scope;
  const { change, mergeCommit = '', mergedAt = '' } = run.state;
  const until = new Date(Date.parse(mergedAt) + minutes * 60_000).toISOString();
  const view: GateView = {
    phase: 'watching',
    waitingOn: 'timer',
    detail: `The release of ${mergeCommit.slice(0, 8)} is watched until ${until}`,
    deadline: until,
  };
  const question = { change, mergeCommit, since: mergedAt, until };
  const read = await look(scope, 'change', view, () => activities.releaseSettled(question));
  return sinceRelease(read.signals, mergedAt);
}

export async function mergeability(scope: StepScope, view: GateView): Promise<MergeabilityReport> {
  const { run, activities } = scope;
  const { state } = run;
  const report = await look(scope, 'change', view, () =>
    activities.settledMergeability({ change: state.change, known: state.head }),
  );
  run.saw({ ...report, head: 'head' in report ? report.head : undefined });
  return report;
}

/** Checks that stay pending for long are somebody's business: an urgent notice says so, once. */
async function whileTelling<T>({ run, step }: StepScope, minutes: number, work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  beside(scope, async () => {
    await sleep(minutes * 60_000, { summary: `${step.kind}: people are told that checks are still pending` });
    const wait = `${step.id}/${run.state.head}`;
    run.notices.notify(step, 'checks_pending', `Checks have been pending for ${minutes} minutes.`, wait);
    run.notices.escalate(step, `${wait}/checks_pending`);
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
