import type { ActionEntry, StepEntry } from '../../workflows/contracts/reading.ts';
import type { Activities } from '../../workflows/contracts/activities.ts';
import type { RunNote } from '../../workflows/contracts/run/row.ts';
import { bounded } from './labels.ts';
import type { Metrics } from './metrics.ts';

/** How many effects and ends of steps are remembered, so that a report that is repeated counts once. */
const REMEMBERED = 10_000;

/** Counts what activities answer and what runs report. Nothing is asked for it. */
export function measuring(activities: Activities, metrics: Metrics, now: () => number = Date.now): Activities {
  const seen = new Set<string>();
  const isNew = (key: string): boolean => {
    if (seen.has(key)) return false;
    seen.add(key);
    if (seen.size > REMEMBERED) seen.delete(seen.keys().next().value!);
    return true;
  };
  const note = (report: RunNote): void => {
    const { state, actions = [] } = report;
    for (const action of actions.filter(hasEffect))
      if (isNew(`${state.workflowId} ${action.actionId} ${action.at}`))
        metrics.actionToEffect.observe(bounded({ action: action.action }), (now() - Date.parse(action.at)) / 1_000);
    for (const step of stepsOf(report))
      if (isNew(`${state.workflowId} ${step.id} ${step.endedAt}`))
        metrics.steps.observe(bounded({ gate: step.kind, outcome: step.outcome ?? step.state }), secondsOf(step));
  };
  return {
    ...activities,
    async noteRun(report) {
      note(report);
      await activities.noteRun(report);
    },
    async runJob(job) {
      const report = await activities.runJob(job);
      if (report.is !== 'held') metrics.attempts.inc(bounded({ role: job.role, outcome: report.is }));
      return report;
    },
  };
}

const hasEffect = ({ effect, repeats }: ActionEntry): boolean => effect !== undefined && repeats === 0;

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
