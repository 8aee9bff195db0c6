import { hostname } from 'node:os';
import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { Ports } from '../activities/ports.ts';
import { workflowBundle } from './bundle.ts';
import type { WorkerConfig } from './config.ts';
import { dataConverterOf } from './configuration/converting.ts';

/** How long activities may take to end when the worker is asked to stop, before they are told to, and before we leave. */
const SHUTDOWN = { shutdownGraceTime: '1 second', shutdownForceTime: '20 seconds' } as const;
/**
 * How long a task waits for the worker that has the run in memory, before any worker may take it: as long as a run of a
 * killed worker stands still. The SDK's own 10 s is longer than a worker takes to come back.
 */
const STICKY = '3 seconds';
/**
 * How long one turn of workflow code may take: far longer than any does. The SDK ends a longer one by force, which may
 * take the whole worker with it, and a machine that is very busy is no endless loop. The option is missing in its types.
 */
const LONGEST_TURN = '60 seconds';
/** So many activities at a time: most of them wait for an agent or an environment, and cost next to nothing. */
const AT_WORK = 2_000;
/** The first server that tells its pollers how many they should be. */
const SCALES_POLLERS = [1, 28] as const;

export interface Serving {
  connection: NativeConnection;
  config: WorkerConfig;
  ports: Ports;
}

/**
 * The worker as it serves runs: the one in production, and the one that proofs and benchmarks look at. They bring ports
 * of their own, and `over` what they watch it with.
 */
export async function createWorker(
  { connection, config, ports }: Serving,
  over: Partial<WorkerOptions> = {},
): Promise<Worker> {
  const { variables, namespace, data, codecKeys = [] } = config;
  const dataConverter = dataConverterOf(codecKeys);
  const taskQueue = variables.GATEHOUSE_TASK_QUEUE;
  const callStacks = variables.GATEHOUSE_CALL_STACKS === 'on';
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    identity: `gatehouse-${process.pid}@${hostname()}`,
    ...versioning(variables),
    ...(over.workflowBundle
      ? {}
      : { workflowBundle: await workflowBundle(data, { encrypted: codecKeys.length > 0, callStacks }) }),
    dataConverter,
    activities: createActivities(ports, {
      lookMs: variables.GATEHOUSE_LOOK_SECONDS * 1_000,
      callMs: variables.GATEHOUSE_CALL_SECONDS * 1_000,
      taskQueue,
      budgetCents: variables.GATEHOUSE_BUDGET_CENTS,
      taskLimit: variables.GATEHOUSE_TASK_LIMIT,
    }),
    maxConcurrentActivityTaskExecutions: AT_WORK,
    maxCachedWorkflows: variables.GATEHOUSE_CACHED_RUNS,
    stickyQueueScheduleToStartTimeout: STICKY,
    ...(await pollers(connection)),
    maxHeartbeatThrottleInterval: '1 second',
    ...({ isolateExecutionTimeout: LONGEST_TURN } as object),
    ...SHUTDOWN,
    ...over,
  });
}

/**
 * What has begun with a build stays with it, until it goes on as new because another one asks: environments and release
 * watches as well as runs, for each of them outlives many builds.
 */
function versioning({ GATEHOUSE_BUILD: buildId, GATEHOUSE_DEPLOYMENT: deploymentName }: WorkerConfig['variables']) {
  if (buildId === undefined) return {};
  const version = { deploymentName, buildId };
  const workerDeploymentOptions = { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' } as const;
  return { workerDeploymentOptions };
}

/** As many pollers as the server asks for, where it can ask: waiting activities hold slots, and some bursts are large. */
async function pollers(connection: NativeConnection) {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  const [major = 0, minor = 0] = (serverVersion ?? '').split('.').map(Number);
  if (major < SCALES_POLLERS[0] || (major === SCALES_POLLERS[0] && !(minor >= SCALES_POLLERS[1]))) return {};
  const behaviour = { type: 'autoscaling' } as const;
  return { workflowTaskPollerBehavior: behaviour, activityTaskPollerBehavior: behaviour };
}
