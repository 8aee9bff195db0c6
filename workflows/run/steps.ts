import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  isCancellation,
  patched,
  rootCause,
  workflowInfo,
} from '@temporalio/workflow';
import { FailureType, type Lost } from '../contracts/outcome.ts';
import type { StepRecord } from '../contracts/state.ts';
import type { GateEnd } from '../gates/gate.ts';
import { inWords } from '../words/index.ts';
import { noticesTimer } from '../words/views/timers.ts';
import { cutText } from '../rules/bytes.ts';
import { reopen, startOver } from './record.ts';
import type { LiveRun } from './live-run.ts';

/** So much is noted of how a step ended. */
const NOTE_BYTES = 8_000;

/** Takes the steps in order, back to earlier ones where a gate or a person says so, until all are settled or one is lost. */
export async function takeSteps(
  live: LiveRun,
  oneStep: (step: StepRecord) => Promise<GateEnd>,
): Promise<Lost | undefined> {
  const { state } = live;
  for (let begun = false; ; begun = true) {
    if (live.restart !== undefined) restart(live);
    const step = live.upgrade.resumed ?? state.steps.find(({ state }) => state === 'pending' || state === 'working');
    if (!step) return undefined;
    if (!live.upgrade.resumed && isToMove(live, begun)) {
      await moveOn(live, step);
      continue;
    }

    const end = await withinScope(live, () => oneStep(step));
    if (end === 'called-off') continue;
    // A person started it over in the very moment in which it ended: its end is not wanted, unless that cannot be undone.
    if (end.is === 'merged') live.restart = undefined;
    if (live.restart !== undefined && live.restart <= step.step) continue;
    const lost = settle(live, step, end);
    if (lost) return lost;
    // Stopped while it was merged: that stands, and nothing is done after it.
    if (end.is === 'merged' && state.ending) await CancellationScope.current().cancelRequested;
  }
}

/** Notes how a step ended. A rejection or failure ends the run; going back opens earlier steps again. */
function settle(live: LiveRun, step: StepRecord, end: GateEnd): Lost | undefined {
  live.mailbox.settleEffect('done');
  const { state } = live;
  if (end.is === 'back') {
    const back = state.steps.filter(({ id }) => end.to.includes(id));
    for (const each of [...back, step]) reopen(each, end.because);
    delete step.reopened;
    if (end.rework && back[0]) back[0].rework = end.rework;
    return undefined;
  }
  const ended = end.is === 'failed' || end.is === 'rejected';
  step.endedAt = new Date().toISOString();
  step.state = ended ? 'failed' : end.is === 'skipped' ? 'skipped' : 'done';
  step.outcome = end.is;
  step.note = cutText(inWords('note' in end ? end.note : end.reason), NOTE_BYTES);
  if (end.is === 'merged') {
    state.mergeCommit = end.mergeCommit;
    state.mergedAt = step.endedAt;
  }
  delete step.reopened;
  return ended ? end : undefined;
}

/** A step's own scope, which `restartFrom` cancels without cancelling the run. */
async function withinScope(live: LiveRun, work: () => Promise<GateEnd>): Promise<GateEnd | 'called-off'> {
  const scope = new CancellationScope();
  live.callOff = () => scope.cancel();
  let merged = false;
  try {
    const end = await scope.run(work);
    merged = end.is === 'merged';
    return end;
  } catch (failure) {
    if (isCancellation(failure)) {
      if (live.restart === undefined || live.state.ending) throw failure;
      return 'called-off';
    }
    const lost = lostBy(failure);
    if (!lost) throw failure;
    return lost;
  } finally {
    live.callOff = () => undefined;
    // Somebody stopped the run in the very moment in which the step ended: then it ends as stopped.
    if (live.state.ending && !(merged && patched('merged-is-merged'))) {
      await CancellationScope.current().cancelRequested;
    }
  }
}

/** A final refusal fails the run with its type. Anything else is not the end of a step. */
function lostBy(failure: unknown): Lost | undefined {
  if (!(failure instanceof ActivityFailure) && !(failure instanceof ChildWorkflowFailure)) return undefined;
  const { cause } = failure;
  const type = FailureType.safeParse(cause instanceof ApplicationFailure ? cause.type : undefined).data ?? 'unexpected';
  return { is: 'failed', type, reason: rootCause(failure) ?? failure.message };
}

/** Drops what the named step and all later ones did. */
function restart(live: LiveRun): void {
  const { state } = live;
  const again = state.steps.slice(live.restart! - 1);
  for (const step of again) startOver(step);
  if (again.some(({ kind }) => kind === 'task-estimator')) delete state.estimate;
  state.restarts += 1;
  live.restart = undefined;
}

/**
 * Whether the run is to go on as new before its next step. That another build is current by now counts only once this
 * execution has done something: who is held at a build for good would else go on as new for ever.
 */
function isToMove({ upgrade }: LiveRun, begun: boolean): boolean {
  const { continueAsNewSuggested, targetWorkerDeploymentVersionChanged } = workflowInfo();
  return continueAsNewSuggested || upgrade.request.asked || (begun && targetWorkerDeploymentVersionChanged);
}

/** Goes on in a new execution, between two steps, where everything is data. It comes back only for a restart. */
async function moveOn(live: LiveRun, step: StepRecord): Promise<void> {
  if (!live.deliveries.areDone()) await condition(live.deliveries.areDone, '30 seconds', { summary: noticesTimer() });
  while (!live.upgrade.isRecorded()) await live.upgrade.nextTask();
  // What a person said meanwhile is not data yet: it is done first.
  if (live.state.ending) await CancellationScope.current().cancelRequested;
  if (live.restart === undefined) await live.upgrade.move(step);
}

/** Where a step begins. A run that is held there may go on as new: nothing of the step has been done. */
export async function beginStep(live: LiveRun, step: StepRecord): Promise<void> {
  for (;;) {
    await live.budget.wait(step, live.upgrade.isDue);
    if (!live.upgrade.isDue()) return;
    await (live.upgrade.isRecorded() ? live.upgrade.move(step) : live.upgrade.nextTask());
  }
}
