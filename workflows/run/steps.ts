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
import type { StepRecord } from '../contracts/run/state.ts';
import type { GateEnd } from '../gates/gate.ts';
import { inWords } from '../words/index.ts';
import { noticesTimer } from '../words/views/timers.ts';
import { cutText } from '../rules/bytes.ts';
import { reopen, startOver } from './record.ts';
import type { LiveRun } from './live-run.ts';

/** The limit of a step's note, in bytes. */
const NOTE_BYTES = 8_000;

/** Runs the steps in order, going back to earlier ones when a gate or a person wants it, until all are settled or one fails. */
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
    // A person restarted the step as it ended: its end does not count, unless it cannot be undone.
    if (end.is === 'merged') live.restart = undefined;
    if (live.restart !== undefined && live.restart <= step.step) continue;
    const lost = settle(live, step, end);
    if (lost) return lost;
    // Stopped during the merge: the merge counts, and nothing follows it.
    if (end.is === 'merged' && state.ending) await CancellationScope.current().cancelRequested;
  }
}

/** Records how a step ended. A rejection or failure ends the run. Going back reopens earlier steps. */
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
    // Somebody stopped the run as the step ended: it ends as stopped.
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

/** Drops what the named step and all later ones have done. */
function restart(live: LiveRun): void {
  const { state } = live;
  const again = state.steps.slice(live.restart! - 1);
  for (const step of again) startOver(step);
  if (again.some(({ kind }) => kind === 'task-estimator')) delete state.estimate;
  state.restarts += 1;
  live.restart = undefined;
}

/**
 * Whether the run continues as new before its next step. A newer current build counts only once this execution has done
 * something: a run that is pinned to its build would otherwise continue as new for ever.
 */
function isToMove({ upgrade }: LiveRun, begun: boolean): boolean {
  const { continueAsNewSuggested, targetWorkerDeploymentVersionChanged } = workflowInfo();
  return continueAsNewSuggested || upgrade.request.asked || (begun && targetWorkerDeploymentVersionChanged);
}

/** Continues as new between two steps, where all state is data. It returns only for a restart. */
async function moveOn(live: LiveRun, step: StepRecord): Promise<void> {
  if (!live.deliveries.areDone()) await condition(live.deliveries.areDone, '30 seconds', { summary: noticesTimer() });
  await condition(live.row.areNoted);
  while (!live.upgrade.isRecorded()) await live.upgrade.nextTask();
  // What a person wanted meanwhile is not data yet, so it comes first.
  if (live.state.ending) await CancellationScope.current().cancelRequested;
  if (live.restart === undefined) await live.upgrade.move(step);
}

/** Waits for the budget before a step begins. The run may continue as new there, because nothing of the step was done. */
export async function beginStep(live: LiveRun, step: StepRecord): Promise<void> {
  for (;;) {
    await live.budget.wait(step, live.upgrade.isDue);
    if (!live.upgrade.isDue()) return;
    await (live.upgrade.isRecorded() ? live.upgrade.move(step) : live.upgrade.nextTask());
  }
}
