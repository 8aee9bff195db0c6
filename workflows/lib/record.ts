import { workflowInfo } from '@temporalio/workflow';
import type { Examined } from '../contracts/activities.ts';
import { branchOf, type RunInput } from '../contracts/pipeline-run.ts';
import type { ReleaseInput } from '../contracts/release.ts';
import type { ReviewEntry, StepEntry } from '../contracts/reading.ts';
import { freshStep, type RunState, type StepRecord } from '../contracts/state.ts';
import { SNAPSHOT_VERSION, type SeenAction } from '../contracts/snapshot.ts';
import { fingerprintOf } from '../rules/actions.ts';
import { carriedOf, keepWithin } from '../rules/bounds.ts';
import { noUsage } from '../rules/budget.ts';
import { readEstimate } from '../rules/estimate.ts';
import { SEEN_LENGTH } from '../rules/log.ts';
import { readSnapshot } from '../rules/snapshots.ts';

/** A run as it is before the world has been looked at. A retry brings what was settled; continue-as-new brings it all. */
export function recordOf(input: RunInput): RunState {
  const { resume, ...own } = input;
  if (resume?.['state'] !== undefined) return resumed(resume['state'], own as RunInput);

  const enabled = own.pipeline.steps.filter(({ enabled }) => enabled !== false);
  const steps = kept(
    enabled.map((options, index) => freshStep(index + 1, options)),
    resume,
  );
  const estimated = steps.find(({ kind, state }) => kind === 'task-estimator' && state === 'done');
  const { estimate } = readEstimate(estimated?.output) ?? {};
  const given = (resume ?? {}) as Partial<Pick<RunState, 'head' | 'foreign' | 'branchResumed' | 'actions' | 'seen'>>;
  return {
    ...blank(own as RunInput, steps),
    ...(given.head && { head: given.head }),
    foreign: given.foreign ?? [],
    branchResumed: given.branchResumed,
    ...(estimate && { estimate }),
    actions: given.actions ?? [],
    seen: given.seen ?? seenIn(given.actions),
  };
}

/** A run as its earlier execution left it. */
const resumed = (state: unknown, input: RunInput): RunState => ({
  ...readSnapshot(state),
  input,
  runId: workflowInfo().runId,
});

/** A release watch is a run of one step, on a change that is merged. */
export function watchRecordOf({ task, change, policy, pipeline, options, ...input }: ReleaseInput): RunState {
  const { workspace, startedBy, mergeCommit, mergedAt, resume } = input;
  const step = { ...options, kind: 'post-release-health' };
  const own = { workspace, task, change, policy, pipeline: { name: pipeline, steps: [step] }, startedBy };
  if (resume?.['state'] !== undefined) return resumed(resume['state'], own as RunInput);
  // What was merged is in the base: the work branch is gone, or somebody else's by now.
  const released = { ...change, branch: change.base };
  return {
    ...blank(own as RunInput, [freshStep(1, step)]),
    change: released as RunState['change'],
    mergeCommit,
    mergedAt,
  };
}

function blank(own: RunInput, steps: StepRecord[]): RunState {
  const { workflowId, runId, firstExecutionRunId } = workflowInfo();
  const at = new Date().toISOString();
  return {
    version: SNAPSHOT_VERSION,
    workflowId,
    firstRunId: firstExecutionRunId,
    runId,
    input: own,
    pipeline: own.pipeline,
    policy: own.policy,
    change: { ...own.change, base: own.change.base ?? '', branch: branchOf(own), basis: '' } as RunState['change'],
    headAt: at,
    foreign: [],
    environments: false,
    branchResumed: undefined,
    steps,
    actions: [],
    seen: [],
    notices: [],
    usage: noUsage(),
    environment: null,
    generation: 0,
    restarts: 0,
    baseMoves: 0,
    wait: { key: '', since: at },
  };
}

/** What a retry's log says was done: the same action sent once more is a repeat, also in the run that goes on. */
const seenIn = (actions: RunState['actions'] = []): SeenAction[] =>
  actions
    .slice(-SEEN_LENGTH)
    .map(({ actionId, action, input, visit }) => ({ id: actionId, action, input: fingerprintOf(input), visit }));

type Made = Pick<StepRecord, 'summary' | 'output'>;

/**
 * Settled steps are carried over as they were told, and so is what people said in a review that is not; a visit that was
 * named once is never named again.
 */
function kept(steps: StepRecord[], resume: RunInput['resume']): StepRecord[] {
  if (!resume) return steps;
  const given = <Of>(name: string) => (resume[name] ?? {}) as Record<string, Of>;
  const [visits, outputs, reviews] = [given<number>('visits'), given<Made>('outputs'), given<ReviewEntry>('reviews')];
  const settled = resume.settled as unknown as (StepEntry & Made)[];
  return steps.map((step) => {
    const before = settled.find((entry) => entry.step === step.step && entry.kind === step.kind);
    const record = { ...step, visits: visits[step.id] ?? 0 };
    const made = outputs[step.id];
    const review = reviews[step.id];
    if (step.step > resume.from || (step.step === resume.from && !review)) return record;
    if (step.step === resume.from) return { ...record, ...made, review: review! };
    if (!before) return record;
    const told = before.summary ?? before.attempts.findLast(({ outcome }) => outcome === 'completed')?.summary;
    return { ...record, ...before, ...(told && { summary: told }), ...made };
  });
}

/** So many names and e-mails of earlier writers are kept. */
const MOST_WRITERS = 400;

/** What the first look at the world found out. Defaults that hang on an adapter are answered by it, and kept. */
export function examined(state: RunState, look: Extract<Examined, { is: 'ready' }>): void {
  state.change = look.change;
  state.environments = look.environments;
  const { checksGraceSeconds = look.checksGraceSeconds, tested = look.tested } = state.policy;
  state.policy = { ...state.policy, checksGraceSeconds, ...(tested && { tested }) };
  // A retry brings what its first start has seen.
  state.branchResumed ??= look.head !== undefined;
  state.head ??= look.head;
  if (look.writers?.length) state.writers = look.writers.slice(0, MOST_WRITERS).map((name) => name.slice(0, 200));
}

/** Opens a step again: its verdict is void, its budgets, visits and jobs go on. */
export function reopen(step: StepRecord, because: string): void {
  step.state = 'pending';
  step.reopened = because;
  delete step.outcome;
  delete step.note;
  delete step.endedAt;
  delete step.judged;
}

/** Starts a step over, as a person asked: nothing of it stands, but visits and job numbers never go back. */
export function startOver(step: StepRecord): void {
  reopen(step, 'A person started it over.');
  const own = ['reopened', 'summary', 'output', 'edited', 'rework', 'decision', 'review', 'startedAt'] as const;
  for (const key of own) delete step[key];
  Object.assign(step, { spent: {}, extra: 0, rounds: [], verdicts: [] });
}

/** What continue-as-new carries: all that the snapshot's schema names, within its bytes. */
export function snapshotOf(state: RunState, from: number): RunInput['resume'] {
  keepWithin(state);
  return { version: SNAPSHOT_VERSION, from, settled: [], state: carriedOf(state) };
}
