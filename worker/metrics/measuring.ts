import { Context } from '@temporalio/activity';
import type { ActionEntry, StepEntry } from '../../workflows/contracts/reading.ts';
import type { Activities, Job } from '../../workflows/contracts/activities.ts';
import type { RunNote } from '../../workflows/contracts/run/row.ts';
import { bounded } from './labels.ts';
import type { Metrics } from './metrics.ts';

/** How many actions and ends of steps are remembered, so that a report that is repeated counts once. */
const REMEMBERED = 10_000;

/**
 * Counts what activities answer and what runs report. Nothing is asked for it. `caller`: the id of the workflow that calls the
 * activity.
 */
export function measuring(
  activities: Activities,
  metrics: Metrics,
  { now = Date.now, caller = () => Context.current().info.workflowExecution?.workflowId } = {},
): Activities {
  const actions = new Actions(metrics, now);
  const isNew = remembering();
  const measured = {
    ...activities,
    async runJob(job: Job) {
      const report = await activities.runJob(job);
      if (report.is !== 'held') metrics.attempts.inc(bounded({ role: job.role, outcome: report.is }));
      return report;
    },
  };
  return {
    ...actions.noticing(measured, caller),
    async noteRun(report) {
      actions.taken(report);
      for (const step of stepsOf(report))
        if (isNew(`${report.state.workflowId} ${step.id} ${step.endedAt}`))
          metrics.steps.observe(bounded({ gate: step.kind, outcome: step.outcome ?? step.state }), secondsOf(step));
      await activities.noteRun(report);
    },
  };
}

/**
 * How long actions take until their runs begin to do something about them. A run reports an action within the task that takes
 * it, and the first activity that follows is the effect.
 */
class Actions {
  private readonly open = new Map<string, ActionEntry>();
  private readonly isNew = remembering();

  constructor(
    private readonly metrics: Metrics,
    private readonly now: () => number,
  ) {}

  taken({ state: { workflowId }, actions = [] }: RunNote): void {
    const taken = actions.filter(({ verdict, repeats }) => verdict === 'taken' && repeats === 0);
    for (const action of taken)
      if (this.isNew(`${workflowId} ${action.actionId} ${action.at}`)) this.open.set(workflowId, action);
    if (this.open.size > REMEMBERED) this.open.delete(this.open.keys().next().value!);
  }

  noticing = (activities: Activities, caller: () => string | undefined): Activities =>
    Object.fromEntries(
      Object.entries(activities).map(([name, work]: [string, (...given: unknown[]) => unknown]) => [
        name,
        (...given: unknown[]) => {
          if (this.open.size > 0) this.began(caller());
          return work(...given);
        },
      ]),
    ) as object as Activities;

  private began(workflowId = ''): void {
    const action = this.open.get(workflowId);
    if (!action) return;
    this.open.delete(workflowId);
    const seconds = Math.max(0, this.now() - Date.parse(action.at)) / 1_000;
    this.metrics.actionToEffect.observe(bounded({ action: action.action }), seconds);
  }
}

/** Whether something is seen for the first time, as far as that is remembered. */
function remembering(): (key: string) => boolean {
  const seen = new Set<string>();
  return (key) => {
    if (seen.has(key)) return false;
    seen.add(key);
    if (seen.size > REMEMBERED) seen.delete(seen.keys().next().value!);
    return true;
  };
}

/**
 * The steps of a run that has ended: whoever takes its last report counts all of them, and nobody counts one twice. Steps that a
 * retry took over were counted when the run before ended.
 */
const stepsOf = ({ state, record }: RunNote): StepEntry[] =>
  (state.end ? (record?.closed.settled ?? []) : []).filter(
    ({ startedAt, endedAt, state: now }) =>
      endedAt !== undefined && startedAt !== undefined && startedAt >= state.startedAt && now !== 'skipped',
  );

const secondsOf = ({ startedAt, endedAt, waitedMs }: StepEntry): number =>
  Math.max(0, Date.parse(endedAt!) - Date.parse(startedAt!) - waitedMs) / 1_000;
