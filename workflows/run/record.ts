import { workflowInfo } from '@temporalio/workflow';
import type { Examined } from '../contracts/activities.ts';
import { boundedWriters } from '../contracts/foreign.ts';
import type { Text } from '../contracts/facts.ts';
import { branchOf, type RunInput } from '../contracts/pipeline-run.ts';
import type { ReleaseInput } from '../contracts/release.ts';
import { freshStep, type RunState, type StepRecord } from '../contracts/state.ts';
import { SNAPSHOT_VERSION } from '../contracts/snapshot.ts';
import { carriedOf, keepWithin } from '../rules/bounds.ts';
import { noUsage } from '../rules/budget.ts';
import { inWords } from '../words/index.ts';
import { startedOver } from '../words/verdicts.ts';
import { readSnapshot } from './snapshots.ts';
import { takeUpAsGiven } from './taking-up.ts';

/** A run as it is before the world has been looked at. Continue-as-new brings all that the run knew. */
export function recordOf(input: RunInput): RunState {
  const { resume, ...own } = input;
  if (resume?.['state'] !== undefined) return resumed(resume['state'], own as RunInput);

  const enabled = own.pipeline.steps.filter(({ enabled }) => enabled !== false);
  const steps = enabled.map((options, index) => freshStep(index + 1, options));
  const run = blank(own as RunInput, steps);
  if (resume?.settled) takeUpAsGiven(run, resume);
  return run;
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

/** What the first look at the world found out. Defaults that hang on an adapter are answered by it, and kept. */
export function examined(state: RunState, look: Extract<Examined, { is: 'ready' }>): void {
  state.change = look.change;
  if (look.repository) state.repository = look.repository;
  state.environments = look.environments;
  const { checksGraceSeconds = look.checksGraceSeconds, tested = look.tested } = state.policy;
  state.policy = { ...state.policy, checksGraceSeconds, ...(tested && { tested }) };
  // A retry brings what its first start has seen.
  state.branchResumed ??= look.head !== undefined;
  state.head ??= look.head;
  if (look.writers?.length) state.writers = boundedWriters(look.writers);
}

/** Opens a step again: its verdict is void, its budgets, visits and jobs go on. */
export function reopen(step: StepRecord, because: Text): void {
  step.state = 'pending';
  step.reopened = inWords(because);
  delete step.outcome;
  delete step.note;
  delete step.endedAt;
  delete step.judged;
}

/** Starts a step over, as a person asked: nothing of it stands, but visits and job numbers never go back. */
export function startOver(step: StepRecord): void {
  reopen(step, startedOver());
  const own = ['reopened', 'summary', 'output', 'edited', 'rework', 'decision', 'review', 'startedAt'] as const;
  for (const key of own) delete step[key];
  Object.assign(step, { spent: {}, extra: 0, rounds: [], verdicts: [] });
}

/** What continue-as-new carries: all that the snapshot's schema names, within its bytes. */
export function snapshotOf(state: RunState, from: number): RunInput['resume'] {
  keepWithin(state);
  return { version: SNAPSHOT_VERSION, from, state: carriedOf(state) };
}
