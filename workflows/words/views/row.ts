import type { ClosedRun } from '../../contracts/run/closed-run.ts';
import type { Order, RowRecord, RowState } from '../../contracts/run/row.ts';
import type { RunState } from '../../contracts/run/state.ts';
import { shownWithin } from '../../rules/bounds.ts';
import { beganAt, statusOf, stepEntry, visitsOf } from '../../rules/describe.ts';
import { describeRun, waitingOn } from './describe.ts';

/** The small part of a run's row. The same state always gives the same row. */
export function rowStateOf(run: RunState, order: Order, type: string, end: RowState['end']): RowState {
  const { input, change, current, closed } = run;
  const { id, title, type: taskType } = input.task;
  const { step, id: stepId, kind, phase, visit, attempt, attempts } = current ?? {};
  return {
    order,
    workflowId: run.workflowId,
    firstRunId: run.firstRunId,
    runId: run.runId,
    type,
    startedAt: new Date(order.at).toISOString(),
    workspace: input.workspace,
    task: { id, title, type: taskType },
    repository: run.repository ?? change.repository,
    branch: change.branch,
    ...(change.base && { base: change.base }),
    ...(change.pullRequest !== undefined && { pullRequest: change.pullRequest }),
    ...(run.pipeline.name !== undefined && { pipeline: run.pipeline.name }),
    status: statusOf(run),
    current:
      closed || step === undefined
        ? null
        : { step, id: stepId!, kind: kind!, phase: phase!, ...defined({ visit, attempt, attempts }) },
    waitingOn: waitingOn(run),
    ...(run.head !== undefined && { head: run.head }),
    ...(run.mergeCommit !== undefined && { mergeCommit: run.mergeCommit }),
    environment: run.environment,
    usage: run.usage,
    ...(end && { end }),
  };
}

const defined = <Fields extends object>(fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;

/** The large part of a run's row. */
export function rowRecordOf(run: RunState, given: Pick<RowRecord, 'input' | 'of'>): RowRecord {
  const { steps, ...answer } = describeRun(run);
  void steps;
  return { ...given, answer, closed: closedRunOf(run) };
}

/** What a retry takes over: the same as it reads from the failure and the answers of a closed run. */
function closedRunOf(run: RunState): ClosedRun {
  const { steps, actions, foreign, branchResumed, change, head, version } = run;
  const settled = steps.filter(({ state }) => state === 'done' || state === 'skipped');
  const made = steps.filter(({ state, review, summary }) => (state === 'done' || review) && summary !== undefined);
  const open = steps.filter(({ state, review }) => review && state !== 'done');
  return {
    version,
    settled: shownWithin(settled.map(stepEntry)),
    visits: visitsOf(run),
    foreign,
    branchResumed: branchResumed === true,
    base: change.base || undefined,
    began: beganAt(run),
    head,
    actions,
    outputs: Object.fromEntries(
      made.map(({ id, summary, output }) => [id, { summary: summary!, ...(output !== undefined && { output }) }]),
    ),
    reviews: Object.fromEntries(open.map(({ id, review }) => [id, review!])),
  };
}
