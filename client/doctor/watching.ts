import { ScheduleAlreadyRunning, ScheduleNotFoundError, type Client, type ScheduleOptions } from '@temporalio/client';
import { shellWord } from '../../workflows/contracts/text/quoting.ts';
import { watchIdOf, type Finding, type Survey } from '../../workflows/contracts/survey.ts';
import { typed } from '../invocation.ts';

/** A survey that takes longer is given up, because the next one starts afresh. */
const LONGEST = '15 minutes';

export interface Watching {
  taskQueue: string;
  /** The milliseconds between two surveys. */
  everyMs: number;
  /** Whether each survey fixes what it can. */
  fix: boolean;
}

/** Creates a schedule that repeats the survey, or updates the schedule that exists. */
export async function watch({ schedule }: Client, watching: Watching): Promise<void> {
  const wanted = optionsOf(watching);
  try {
    await schedule.create(wanted);
  } catch (failure) {
    if (!(failure instanceof ScheduleAlreadyRunning)) throw failure;
    const { spec, action, policies } = wanted;
    await schedule.getHandle(wanted.scheduleId).update(({ state }) => ({ spec, action, policies: policies!, state }));
  }
}

/** Deletes the schedule, if it exists. */
export async function unwatch({ schedule }: Client, taskQueue: string): Promise<void> {
  try {
    await schedule.getHandle(watchIdOf(taskQueue)).delete();
  } catch (failure) {
    if (!(failure instanceof ScheduleNotFoundError)) throw failure;
  }
}

function optionsOf({ taskQueue, everyMs, fix }: Watching) {
  const scheduleId = watchIdOf(taskQueue);
  return {
    scheduleId,
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: 'survey',
      workflowId: scheduleId,
      taskQueue,
      args: [{ fix, watch: true }],
      workflowRunTimeout: LONGEST,
      staticSummary: `gatehouse doctor --watch${fix ? ' --fix' : ''}`,
    },
    // A missed survey is not caught up on, because the next one finds the same.
    policies: { overlap: 'SKIP', catchupWindow: '1 minute' },
  } satisfies ScheduleOptions;
}

/** Reports whether the schedule exists, and what its last finished survey has found. */
export async function watchOf({ schedule, workflow }: Client, taskQueue: string): Promise<Finding> {
  const about = 'watch';
  try {
    const { spec, state, info } = await schedule.getHandle(watchIdOf(taskQueue)).describe();
    const every = inWords(spec.intervals?.[0]?.every ?? 0);
    if (state.paused)
      return {
        about,
        ok: false,
        detail: `every ${every}, but paused`,
        mend: `temporal schedule toggle --unpause --schedule-id ${shellWord(watchIdOf(taskQueue))}`,
      };
    const last = info.recentActions.at(-1);
    if (!last) return { about, ok: true, detail: `every ${every}; no pass yet` };
    return { about, ...(await lastPass(workflow, last.action.workflow.workflowId, `every ${every}`)) };
  } catch (failure) {
    if (!(failure instanceof ScheduleNotFoundError)) throw failure;
    return { about, ok: true, detail: `no schedule repeats the check: ${typed('doctor --watch')} adds one` };
  }
}

async function lastPass(
  workflow: Client['workflow'],
  workflowId: string,
  every: string,
): Promise<Omit<Finding, 'about'>> {
  const handle = workflow.getHandle(workflowId);
  const { status, startTime } = await handle.describe();
  const at = `last pass at ${startTime.toISOString()}`;
  if (status.name === 'RUNNING') return { ok: true, detail: `${every}; ${at} is under way` };
  if (status.name !== 'COMPLETED') {
    const mend = `temporal workflow describe --workflow-id ${shellWord(workflowId)}`;
    return { ok: false, detail: `${every}; ${at} ended as ${status.name}`, mend };
  }
  const { findings } = (await handle.result()) as Survey;
  const bad = findings.filter(({ ok }) => !ok).length;
  return { ok: true, detail: `${every}; ${at}: ${bad === 0 ? 'all was well' : `${bad} found`}` };
}

const UNITS = { h: 3_600_000, m: 60_000, s: 1_000 } as const;
const LEAST_MS = 10_000;
const MOST_MS = 86_400_000;

/** Parses a time from 10 seconds to a day, such as `30s`, `5m` or `1h`, to milliseconds. Undefined if it is invalid. */
export function everyOf(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,5})([smh])$/.exec(text) ?? [];
  const ms = Number(count) * UNITS[unit as keyof typeof UNITS];
  return ms >= LEAST_MS && ms <= MOST_MS ? ms : undefined;
}

function inWords(ms: number): string {
  const unit = (['h', 'm', 's'] as const).find((each) => ms % UNITS[each] === 0) ?? 's';
  return `${ms / UNITS[unit]}${unit}`;
}
