import { Context } from '@temporalio/activity';
import type { Activities, BadField, Need } from '../workflows/contracts/activities.ts';
import type { Change } from '../workflows/contracts/change.ts';
import { branchOf, runIdOf, START_TRIES, type RunInput } from '../workflows/contracts/pipeline-run.ts';
import { titleOfRun, untitled } from '../workflows/contracts/text/titles.ts';
import { startOf } from './closed/record.ts';
import { lives } from './environments.ts';
import { isInvalidArgument } from './failures.ts';
import { withFloor } from './examining/floors.ts';
import { unfitForForks } from './examining/forks.ts';
import { RowsUpToDate } from './rows/repairing.ts';
import { giveBack, overLimit } from './rows/task-limit.ts';
import type { ForgeExamined, Ports } from './ports.ts';
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
  (
    { forge, executor, environments, releases, rows, rules }: Needed,
    taskLimit: Settings['taskLimit'],
  ): Activities['examine'] =>
  async ({ input, roles, needs, holder, began, given }) => {
    const { branch, repository } = input.change;
    const place = { branch: branchOf(input), branchGiven: branch !== undefined, basis: began?.basis };
    const found = await forge.examine({ ...input.change, ...place });
    const named = found.is === 'found' ? found.change.repository : repository;
    const unmet = [
      ...(await unmetDependencies(input, rows)),
      ...(await overLimit({ input, holder, repository: named }, taskLimit, rows)),
    ];
    if (found.is === 'refused') return { is: 'refused', fields: [...unmet, ...found.fields] };
    if (began && named !== began.repository)
      return { is: 'refused', fields: [elsewhere(began.repository, `${repository} is ${named} now`)] };

    const floored = await flooredBy(rules, named, { ...input, given });
    const policy = { ...input.policy, ...('policy' in floored && floored.policy) };
    const site = await environments.examine(found.change);
    const release = needs.includes('release') && !(await releases.examine(found.change)).configured;
    const lacking = [
      ...(needs.includes('environment') && !site.configured ? [LACKING.environment] : []),
      ...(release ? [LACKING.release] : []),
    ];
    const fields = once([
      ...unmet,
      ...(found.title === undefined && input.task.title === untitled(input.change) ? [NO_TITLE] : []),
      ...impossible(input.policy, found),
      ...(found.fork ? unfitForForks({ ...input, policy }) : []),
      ...('fields' in floored ? floored.fields : []),
      ...(await executor.examine(found.change, roles)),
      ...site.fields,
      ...lacking,
    ]);
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
      environments: site.configured,
      checksGraceSeconds: found.checksGraceSeconds,
      tested: found.tested,
      ...('policy' in floored && Object.keys(floored.policy).length > 0 && { policy: floored.policy }),
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

const flooredBy = async (rules: Ports['rules'], repository: string, wished: Parameters<typeof withFloor>[0]) =>
  withFloor(wished, (await rules?.of(repository)) ?? { floor: {}, comment: 'ours' });

/** Only pull requests on other machines have a title of their own. */
const NO_TITLE: BadField = { path: 'task.title', expected: 'expected a title, found nothing' };

/** What the policy wants and the forge can never do. What a repository allows is known at the merge. */
function impossible(
  { mergeMethod: wanted }: RunInput['policy'],
  { mergeMethods: able, change }: Extract<ForgeExamined, { is: 'found' }>,
): BadField[] {
  if (wanted === undefined || able === undefined || able.includes(wanted)) return [];
  const expected = `expected ${able.join(' or ')}, which is how ${change.repository} can be merged into, found ${wanted}`;
  return [{ path: 'policy.mergeMethod', expected }];
}

/** The refusals of steps that need a setting which the repository lacks. */
const LACKING: Record<Need, BadField> = {
  environment: {
    path: '.gatehouse.yml:environment',
    expected: 'expected a command that runs the change: this pipeline has a deployer',
  },
  release: {
    path: '.gatehouse.yml:release',
    expected: 'expected a command that reads the release’s signals: this pipeline has post-release-health',
  },
};

/** Removes duplicates, because several roles may lack the same command. */
const once = (fields: BadField[]): BadField[] => [
  ...new Map(fields.map((field) => [`${field.path} ${field.expected}`, field])).values(),
];

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
