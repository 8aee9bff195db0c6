import type { RunOwner } from '../../workflows/contracts/activities.ts';
import type { Orphan } from '../../workflows/contracts/survey.ts';
import type { Ports } from '../ports.ts';
import { concurrently } from './concurrently.ts';
import { tailOf, type RunStatuses } from './run-statuses.ts';
import type { Seen, Server } from './server.ts';

/** A resource that belongs to a run whose status is not known yet. */
type Listed = Omit<Orphan, 'fate'>;

/** The runs and environments that visibility listed. */
export interface Around {
  server: Server;
  statuses: RunStatuses;
  /** Running runs and release watches, and environments, by workflow id. */
  live: ReadonlyMap<string, Seen>;
  lifecycles: ReadonlyMap<string, Seen>;
  /** The workflow ids of runs that were terminated or timed out. */
  cut: ReadonlySet<string>;
}

/** Jobs whose run is not live, but whose agents still run or whose checkouts are left. */
export async function orphanedJobs({ statuses }: Around, { executor }: Pick<Ports, 'executor'>): Promise<Orphan[]> {
  const jobs = await executor.list();
  const listed = jobs.flatMap(({ key, running }): Listed[] => {
    const holder = ownerOfJob(key);
    return holder ? [{ kind: 'job', key, holder, running }] : [];
  });
  return judged(listed, statuses);
}

/**
 * Checks whose run is not live, and claims of runs that could not release their branch. The next run takes over other
 * claims.
 */
export async function orphanedBranches({ statuses, cut }: Around, { forge }: Pick<Ports, 'forge'>): Promise<Orphan[]> {
  const held = await forge.list();
  const listed = held.flatMap(({ repository, branch, holder, checks }): Listed[] => {
    const common = { key: `${repository}#${branch}`, holder, change: { repository, branch } };
    return [
      ...(checks > 0 ? [{ kind: 'checks' as const, ...common }] : []),
      ...(cut.has(holder.workflowId) ? [{ kind: 'claim' as const, ...common }] : []),
    ];
  });
  const left = await judged(listed, statuses);
  return left.filter(({ kind, fate }) => kind !== 'claim' || (fate.is === 'gone' && isCut(fate.how)));
}

const isCut = (how: string) => how === 'TERMINATED' || how === 'TIMED_OUT';

/** Environments whose owner is not live. One that began after a running run belongs to that run. */
export async function unownedEnvironments({ server, statuses, live, lifecycles }: Around): Promise<Orphan[]> {
  const unowned = [...lifecycles.values()].filter(({ workflowId, startedAt }) => {
    const run = live.get(runOf(workflowId));
    return !run || startedAt < run.startedAt;
  });
  const listed = await concurrently(unowned, async ({ workflowId }): Promise<Listed[]> => {
    if ((await server.describe(workflowId))?.status !== 'RUNNING') return [];
    const view = await server.environment(workflowId).catch(() => undefined);
    return view ? [{ kind: 'environment', key: workflowId, holder: view.holder }] : [];
  });
  return judged(listed.flat(), statuses);
}

/** Environments of a provider whose own workflow is gone, because it was terminated. */
export async function orphanedEnvironments(
  { server, statuses, lifecycles }: Around,
  { environments }: Pick<Ports, 'environments'>,
): Promise<Orphan[]> {
  const keys = (await environments.list()).filter((key) => ownerOfEnvironment(key));
  const listed = keys.map((key): Listed => ({ kind: 'site', key, holder: ownerOfEnvironment(key)! }));
  const left = await judged(listed, statuses);
  const seenTo = await concurrently(left, async ({ key, holder }) => {
    const workflowId = key.split('/').slice(0, 3).join('/');
    // The server is also asked about workflows that visibility no longer shows, or does not show yet.
    const runs = lifecycles.has(workflowId) || (await server.describe(workflowId))?.status === 'RUNNING';
    if (!runs) return false;
    const view = await server.environment(workflowId).catch(() => undefined);
    return !view || tailOf(view.holder) === tailOf(holder);
  });
  return left.filter((_, index) => !seenTo[index]);
}

/** The resources whose run is not live, with that run's status. */
async function judged(listed: Listed[], statuses: RunStatuses): Promise<Orphan[]> {
  const all = await concurrently(listed, async (each) => ({ ...each, fate: await statuses.of(each.holder) }));
  return all.flatMap(({ fate, ...each }) => (fate.is === 'live' ? [] : [{ ...each, fate }]));
}

const runOf = (environmentId: string): string => environmentId.replace(/^env\//, 'run/');

/** A job's key begins with its run's workflow id and the end of its first run id. */
function ownerOfJob(key: string): RunOwner | undefined {
  const [, workflowId, runId] = /^((?:run|release)\/[^/]+\/[^/]+)\/([^/]+)\/./.exec(key) ?? [];
  return workflowId && runId ? { workflowId, runId } : undefined;
}

/** `env/<workspace>/<task>/<end of the owner's run id>/<generation>`. */
function ownerOfEnvironment(key: string): RunOwner | undefined {
  const [, task, runId] = /^env\/([^/]+\/[^/]+)\/([^/]+)\/\d+$/.exec(key) ?? [];
  return task && runId ? { workflowId: `run/${task}`, runId } : undefined;
}
