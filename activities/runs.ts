import { Context } from '@temporalio/activity';
import type { Activities, BadField } from '../workflows/contracts/activities.ts';
import type { Change } from '../workflows/contracts/change.ts';
import { runIdOf, START_TRIES, type RunInput } from '../workflows/contracts/pipeline-run.ts';
import { titleOfRun, untitled } from '../workflows/contracts/text/titles.ts';
import { startOf } from './closed/record.ts';
import { lives } from './environments.ts';
import { isInvalidArgument } from './failures.ts';
import { examineWish } from './examining/wish.ts';
import { RowsUpToDate } from './rows/repairing.ts';
import { giveBack, overLimit } from './rows/task-limit.ts';
import type { Ports } from './ports.ts';
import type { Rows } from './rows/rows.ts';
import type { Settings } from './settings.ts';
import { serverOf } from './survey/server.ts';

type Own = Pick<Activities, 'examine' | 'cancelRun' | 'startDependents'>;

type Needed = Pick<Ports, 'forge' | 'executor' | 'environments' | 'releases' | 'rows' | 'rules'>;

export const runActivities = (
  ports: Needed,
  { taskQueue, taskLimit }: Pick<Settings, 'taskQueue' | 'taskLimit'>,
  upToDate: Pick<RowsUpToDate, 'ensure'> = new RowsUpToDate(),
): Own => ({
  async examine(question) {
    const { rows } = ports;
    const isDecidedByRows = taskLimit !== undefined || (question.input.task.dependsOn ?? []).length > 0;
    if (rows && isDecidedByRows) await upToDate.ensure(serverOf(Context.current().client), rows);
    const found = await examining(ports, taskLimit)(question);
    if (found.is === 'refused') {
      await giveBack(rows, question.holder);
      return { ...found, ...(rows && { rows: true }) };
    }
    if (!rows) return found;
    await rows.begin({ ...question.holder, ...(await startOfThis()) });
    return { ...found, rows: true, steps: true };
  },

  async cancelRun() {
    const { client, info } = Context.current();
    await client.workflow.getHandle(info.workflowExecution!.workflowId).cancel();
  },

  async startDependents({ inputs }) {
    const lost: { id: string; because: string }[] = [];
    const tried: unknown[] = [];
    for (const input of inputs) {
      const id = idOf(input);
      try {
        await startDependent(input, taskQueue, ports.rows);
      } catch (failure) {
        const final = isRefusal(failure) || Context.current().info.attempt >= START_TRIES;
        if (final) lost.push({ id, because: (failure as Error).message.slice(0, 500) });
        else tried.push(failure);
      }
    }
    // The next attempt finds the dependents that have started.
    if (tried.length > 0) throw tried[0];
    return { lost };
  },
});

/** The start input of the run that asks, for its record: with it, a lost run is started anew. */
async function startOfThis() {
  const { client, info } = Context.current();
  const { workflowId, runId } = info.workflowExecution!;
  const { input, startedAt } = await startOf(client.workflow, { workflowId, runId });
  const { resume, ...own } = input;
  return { startedAt, input: own, of: (resume as { of?: { runId: string } } | undefined)?.of?.runId };
}

/** Examines the repository, and takes the task's slot there and the branch. */
const examining =
  (ports: Needed, taskLimit: Settings['taskLimit']): Activities['examine'] =>
  async ({ input, roles, needs, holder, began, given }) => {
    const { forge, rows } = ports;
    const examined = await examineWish(ports, { input, roles, needs, basis: began?.basis, given });
    const named = examined.is === 'found' ? examined.found.change.repository : input.change.repository;
    const unmet = [
      ...(await unmetDependencies(input, rows)),
      ...(await overLimit({ input, holder, repository: named }, taskLimit, rows)),
    ];
    if (examined.is === 'refused') return { is: 'refused', fields: [...unmet, ...examined.fields] };
    if (began && named !== began.repository)
      return { is: 'refused', fields: [elsewhere(began.repository, `${input.change.repository} is ${named} now`)] };
    const { found, floor, environments } = examined;
    const fields = [...unmet, ...examined.fields];
    if (fields.length > 0) return { is: 'refused', fields };

    const claim = await forge.claim(found.change, holder, lives);
    if (claim.is === 'held') {
      return { is: 'refused', fields: [taken(found.change, claim.by.workflowId)] };
    }
    return {
      is: 'ready',
      change: found.change,
      repository: named,
      ...(found.head !== undefined && { head: found.head }),
      ...(found.writers !== undefined && { writers: found.writers }),
      ...(found.lacking !== undefined && { lacking: found.lacking }),
      environments,
      checksGraceSeconds: found.checksGraceSeconds,
      tested: found.tested,
      ...(Object.keys(floor).length > 0 && { policy: floor }),
      ...(found.title !== undefined && { title: found.title }),
      ...(found.description !== undefined && { description: found.description }),
      ...(found.fork && { fork: true }),
    };
  };

const taken = ({ branch, pullRequest }: Change, by: string): BadField =>
  pullRequest === undefined
    ? { path: 'change.branch', expected: `expected a branch that no other run uses: ${by} works on ${branch}` }
    : {
        path: 'change.pullRequest',
        expected: `expected a pull request that no other run gates: ${by} works on ${pullRequest}`,
      };

const elsewhere = (before: string, now: string): BadField => ({
  path: 'change.repository',
  expected: `expected ${before}, where the run began: ${now}`,
});

/** Each task that this one depends on must have a run that ended merged. */
async function unmetDependencies({ workspace, task }: RunInput, rows: Rows | undefined): Promise<BadField[]> {
  const unmet: string[] = [];
  for (const id of task.dependsOn ?? []) {
    if (!(await endedMerged(runIdOf(workspace, id), rows))) unmet.push(id);
  }
  return unmet.length === 0
    ? []
    : [{ path: 'task.dependsOn', expected: `expected runs that ended merged, found others: ${unmet.join(', ')}` }];
}

/** The server decides while it knows the run. After that, its row does. */
async function endedMerged(workflowId: string, rows: Rows | undefined): Promise<boolean> {
  const handle = Context.current().client.workflow.getHandle(workflowId);
  try {
    if ((await handle.describe()).status.name !== 'COMPLETED') return false;
    const result = (await handle.result()) as { outcome?: unknown };
    return result.outcome === 'merged';
  } catch (failure) {
    if ((failure as Error).name === 'WorkflowNotFoundError')
      return (await rows?.read(workflowId))?.end?.outcome === 'merged';
    throw failure;
  }
}

/** A final refusal, by us or by the server. */
class Refused extends Error {}
const isRefusal = (failure: unknown): boolean => failure instanceof Refused || isInvalidArgument(failure);

const idOf = (input: unknown): string => {
  const id = (input as { task?: { id?: unknown } } | undefined)?.task?.id;
  return typeof id === 'string' ? id.slice(0, 64) : 'A task without an id';
};

/** Starts a dependent. Its own run validates its input. If that run already exists, an earlier attempt started it. */
async function startDependent(input: unknown, taskQueue: string, rows: Rows | undefined): Promise<void> {
  const {
    workspace = 'default',
    task,
    change,
  } = input as { workspace?: string; task?: { id?: unknown; title?: unknown }; change?: unknown };
  if (typeof task?.id !== 'string') throw new Refused('its input names no task');
  const title = typeof task.title === 'string' ? task.title : (untitled(change) ?? '');
  const workflowId = runIdOf(workspace, task.id);
  if ((await rows?.known([workflowId]))?.has(workflowId)) return; // also if the server was lost since
  try {
    await Context.current().client.workflow.start('pipelineRun', {
      workflowId,
      taskQueue,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: titleOfRun({ id: task.id, title }),
    });
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw failure;
  }
}
