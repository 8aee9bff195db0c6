import type { BadField } from '../contracts/activities.ts';
import type { ClosedRun } from '../contracts/closed-run.ts';
import type { Resume } from '../contracts/pipeline-run.ts';
import type { StepEntry } from '../contracts/reading.ts';
import type { SeenAction } from '../contracts/snapshot.ts';
import type { RunState, StepRecord } from '../contracts/state.ts';
import { fingerprintOf } from '../rules/actions.ts';
import { readEstimate } from '../rules/estimate.ts';
import { markByCount } from '../rules/head.ts';
import { LOG_LENGTH, SEEN_LENGTH } from '../rules/log.ts';

/** What of a start input nobody may say: what was settled is the closed run's to tell. */
export function madeUp(resume: Resume | undefined): BadField[] {
  if (!resume) return [];
  const { from, of, ...facts } = resume;
  void from;
  const named = Object.keys(facts).slice(0, 10);
  if (named.length === 0 && !of)
    return [{ path: 'resume.of', expected: 'expected the execution to go on from, as { "runId" }, found nothing' }];
  const expected = 'expected nothing: what was settled is read from the closed run that resume.of names';
  return named.map((name) => ({ path: `resume.${name.slice(0, 100)}`, expected }));
}

/**
 * Takes up what a closed run has settled before the step that is to be done anew: without one, before the first that is
 * not.
 */
export function takeUp(state: RunState, run: ClosedRun, wanted: number | undefined): BadField[] {
  const numbers = new Set(run.settled.map(({ step }) => step));
  const from = wanted ?? state.steps.find(({ step }) => !numbers.has(step))?.step;
  const steps = `expected a step of the pipeline, 1 to ${state.steps.length}`;
  if (from === undefined)
    return [{ path: 'resume.from', expected: `${steps}, found nothing: all of them are settled` }];
  if (from > state.steps.length) return [{ path: 'resume.from', expected: `${steps}, found ${from}` }];
  // Builds that named no version only counted the commits of others.
  if (run.version === undefined) markByCount(run.settled, run.foreign);
  takeOver(state, run, from);
  return [];
}

/** As retries of earlier builds brought it themselves: runs that had begun so go on so. */
export function takeUpAsGiven(state: RunState, { from = 1, ...given }: Resume): void {
  const nothing = { settled: [], visits: {}, foreign: [], actions: [], outputs: {}, reviews: {} };
  const { seen, ...run } = { ...nothing, ...given } as unknown as ClosedRun & { seen?: SeenAction[] };
  takeOver(state, run, from);
  if (seen) state.seen = seen;
}

/** What people have said to this run already comes after what they said to the one before. */
function takeOver(state: RunState, run: ClosedRun, from: number): void {
  const { head, foreign, branchResumed, actions } = run;
  state.steps = state.steps.map((step) => kept(step, run, from));
  const estimated = state.steps.find(({ kind, state }) => kind === 'task-estimator' && state === 'done');
  const { estimate } = readEstimate(estimated?.output) ?? {};
  if (estimate) state.estimate = estimate;
  if (head) state.head = head;
  state.foreign = foreign;
  state.branchResumed = branchResumed;
  state.seen = [...seenIn(actions), ...state.seen].slice(-SEEN_LENGTH);
  state.actions = [...actions, ...state.actions].slice(-LOG_LENGTH);
}

/**
 * Settled steps are carried over as they were told, and so is what people said in a review that is not; a visit that was
 * named once is never named again.
 */
function kept(step: StepRecord, { settled, visits, outputs, reviews }: ClosedRun, from: number): StepRecord {
  const record = { ...step, visits: visits[step.id] ?? 0 };
  const made = outputs[step.id];
  const review = reviews[step.id];
  if (step.step === from && review) return { ...record, ...made, review };
  if (step.step >= from) return record;
  const before = (settled as (StepEntry & { summary?: string })[]).find(
    (entry) => entry.step === step.step && entry.kind === step.kind,
  );
  if (!before) return record;
  const told = before.summary ?? before.attempts.findLast(({ outcome }) => outcome === 'completed')?.summary;
  return { ...record, ...before, ...(told && { summary: told }), ...made };
}

/** What a retry’s log says was done: the same action sent once more is a repeat, also in the run that goes on. */
const seenIn = (actions: RunState['actions']): SeenAction[] =>
  actions
    .slice(-SEEN_LENGTH)
    .map(({ actionId, action, input, visit }) => ({ id: actionId, action, input: fingerprintOf(input), visit }));
