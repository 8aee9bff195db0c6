import type { Client } from '@temporalio/client';
import type { Effect } from '../../activities/ledger.ts';
import type { Crowd } from './people.ts';

/** What became of the runs, in numbers; `bars` says which of them must be what. */
export interface Verdict {
  runs: number;
  /** Parked runs of the first build that the second cannot replay: without any the proof would prove nothing. */
  refused: number;
  executions: number;
  tasksFailed: number;
  /** Workflow tasks that the server gave out again because something arrived as they ended: that is how nothing is lost. */
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

/** A workflow task that ends as something arrives is given out again: no failure of the code. */
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

/** What must hold, and how it is told. */
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
    ...(verdict.refused > 0 ? [] : ['the second build replays the first one’s runs: the proof proves nothing']),
    ...(verdict.executions > 3 * verdict.runs ? [] : ['not every run went on as new twice']),
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

/** An acknowledged action is in its run's log once; one that was queued is taken or refused there, with a reason. */
async function actionsOf(crowd: Crowd): Promise<{ lost: number; doubled: number }> {
  let [lost, twice] = [0, 0];
  const logs = new Map<string, Awaited<ReturnType<Crowd['log']>>>();
  for (const { workflowId, actionId, heard } of crowd.said) {
    if (heard === 'refused') continue;
    if (!logs.has(workflowId)) logs.set(workflowId, await crowd.log(workflowId));
    const entries = logs.get(workflowId)!.filter((entry) => entry.actionId === actionId);
    const told = entries.some(({ verdict, because }) => verdict === 'taken' || (heard === 'queued' && because));
    if (!told) lost += 1;
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
