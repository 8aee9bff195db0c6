import type { Client, Connection } from '@temporalio/client';
import { upgradeSignal } from '../workflows/contracts/messages.ts';
import { SNAPSHOT_VERSION } from '../workflows/contracts/run/snapshot.ts';
import { ClientError } from './errors.ts';
import { codeOf, isGone } from './timeouts.ts';

/** The target of an upgrade: a task queue and, with worker versioning, a build of a deployment. */
export interface Target {
  taskQueue: string;
  deploymentName: string;
  build: string | undefined;
}

/** A live workflow according to visibility, with its task queue and version. */
export interface Deployed {
  workflowId: string;
  runId: string;
  taskQueue: string;
  /** `<deployment>:<build>`. Undefined until a versioned worker has run the workflow. */
  version: string | undefined;
}

export interface Moving {
  target: Target;
  /** The number of open workflows by place: `<queue>` or `<queue> <deployment>:<build>`. */
  places: Record<string, number>;
  /** The number of workflows that are not at the target yet. */
  left: number;
  asked: number;
}

/**
 * The first server version on which a pinned run can change its build by continuing as new. Older servers need a task queue
 * per build.
 */
const LEAVES_BUILDS = [1, 31] as const;
/**
 * gRPC's NOT_FOUND and FAILED_PRECONDITION: the server does not know the build, or not yet all the queues that its workers
 * poll.
 */
export const NOT_YET = [5, 9];
const AT_ONCE = 20;
const POLL_MS = 1_000;
/** Visibility lags a little, so its result must hold for this many polls. */
const SURE = 2;

export class CannotUpgrade extends ClientError {
  readonly code = 'cannot_upgrade';
}

/** Our live workflows and their places. Throws what the server throws. */
export async function placed(client: Client): Promise<Deployed[]> {
  const found: Deployed[] = [];
  const query = `ExecutionStatus = "Running" AND WorkflowType IN ("pipelineRun", "environment", "releaseWatch")`;
  for await (const { workflowId, runId, taskQueue, raw } of client.workflow.list({ query })) {
    const { deploymentName, buildId } = raw.versioningInfo?.deploymentVersion ?? {};
    const version = buildId ? `${deploymentName}:${buildId}` : textOf(raw.searchAttributes?.indexedFields, VERSION);
    found.push({ workflowId, runId, taskQueue, version });
  }
  return found;
}

const VERSION = 'TemporalWorkerDeploymentVersion';
function textOf(fields: Record<string, { data?: Uint8Array | null }> | null | undefined, name: string) {
  const data = fields?.[name]?.data;
  return data ? (JSON.parse(Buffer.from(data).toString('utf8')) as string) : undefined;
}

/** How many live workflows each build, or each queue, still has. An operator needs this before stopping a worker. */
export const placesOf = (all: readonly Deployed[]): Record<string, number> => {
  const places: Record<string, number> = {};
  for (const { taskQueue, version } of all) {
    const place = version ? `${taskQueue} ${version}` : taskQueue;
    places[place] = (places[place] ?? 0) + 1;
  }
  return places;
};

/**
 * Moves every live run, environment and release watch to the target: parked ones at once, working ones at their next safe
 * point. It is idempotent. Reports each change of the count, and ends when all have moved or `stop` is aborted. Throws
 * `CannotUpgrade` with instructions if the cluster does not support it.
 */
export async function upgrade(
  client: Client,
  target: Target,
  { told: reported, stop }: { told: (moving: Moving) => void; stop: AbortSignal },
): Promise<Moving> {
  if (target.build !== undefined) await makeCurrent(client, target, target.build);
  const asked = new Set<string>();
  let last = '';
  for (let sure = 0; ;) {
    const all = await placed(client);
    const left = all.filter((each) => !isThere(each, target));
    const fresh = left.filter(({ runId }) => !asked.has(runId));
    for (let from = 0; from < fresh.length; from += AT_ONCE) {
      await Promise.all(fresh.slice(from, from + AT_ONCE).map((each) => ask(client, each, target)));
    }
    for (const { runId } of fresh) asked.add(runId);

    const moving = { target, places: placesOf(all), left: left.length, asked: asked.size };
    if (JSON.stringify(moving) !== last) reported(moving);
    last = JSON.stringify(moving);
    sure = left.length === 0 ? sure + 1 : 0;
    if (sure === SURE || stop.aborted) return moving;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function isThere({ taskQueue, version }: Deployed, target: Target): boolean {
  const atBuild = target.build === undefined || version === `${target.deploymentName}:${target.build}`;
  return taskQueue === target.taskQueue && atBuild;
}

async function ask(client: Client, { workflowId, runId }: Deployed, { taskQueue, build }: Target): Promise<void> {
  const wish = { taskQueue, ...(build !== undefined && { build }), reads: SNAPSHOT_VERSION };
  try {
    await client.workflow.getHandle(workflowId, runId).signal(upgradeSignal, wish);
  } catch (failure) {
    if (!isGone(failure)) throw failure; // it has ended or continued as new since it was listed
  }
}

/** Makes new runs start with this build. The server knows a build once one of its workers has polled. */
async function makeCurrent(client: Client, target: Target, buildId: string): Promise<void> {
  const { workflowService } = client.connection as Connection;
  const { namespace } = client.options;
  const { deploymentName, taskQueue } = target;
  const { serverVersion } = await workflowService.getSystemInfo({});
  const [major = 0, minor = 0] = (serverVersion ?? '').split('.').map(Number);
  if (major < LEAVES_BUILDS[0] || (major === LEAVES_BUILDS[0] && minor < LEAVES_BUILDS[1])) {
    throw new CannotUpgrade(
      `This server (${serverVersion}) cannot move a run to another build: that needs ${LEAVES_BUILDS.join('.')} or later. ` +
        `Use a task queue per build instead: leave GATEHOUSE_BUILD unset, and change GATEHOUSE_TASK_QUEUE.`,
    );
  }
  try {
    await workflowService.setWorkerDeploymentCurrentVersion({
      namespace,
      deploymentName,
      buildId,
      identity: 'gatehouse',
    });
  } catch (failure) {
    if (!NOT_YET.includes(codeOf(failure) ?? -1)) throw failure;
    throw new CannotUpgrade(
      `No worker of build ${buildId} of ${deploymentName} has served ${taskQueue} yet. Start one with GATEHOUSE_BUILD=${buildId}, then run this again.`,
    );
  }
}
