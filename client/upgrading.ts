import type { Client, Connection } from '@temporalio/client';
import { upgradeSignal } from '../workflows/contracts/messages.ts';
import { SNAPSHOT_VERSION } from '../workflows/contracts/run/snapshot.ts';
import { ClientError } from './errors.ts';
import { codeOf, isGone } from './timeouts.ts';

/** Where runs are to be: in this queue, and at this build of this deployment where builds are told apart. */
export interface Target {
  taskQueue: string;
  deploymentName: string;
  build: string | undefined;
}

/** One live workflow as visibility knows it, and where it is. */
export interface Deployed {
  workflowId: string;
  runId: string;
  taskQueue: string;
  /** `<deployment>:<build>`; none while no versioned worker has had it. */
  version: string | undefined;
}

export interface Moving {
  target: Target;
  /** Open workflows by where they are: `<queue>` or `<queue> <deployment>:<build>`. */
  places: Record<string, number>;
  /** Those that are not at the target yet. */
  left: number;
  asked: number;
}

/**
 * The first server on which a pinned run can leave its build when it goes on as new; on others a queue of its own does it.
 */
const LEAVES_BUILDS = [1, 31] as const;
/**
 * gRPC's NOT_FOUND and FAILED_PRECONDITION: the server knows no such build, or not yet all the queues that its workers
 * poll.
 */
export const NOT_YET = [5, 9];
const AT_ONCE = 20;
const POLL_MS = 1_000;
/** Visibility is a little late: what it says must hold for so many looks. */
const SURE = 2;

export class CannotUpgrade extends ClientError {
  readonly code = 'cannot_upgrade';
}

/** Live workflows of ours, and where each is. Throws what the server throws. */
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

/** How many live workflows each build, or each queue, still has: for whoever asks before a worker is stopped. */
export const placesOf = (all: readonly Deployed[]): Record<string, number> => {
  const places: Record<string, number> = {};
  for (const { taskQueue, version } of all) {
    const place = version ? `${taskQueue} ${version}` : taskQueue;
    places[place] = (places[place] ?? 0) + 1;
  }
  return places;
};

/**
 * Has every live run, environment and release watch come to the target: those that are parked at once, those at work at
 * their next safe point. The same wish again does nothing twice. Tells each change of the count; ends when all are there,
 * or when `stop` says so. Throws `CannotUpgrade` with what to do where this cluster cannot do it.
 */
export async function upgrade(
  client: Client,
  target: Target,
  { told, stop }: { told: (moving: Moving) => void; stop: AbortSignal },
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
    if (JSON.stringify(moving) !== last) told(moving);
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
    if (!isGone(failure)) throw failure; // it has ended, or gone on, since it was listed
  }
}

/** New runs begin with this build from now on. It is known to the server once a worker of it has polled. */
async function makeCurrent(client: Client, target: Target, buildId: string): Promise<void> {
  const { workflowService } = client.connection as Connection;
  const { namespace } = client.options;
  const { deploymentName, taskQueue } = target;
  const { serverVersion } = await workflowService.getSystemInfo({});
  const [major = 0, minor = 0] = (serverVersion ?? '').split('.').map(Number);
  if (major < LEAVES_BUILDS[0] || (major === LEAVES_BUILDS[0] && minor < LEAVES_BUILDS[1])) {
    throw new CannotUpgrade(
      `On this server (${serverVersion}) a run keeps its build when it goes on as new: that takes ${LEAVES_BUILDS.join('.')} or later. ` +
        `Give each build a task queue of its own instead: leave GATEHOUSE_BUILD unset, and change GATEHOUSE_TASK_QUEUE.`,
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
      `No worker of build ${buildId} of ${deploymentName} has served ${taskQueue} yet. Start one with GATEHOUSE_BUILD=${buildId}, then ask again.`,
    );
  }
}
