import type { Client } from '@temporalio/client';
import type { Effect } from '../../activities/ledger.ts';
import type { Crowd } from './people.ts';

/** The results of the test, as numbers. `missed` lists those that are wrong. */
export interface Verdict {
  runs: number;
  /** Parked runs of the first build that the second one cannot replay. If there are none, the test proves nothing. */
  refused: number;
  executions: number;
  tasksFailed: number;
  /** Workflow tasks that the server repeated because a message arrived as they ended. This prevents lost messages. */
  redelivered: number;
  acted: number;
  acknowledged: number;
  lost: number;
  doubled: number;
  newVisits: number;
  effectsDoubled: number;
  environmentsLeft: number;
  endedBadly: number;
}

/**
 * The cause of a workflow task that the server repeats because a message arrived as it ended. The code has not failed.
 */
const REDELIVERED = 1;

export async function judge(proof: {
  client: Client;
  crowd: Crowd;
  effects: Effect[];
  refused: number;
  moved: { same: number; of: number };
  tasks: string;
}): Promise<Verdict> {
  const { client, crowd, effects, refused, moved, tasks } = proof;
  const histories = await tasksOf(client, tasks);
  const actions = await actionsOf(crowd);
  const ends = await Promise.all(crowd.ids.map((id) => crowd.ended(id)));
  return {
    runs: crowd.ids.length,
    refused,
    ...histories,
    acted: crowd.said.length,
    acknowledged: crowd.said.filter(({ heard }) => heard !== 'refused').length,
    ...actions,
    newVisits: moved.of - moved.same,
    effectsDoubled: doubled(effects),
    environmentsLeft: count(effects, 'environment-created') - count(effects, 'environment-destroyed'),
    endedBadly: ends.filter((end) => end?.is !== 'done').length,
  };
}

/** Describes each result that is wrong. */
export const missed = (verdict: Verdict): string[] => {
  const zero = [
    'tasksFailed',
    'lost',
    'doubled',
    'newVisits',
    'effectsDoubled',
    'environmentsLeft',
    'endedBadly',
  ] as const;
  return [
    ...zero.flatMap((name) => (verdict[name] === 0 ? [] : [`${name} is ${verdict[name]}, not 0`])),
    ...(verdict.refused > 0
      ? []
      : ['the second build can replay the runs of the first one, so the test proves nothing']),
    ...(verdict.executions > 3 * verdict.runs ? [] : ['some runs did not continue as new twice']),
  ];
};

async function tasksOf(client: Client, tasks: string) {
  const found = { executions: 0, tasksFailed: 0, redelivered: 0 };
  for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowType != "none"` })) {
    if (!workflowId.includes(tasks)) continue;
    found.executions += 1;
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { workflowTaskFailedEventAttributes: failed } of events ?? []) {
      if (!failed) continue;
      if (failed.cause === REDELIVERED) found.redelivered += 1;
      else {
        found.tasksFailed += 1;
        process.stderr.write(`${workflowId}: ${failed.cause} ${failed.failure?.message}\n`);
      }
    }
  }
  return found;
}

/**
 * Counts acknowledged actions that are missing in the log of their run, or are there twice. An action that was queued may
 * also be refused there, with a reason.
 */
async function actionsOf(crowd: Crowd): Promise<{ lost: number; doubled: number }> {
  let [lost, twice] = [0, 0];
  const logs = new Map<string, Awaited<ReturnType<Crowd['log']>>>();
  for (const { workflowId, actionId, heard } of crowd.said) {
    if (heard === 'refused') continue;
    if (!logs.has(workflowId)) logs.set(workflowId, await crowd.log(workflowId));
    const entries = logs.get(workflowId)!.filter((entry) => entry.actionId === actionId);
    const reported = entries.some(({ verdict, because }) => verdict === 'taken' || (heard === 'queued' && because));
    if (!reported) lost += 1;
    if (entries.length > 1) twice += 1;
  }
  return { lost, doubled: twice };
}

const ONCE = ['job-started', 'environment-created', 'environment-destroyed', 'merged', 'notice-delivered'];

function doubled(effects: Effect[]): number {
  const once = effects.filter(({ effect }) => ONCE.includes(effect)).map(({ effect, key }) => `${effect} ${key}`);
  return once.length - new Set(once).size;
}

const count = (effects: Effect[], effect: Effect['effect']) => effects.filter((each) => each.effect === effect).length;
