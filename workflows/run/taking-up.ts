import type { BadField } from '../contracts/activities.ts';
import type { ClosedRun, RecoveredFacts } from '../contracts/run/closed-run.ts';
import type { Resume } from '../contracts/pipeline-run.ts';
import type { StepEntry } from '../contracts/reading.ts';
import type { SeenAction } from '../contracts/run/snapshot.ts';
import type { RunState, StepRecord } from '../contracts/run/state.ts';
import { fingerprintOf } from '../rules/actions.ts';
import { readEstimate } from '../rules/estimate.ts';
import { mergedMeanwhile, recovered as recoveredText } from '../words/run.ts';
import { resumeFromNoStep, resumeNamesNoRun, resumeNotForPeople } from '../words/input.ts';
import { markByCount } from './snapshots.ts';
import { LOG_LENGTH, SEEN_LENGTH } from '../rules/log.ts';

/** The fields of `resume` that nobody may pass: what was settled is read from the closed run. */
export function madeUp(resume: Resume | undefined): BadField[] {
  if (!resume) return [];
  const { from, of, ...facts } = resume;
  void from;
  const named = Object.keys(facts).slice(0, 10);
  if (named.length === 0 && !of) return [resumeNamesNoRun()];
  return named.map((name) => resumeNotForPeople({ name }));
}

/**
 * Takes up what a closed run has settled before the step to run again. If none is named, that is the first unsettled one.
 */
export function takeUp(state: RunState, run: ClosedRun, wanted: number | undefined): BadField[] {
  const numbers = new Set(run.settled.map(({ step }) => step));
  const from = wanted ?? state.steps.find(({ step }) => !numbers.has(step))?.step;
  const steps = state.steps.length;
  if (from === undefined || from > steps) return [resumeFromNoStep({ steps, from })];
  // Builds that named no version only counted the commits of others.
  if (run.version === undefined) markByCount(run.settled, run.foreign);
  takeOver(state, run, from);
  if (run.recovered) takeUpLost(state, run.recovered);
  return [];
}

/** What only a run goes on with that a lost server had: what it has cost, and that somebody has paused it. The log says so. */
function takeUpLost(state: RunState, { at, by, usage, paused }: RecoveredFacts): void {
  const last = state.actions.findLast(
    ({ action, verdict }) => verdict === 'taken' && /^(?:pause|resume)$/.test(action),
  );
  state.usage = usage;
  if (paused && last?.action === 'pause') state.paused = { by: last.by, at: last.at };
  const entry = {
    action: 'recover',
    at,
    verdict: 'taken',
    effect: 'done',
    repeats: 0,
    because: recoveredText(),
  } as const;
  state.actions = [...state.actions, { actionId: `recover/${at}`, ...(by && { by }), ...entry }].slice(-LOG_LENGTH);
}

/**
 * Takes up that a change was merged while its run was lost. Returns whether the run itself has merged it: it stood at its merger, or
 * beyond. What follows the merge is still done then.
 */
export function takeUpMerge(state: RunState, { change, commit }: NonNullable<RecoveredFacts['merged']>): boolean {
  state.change = change;
  const next = state.steps.find(({ state: of }) => of === 'pending');
  if (next?.kind === 'merger') {
    next.startedAt = next.endedAt = new Date().toISOString();
    Object.assign(next, { state: 'done', outcome: 'merged', note: mergedMeanwhile({ commit }) });
  }
  const merger = state.steps.find(({ outcome }) => outcome === 'merged');
  if (!merger) return false;
  state.mergeCommit = commit;
  state.mergedAt = merger.endedAt ?? new Date().toISOString();
  return true;
}

/** Takes over what a retry of an earlier build passed on in its input. */
export function takeUpAsGiven(state: RunState, { from = 1, ...given }: Resume): void {
  const { seen, ...brought } = given as Partial<ClosedRun> & { seen?: SeenAction[] };
  const nothing = { settled: [], visits: {}, foreign: [], actions: [], outputs: {}, reviews: {} };
  takeOver(state, { ...nothing, ...brought }, from);
  if (seen) state.seen = seen;
}

/** What people have done in this run already comes after what they did in the one before. */
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
 * Settled steps are carried over as they were reported, and so are people's answers in a review that is not settled. A
 * visit's number is never used again.
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
  const summary = before.summary ?? before.attempts.findLast(({ outcome }) => outcome === 'completed')?.summary;
  return { ...record, ...before, ...(summary && { summary }), ...made };
}

/** The actions in a log, so that one sent again is a repeat in the retry too. */
const seenIn = (actions: RunState['actions']): SeenAction[] =>
  actions
    .slice(-SEEN_LENGTH)
    .map(({ actionId, action, input, visit }) => ({ id: actionId, action, input: fingerprintOf(input), visit }));
