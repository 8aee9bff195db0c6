import { ActivityFailure, CancellationScope, patched, rootCause, sleep } from '@temporalio/workflow';
import type { CheckReport, HeldCheck } from '../contracts/activities.ts';
import type { GateView, RunState } from '../contracts/run/state.ts';
import { inBackground } from '../temporal/background.ts';
import { checksAwaited, checksHeld, checksNotEnded, checksPending } from '../words/checks.ts';
import { inWords } from '../words/index.ts';
import { checksPendingTimer } from '../words/views/timers.ts';
import { untilTrusted } from './people/forks.ts';
import { poll } from './polls.ts';
import type { StepScope } from './scope.ts';

/** The settled checks of the head. A long wait sends one notice, and the policy may limit it. */
export async function checks(scope: StepScope, view: GateView): Promise<CheckReport> {
  for (;;) {
    await untilTrusted(scope);
    const report = await settledChecks(scope, view);
    if (!report.isOther) return report;
  }
}

async function settledChecks(scope: StepScope, view: GateView): Promise<CheckReport> {
  const { run, activities } = scope;
  const { state } = run;
  if (state.head === undefined) return { head: '', checks: [], none: true, foreign: [], state: 'open' };
  const { policy } = state;
  const deadline = policy.checksMinutes === undefined ? undefined : inMinutes(policy.checksMinutes);
  const detail = checksAwaited({ checks: inWords(view.detail), head: state.head });

  state.checking = true;
  const ask = (held?: HeldCheck[]) =>
    poll(scope, 'checks', held?.length ? heldView(scope, view, held) : { ...view, detail, deadline }, () =>
      activities.settledChecks({
        change: state.change,
        known: state.head,
        graceSeconds: policy.checksGraceSeconds ?? 0,
        bareSince: state.head ? { head: state.head, at: state.headAt } : undefined,
        checkSeconds: policy.checkSeconds,
        round: roundOf(state),
        deadline,
        ...(held && { held }),
        ...(state.fork && { onlyKnown: true }),
      }),
    );
  const report = await escalatingAfter(scope, policy.escalateAfterMinutes, async () => {
    let latest = await ask();
    while (latest.held) latest = await ask(latest.held);
    return latest;
  });
  run.notices.clear(heldVisit(scope));
  state.checking = report.running !== undefined;
  run.saw(report);
  return report;
}

/** A wait for a person at the forge: nobody can answer it here, so it is no visit. People get a notice with the link. */
function heldView(scope: StepScope, view: GateView, held: readonly HeldCheck[]): GateView {
  const { run, step } = scope;
  run.notices.notify(step, 'checks_pending', checksHeld({ held }), heldVisit(scope));
  return { ...view, waitingOn: 'person', detail: checksHeld({ held }), because: checksHeld({ held }) };
}

const heldVisit = ({ run, step }: StepScope): string => `${step.id}/${run.state.head}/held`;

/** Ends checks for which the run no longer waits. If they cannot be ended, a notice says so, because the run ends anyway. */
export async function endChecks({ run, step, activities }: StepScope): Promise<void> {
  const { change } = run.state;
  try {
    await activities.endChecks({ change });
  } catch (failure) {
    if (!(failure instanceof ActivityFailure)) throw failure;
    if (!patched('what-is-refused-is-told')) return;
    const because = rootCause(failure) ?? failure.message;
    run.notices.notify(step, 'keeps_failing', checksNotEnded({ branch: change.branch, because }));
  }
}

/** Sends one urgent notice when checks stay pending for long. */
export async function escalatingAfter<T>(
  { run, step }: StepScope,
  minutes: number,
  work: () => Promise<T>,
): Promise<T> {
  const scope = new CancellationScope();
  inBackground(scope, async () => {
    await sleep(minutes * 60_000, { summary: checksPendingTimer(step.kind) });
    const wait = `${step.id}/${run.state.head}`;
    run.notices.notify(step, 'checks_pending', checksPending({ minutes }), wait);
    run.notices.escalate(step, `${wait}/checks_pending`);
  });
  try {
    return await work();
  } finally {
    scope.cancel();
  }
}

/** Each run, and each restart by a person, is a new round in which failed checks run again. */
export const roundOf = ({ firstRunId, restarts }: RunState): string => `${firstRunId}/${restarts}`;

export const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
