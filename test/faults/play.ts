import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Refused, Unreachable } from '../../client/errors.ts';
import { historyToJson } from '../../client/offline/histories.ts';
import { Runs } from '../../client/runs.ts';
import { isGone, isTimeout } from '../../client/timeouts.ts';
import { actionsQuery } from '../../workflows/contracts/queries.ts';
import { environmentIdOf, releaseIdOf, runIdOf } from '../../workflows/contracts/pipeline-run.ts';
import type { ActionEntry } from '../../workflows/contracts/reading.ts';
import type { Past } from './judge/history.ts';
import type { Ack, Record } from './judge/invariants.ts';
import type { Lane } from './lane.ts';
import type { Fault } from './plan/faults.ts';
import { scenarioOf, type Deed, type ScenarioName } from './plan/scenarios.ts';
import type { Stage } from './stage.ts';

const LOOK_MS = 200;
/**
 * The time limit for the end of a run after its fault is over, in addition to the duration of an undisturbed run, because
 * most faults come early. `TIMEOUT_MS` limits the wait in all.
 */
export const CONVERGES_MS = {
  W1: 60_000,
  W2: 60_000,
  W3: 30_000,
  hung: 60_000,
  W4: 60_000,
  W5: 60_000,
  late: 120_000,
  task: 60_000,
  effect: 60_000,
  before: 60_000,
  after: 60_000,
  full: 90_000,
  slow: 240_000, // Everything stays slow until the run ends: some 500 calls of 0.4 s each.
  vanishes: 90_000,
};
/** How long a repository is missing, in milliseconds. */
const AWAY_MS = 8_000;
const TIMEOUT_MS = 300_000;

export type Played = Omit<Record, 'ledger'> & { tasks: number; struck: boolean };

const WORKSPACE = 'default';
const idsOf = (task: string) => [
  runIdOf(WORKSPACE, task),
  environmentIdOf(WORKSPACE, task),
  releaseIdOf(WORKSPACE, task),
];

/** Plays one scenario on one lane, with at most one fault, until everything that it started has ended. */
export async function play(
  stage: Stage,
  lane: Lane,
  name: ScenarioName,
  { fault, within = 60_000 }: { fault?: (task: string) => Fault; within?: number } = {},
): Promise<Played> {
  const scenario = scenarioOf(name);
  const { task, repository } = await (scenario.local ? stage.newLocalTask() : stage.newTask(scenario.world));
  const runs = new Runs(stage.client, lane.queue);
  const struck = fault?.(task);
  await lane.arm(struck);
  const over = new AbortController();
  void strikeAtEffect(stage, lane, struck, repository, over.signal);
  await runs.start({
    task: { id: task, title: `Plays ${name}` },
    change: { repository },
    pipeline: { steps: scenario.steps.map((step) => (typeof step === 'string' ? { kind: step } : step)) },
  });
  const people = new People(runs, scenario.people ?? []);
  let closedAt = await untilClosed(stage, task, people);
  over.abort();
  const { struckAt, readyAt } = lane;
  if (closedAt !== undefined) await lane.thaw();
  const log = await logOf(stage, task);
  if (!log) closedAt = undefined;
  return {
    task,
    repository,
    expected: { end: scenario.ends === 'CANCELLED' ? 'CANCELED' : scenario.ends, withinMs: within },
    pasts: await pastsOf(stage, task),
    acks: people.acks,
    log: log ?? [],
    // The fault is over when a worker is running again. The speed of the restart depends on the supervisor of the worker.
    overAt: struckAt === undefined ? undefined : Math.max(struckAt, readyAt),
    closedAt,
    tasks: await lane.tasksOf(task),
    struck: fault === undefined || struckAt !== undefined,
  };
}

/** Kills the worker, or moves the repository away, as soon as the effect is in the ledger. */
async function strikeAtEffect(
  stage: Stage,
  lane: Lane,
  fault: Fault | undefined,
  repository: string,
  over: AbortSignal,
): Promise<void> {
  if (fault?.kind !== 'effect' && fault?.kind !== 'vanishes') return;
  if (!(await stage.untilEffect(fault.task, fault.effect, fault.nth, over))) return;
  if (fault.kind === 'effect') return lane.strike();
  await rename(repository, `${repository}.away`);
  await pause(AWAY_MS);
  await rename(`${repository}.away`, repository);
  lane.struckAt = Date.now(); // The fault is over when the repository is back.
}

async function untilClosed(stage: Stage, task: string, people: People): Promise<number | undefined> {
  for (const until = Date.now() + TIMEOUT_MS; Date.now() < until; await pause(LOOK_MS)) {
    const seen = await Promise.all(idsOf(task).map((id) => lookAt(stage, id)));
    const open = seen.filter((each) => each !== undefined && each.open);
    if (open.length === 0 && seen[0]) return Date.now();
    for (const each of open) await people.see(each!.id, each!.phase);
  }
  return undefined;
}

async function lookAt({ client }: Stage, id: string) {
  try {
    const { status, searchAttributes } = await client.workflow.getHandle(id).describe();
    return { id, open: status.name === 'RUNNING', phase: String(searchAttributes['GatehousePhase']?.[0] ?? '') };
  } catch (failure) {
    if (isGone(failure)) return undefined;
    return { id, open: true, phase: '' }; // The server does not answer now.
  }
}

/** The histories of all executions of all workflows of a task. */
export async function pastsOf({ client }: Stage, task: string): Promise<Past[]> {
  const pasts: Past[] = [];
  for (const workflowId of idsOf(task)) {
    const executions: string[] = [];
    for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${workflowId}"` }))
      executions.unshift(runId);
    for (const runId of executions) {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      pasts.push({ workflowId, runId, ...(JSON.parse(historyToJson(history)) as Pick<Past, 'events'>) });
    }
  }
  return pasts;
}

/** Performs the actions of the scenario in order, each at a new visit. */
class People {
  readonly acks: Ack[] = [];
  private next = 0;
  private visit: string | undefined;

  constructor(
    private readonly runs: Runs,
    private readonly deeds: readonly Deed[],
  ) {}

  async see(workflowId: string, phase: string): Promise<void> {
    const deed = this.deeds[this.next];
    if (deed?.when !== phase) return;
    const parked = phase.endsWith(':parked');
    const visit = parked ? await this.visitOf(workflowId) : undefined;
    if (parked && (visit === undefined || visit === this.visit)) return;
    const actionId = randomUUID();
    try {
      const { is } = await this.runs.act(workflowId, deed.action, { ...deed.said, actionId, by: 'ana' });
      this.acks.push({ actionId, action: deed.action, is });
      this.next += 1;
      this.visit = visit;
    } catch (failure) {
      if (failure instanceof Refused)
        this.acks.push({ actionId, action: deed.action, is: 'refused', code: failure.code });
      else if (!(failure instanceof Unreachable)) throw failure;
    }
  }

  private async visitOf(workflowId: string): Promise<string | undefined> {
    return (await this.runs.run(workflowId).catch(() => undefined))?.current?.visit;
  }
}

/** The action logs of the run and its release watch. */
async function logOf(stage: Stage, task: string): Promise<ActionEntry[] | undefined> {
  const [run, , release] = idsOf(task) as [string, string, string];
  const logs = [await eventually(() => actionsOf(stage, run)), await eventually(() => actionsOf(stage, release))];
  return logs.every((log) => log !== undefined) ? logs.flat() : undefined;
}

/**
 * The action log of a run. Empty if the run never existed. Retries, because a replay on a busy machine is slow, and the
 * worker that was asked may be killed.
 */
export async function actionsOf({ client }: Stage, workflowId: string): Promise<ActionEntry[]> {
  const ask = () => client.workflow.getHandle(workflowId).query(actionsQuery);
  for (const until = Date.now() + 180_000; ; await pause(500)) {
    try {
      return await client.withDeadline(Date.now() + 60_000, ask);
    } catch (failure) {
      if (isGone(failure)) return [];
      if (!isTimeout(failure) || Date.now() > until) throw failure;
    }
  }
}

/** Retries a call until it returns an answer. */
async function eventually<T>(ask: () => Promise<T>): Promise<T | undefined> {
  for (const until = Date.now() + 180_000; Date.now() < until; await pause(500)) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
