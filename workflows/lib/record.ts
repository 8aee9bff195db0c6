import { workflowInfo } from '@temporalio/workflow';
import type { Examined } from '../contracts/activities.ts';
import { branchOf, type RunInput } from '../contracts/pipeline-run.ts';
import { stepIdOf, type StepShape } from '../contracts/pipelines.ts';
import type { StepEntry } from '../contracts/reading.ts';
import type { RunState, SeenAction, StepRecord } from '../contracts/state.ts';
import { canonicalOf } from '../rules/actions.ts';
import { noUsage } from '../rules/budget.ts';
import { SEEN_LENGTH } from '../rules/log.ts';

/** A run as it is before the world has been looked at. A retry brings what was settled; continue-as-new brings it all. */
export function recordOf(input: RunInput): RunState {
  const { workflowId, runId, firstExecutionRunId } = workflowInfo();
  const resumed = input.resume?.['state'] as RunState | undefined;
  if (resumed) return { ...resumed, runId };

  const { resume, ...own } = input;
  const at = new Date().toISOString();
  const enabled = own.pipeline.steps.filter(({ enabled }) => enabled !== false);
  const head = resume?.['head'] as string | undefined;
  return {
    version: 1,
    workflowId,
    firstRunId: firstExecutionRunId,
    runId,
    input: own as RunInput,
    pipeline: own.pipeline,
    policy: own.policy,
    change: { ...own.change, base: own.change.base ?? '', branch: branchOf(own), basis: '' } as RunState['change'],
    ...(head && { head }),
    headAt: at,
    foreign: [],
    environments: false,
    steps: kept(enabled.map(stepRecord), resume),
    actions: (resume?.['actions'] as RunState['actions'] | undefined) ?? [],
    seen: (resume?.['seen'] as SeenAction[] | undefined) ?? seenIn(resume?.['actions']),
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
const seenIn = (actions: unknown): SeenAction[] =>
  ((actions ?? []) as RunState['actions'])
    .slice(-SEEN_LENGTH)
    .map(({ actionId, action, input, visit }) => ({ id: actionId, action, input: canonicalOf(input), visit }));

const stepRecord = (options: StepShape, index: number): StepRecord => ({
  step: index + 1,
  id: stepIdOf(index + 1, options.kind),
  kind: options.kind,
  options,
  state: 'pending',
  waitedMs: 0,
  attempts: [],
  visits: 0,
  jobs: {},
  spent: {},
  extra: 0,
  rounds: [],
  verdicts: [],
});

/** Settled steps are carried over as they were told; a visit that was named once is never named again. */
function kept(steps: StepRecord[], resume: RunInput['resume']): StepRecord[] {
  const visits = (resume?.['visits'] ?? {}) as Record<string, number>;
  const settled = (resume?.settled ?? []) as unknown as (StepEntry & { summary?: string })[];
  return steps.map((step) => {
    const before = settled.find((entry) => entry.step === step.step && entry.kind === step.kind);
    const record = { ...step, visits: visits[step.id] ?? 0 };
    if (!before || (resume && step.step >= resume.from)) return record;
    const summary = before.summary ?? before.attempts.findLast(({ outcome }) => outcome === 'completed')?.summary;
    const { judged, ...entry } = before;
    // No foreign commit is known to the new run yet: each that it comes to see voids what was judged before it began.
    const verdict = judged && { judged: { foreign: 0, ...judged } };
    return { ...record, ...entry, ...verdict, ...(summary && { summary }) };
  });
}

/** What the first look at the world found out. Defaults that hang on an adapter are answered by it, and kept. */
export function examined(state: RunState, look: Extract<Examined, { is: 'ready' }>): void {
  state.change = look.change;
  state.environments = look.environments;
  state.policy = { ...state.policy, checksGraceSeconds: state.policy.checksGraceSeconds ?? look.checksGraceSeconds };
  state.head ??= look.head;
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
  for (const key of ['reopened', 'summary', 'output', 'rework', 'decision', 'startedAt'] as const) delete step[key];
  Object.assign(step, { spent: {}, extra: 0, rounds: [], verdicts: [] });
}

/** What continue-as-new carries: everything, for all of it is data. */
export const snapshotOf = (state: RunState, from: number) => {
  const { current, runId, ...rest } = state;
  void [current, runId];
  return { ...state.input, resume: { version: 1 as const, from, settled: [], state: rest } };
};
