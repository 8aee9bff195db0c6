import { CancellationScope, condition, continueAsNew, isCancellation, workflowInfo } from '@temporalio/workflow';
import { badFields } from './contracts/messages.ts';
import { runIdOf, type RunInput as Input } from './contracts/pipeline-run.ts';
import type { RunState, StepRecord } from './contracts/state.ts';
import { isUnreadable } from './contracts/unreadable.ts';
import { gateFor, rolesOf, RunInput } from './gates/index.ts';
import type { GateEnd } from './gates/gate.ts';
import { contextFor } from './lib/context.ts';
import { deskFor } from './lib/desk.ts';
import { conclude, invalidInput, lostBy, refuseInput, type Result } from './lib/ending.ts';
import { openInbox, type StandingActions } from './lib/inbox.ts';
import { activitiesFor } from './lib/proxies.ts';
import { examined, recordOf, reopen, snapshotOf, startOver } from './lib/record.ts';
import { LiveRun } from './lib/run.ts';
import { openWindows, publish, transition } from './lib/windows.ts';
import { skipReason } from './rules/estimate.ts';
import { voidedSteps } from './rules/head.ts';

/** Takes a change through its pipeline's steps, in order, until it is merged, or one of them fails. */
export async function pipelineRun(raw: unknown): Promise<Result> {
  const input = read(raw);
  const live = new LiveRun(recordOf(input));
  const { state } = live;
  openWindows(() => state);
  openInbox(live, standing(live));
  const root = CancellationScope.current();
  void root.cancelRequested.catch(() => stopping(state));

  return conclude(live, async () => {
    if (!state.change.basis) await examine(live);
    for (;;) {
      if (live.restart !== undefined) restart(live);
      const step = state.steps.find(({ state }) => state === 'pending' || state === 'working');
      if (!step) return;
      if (workflowInfo().continueAsNewSuggested) await moveOn(live, step);

      const end = await withinScope(live, () => oneStep(live, step));
      if (end === 'called-off') continue;
      const over = settle(live, step, end);
      if (over) return over;
    }
  });
}

/** Parses at the door. A continued run that cannot be read was written by a newer build: that one shall have it. */
function read(raw: unknown): Input {
  const { workflowId, continuedFromExecutionRunId } = workflowInfo();
  if (isUnreadable(raw)) throw new Error('The input cannot be decoded: does this worker lack a codec?');
  const { data, error } = RunInput.safeParse(raw);
  if (!data && continuedFromExecutionRunId) throw new Error(`A newer build wrote this input: ${error.message}`);
  if (!data) return refuseInput(badFields(error));
  const id = runIdOf(data.workspace, data.task.id);
  if (id !== workflowId) refuseInput([{ path: 'workflowId', expected: `expected ${id}` }]);
  return data;
}

/** Looks at the world before anything is made in it. */
async function examine(live: LiveRun): Promise<void> {
  const { state } = live;
  const [first] = state.steps;
  transition(state, first!, {
    phase: 'starting',
    waitingOn: 'forge',
    detail: 'Looking at the repository and its settings',
  });
  const holder = { workflowId: state.workflowId, runId: state.firstRunId };
  const question = { input: state.input, roles: rolesOf(state.pipeline), holder };
  const look = await activitiesFor('start').examine(question);
  if (look.is === 'refused') throw invalidInput(look.fields);
  examined(state, look);
}

/** One step, from the look at the head with which each begins to its gate's end. */
async function oneStep(live: LiveRun, step: StepRecord): Promise<GateEnd> {
  const { state } = live;
  const skipped = skipReason(step.options.when, state.input.task.estimate);
  if (skipped) return { is: 'skipped', note: skipped };

  await live.safePoint(step);
  const desk = deskFor(live, step);
  step.state = 'working';
  step.startedAt ??= new Date().toISOString();
  if (state.head !== undefined && step.step > 1) {
    transition(state, step, { phase: 'starting', waitingOn: 'forge', detail: `Looking at ${state.change.branch}` });
    live.saw(await desk.activities.lookAtChange({ change: state.change, known: state.head }));
    const [first, ...others] = voidedSteps(state).filter((each) => each.step.step < step.step);
    if (first) return { is: 'back', to: [first, ...others].map((each) => each.step.id), because: first.because };
  }
  return gateFor(step.kind).run(contextFor(desk, () => stop(live)) as never);
}

/** Notes how a step ended. A rejection or failure ends the run; going back opens earlier steps again. */
function settle(
  live: LiveRun,
  step: StepRecord,
  end: GateEnd,
): Extract<GateEnd, { is: 'failed' | 'rejected' }> | undefined {
  live.settleEffect('done');
  if (end.is === 'back') {
    const back = live.state.steps.filter(({ id }) => end.to.includes(id));
    for (const each of [...back, step]) reopen(each, end.because);
    delete step.reopened;
    if (end.rework && back[0]) back[0].rework = end.rework;
    return undefined;
  }
  const ended = end.is === 'failed' || end.is === 'rejected';
  step.endedAt = new Date().toISOString();
  step.state = ended ? 'failed' : end.is === 'skipped' ? 'skipped' : 'done';
  step.outcome = end.is;
  step.note = 'note' in end ? end.note : end.reason;
  if (end.is === 'merged') live.state.mergeCommit = end.mergeCommit;
  delete step.reopened;
  return ended ? end : undefined;
}

/** A step's own scope, which `restartFrom` cancels without cancelling the run. */
async function withinScope(live: LiveRun, work: () => Promise<GateEnd>): Promise<GateEnd | 'called-off'> {
  const scope = new CancellationScope();
  live.callOff = () => scope.cancel();
  try {
    return await scope.run(work);
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
    if (live.state.ending) await CancellationScope.current().cancelRequested;
  }
}

/** Drops what the named step and all later ones did. */
function restart(live: LiveRun): void {
  const { state } = live;
  for (const step of state.steps.slice(live.restart! - 1)) startOver(step);
  state.restarts += 1;
  live.restart = undefined;
}

/** Goes on in a new execution, between two steps, where everything is data. */
async function moveOn(live: LiveRun, step: StepRecord): Promise<never> {
  if (!live.allTold()) await condition(live.allTold, '30 seconds', { summary: 'notices are still on their way' });
  return continueAsNew(snapshotOf(live.state, step.step));
}

const standing = (live: LiveRun): StandingActions => ({
  pause: ({ by, reason }) => void (live.state.paused ??= { by, reason, at: new Date().toISOString() }),
  resume: () => void (live.state.paused = undefined),
  stop: () => stop(live),
  restartFrom: ({ step }) => {
    live.restart = step;
    live.callOff();
  },
});

/** From now on nothing is taken any more; what is under way is called off and cleaned up. */
function stopping(state: RunState): void {
  if (state.ending) return;
  state.ending = 'stopped';
  const { current } = state;
  if (current) state.current = { ...current, phase: 'cleaning-up', detail: 'The run is being stopped', offers: [] };
  publish(state);
}

/** A workflow cannot end itself as cancelled. It asks for it, and goes the one way that every cancelled run goes. */
function stop(live: LiveRun): void {
  if (live.state.ending) return;
  stopping(live.state);
  void CancellationScope.nonCancellable(() => activitiesFor('stop').cancelRun());
}
