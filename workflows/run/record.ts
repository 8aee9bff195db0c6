import { workflowInfo } from '@temporalio/workflow';
import type { Examined } from '../contracts/activities.ts';
import { boundedWriters } from '../contracts/run/foreign.ts';
import type { Text } from '../contracts/facts.ts';
import { branchOf, type RunInput } from '../contracts/pipeline-run.ts';
import type { ReleaseInput } from '../contracts/release.ts';
import { freshStep, type RunState, type StepRecord } from '../contracts/run/state.ts';
import { SNAPSHOT_VERSION } from '../contracts/run/snapshot.ts';
import { carriedOf, keepWithin } from '../rules/bounds.ts';
import { noUsage } from '../rules/budget.ts';
import { inWords } from '../words/index.ts';
import { legible, untitled } from '../contracts/text/titles.ts';
import { startedOver } from '../words/verdicts.ts';
import { readSnapshot } from './snapshots.ts';
import { takeUpAsGiven } from './taking-up.ts';

/** The state of a run before its repository is examined, or as its earlier execution handed it over. */
export function recordOf(input: RunInput): RunState {
  const { resume, ...own } = input;
  if (resume?.['state'] !== undefined) return resumed(resume['state'], own as RunInput);

  const enabled = own.pipeline.steps.filter(({ enabled }) => enabled !== false);
  const steps = enabled.map((options, index) => freshStep(index + 1, options));
  const run = blank(own as RunInput, steps);
  if (resume?.settled) takeUpAsGiven(run, resume);
  return run;
}

/** The state that an earlier execution handed over. */
function resumed(handed: unknown, input: RunInput): RunState {
  const state = readSnapshot(handed);
  return { ...state, input: describedBy(input, state.described), runId: workflowInfo().runId };
}

/** The input with what its pull request says. */
const describedBy = (input: RunInput, said: RunState['described']): RunInput =>
  said ? { ...input, task: { ...input.task, ...said } } : input;

/** The state of a release watch: a run of one step, on a merged change. */
export function watchRecordOf({ task, change, policy, pipeline, options, ...input }: ReleaseInput): RunState {
  const { workspace, startedBy, mergeCommit, mergedAt, resume } = input;
  const step = { ...options, kind: 'post-release-health' };
  const own = { workspace, task, change, policy, pipeline: { name: pipeline, steps: [step] }, startedBy };
  if (resume?.['state'] !== undefined) return resumed(resume['state'], own as RunInput);
  // The base has the merged commits. The work branch is gone, or has a new owner.
  // What was merged is the base's own.
  const { fork, ...merged } = change;
  void fork;
  const released = { ...merged, branch: change.base };
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

/** Records what the examination found, with the defaults that depend on the forge. */
export function examined(state: RunState, found: Extract<Examined, { is: 'ready' }>): void {
  state.change = found.change;
  if (found.repository) state.repository = found.repository;
  state.environments = found.environments;
  const policy = { ...state.policy, ...found.policy };
  const { checksGraceSeconds = found.checksGraceSeconds, tested = found.tested } = policy;
  state.policy = { ...policy, checksGraceSeconds, ...(tested && { tested }) };
  if (found.fork) state.fork = {};
  describe(state, found);
  // A retry has taken over what its first start found.
  state.branchResumed ??= found.head !== undefined;
  state.head ??= found.head;
  if (found.writers?.length) state.writers = boundedWriters(found.writers);
}

/** The task's title and description are those of its pull request, where it has none. */
function describe(state: RunState, found: Extract<Examined, { is: 'ready' }>): void {
  const { task, change } = state.input;
  const isTitled = task.title !== untitled(change);
  const title = isTitled
    ? task.title
    : legible(found.title ?? task.title)
        .trim()
        .slice(0, TITLE_LENGTH) || task.title;
  const description = task.description ?? found.description?.slice(0, DESCRIPTION_LENGTH);
  if (isTitled && description === task.description) return;
  state.described = { title, ...(description && { description }) };
  state.input = describedBy(state.input, state.described);
}

/** The limits of a task's title and description, in characters. */
const TITLE_LENGTH = 200;
const DESCRIPTION_LENGTH = 50_000;

/** Reopens a step. Its verdict is void; its budgets, visits and job numbers continue. */
export function reopen(step: StepRecord, because: Text): void {
  step.state = 'pending';
  step.reopened = inWords(because);
  delete step.outcome;
  delete step.note;
  delete step.endedAt;
  delete step.judged;
}

/** Starts a step over, as a person wants. Only the numbers of visits and jobs continue. */
export function startOver(step: StepRecord): void {
  reopen(step, startedOver());
  const own = ['reopened', 'summary', 'output', 'edited', 'rework', 'decision', 'review', 'startedAt'] as const;
  for (const key of own) delete step[key];
  Object.assign(step, { spent: {}, extra: 0, rounds: [], verdicts: [] });
}

/** What the next execution receives: all that the snapshot's schema names, within its limit. */
export function snapshotOf(state: RunState, from: number): RunInput['resume'] {
  keepWithin(state);
  return { version: SNAPSHOT_VERSION, from, state: carriedOf(state) };
}
