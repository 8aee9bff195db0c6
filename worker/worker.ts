import { hostname } from 'node:os';
import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import type { Ports } from '../activities/ports.ts';
import { queueOf } from '../workflows/contracts/run/elsewhere.ts';
import { workflowBundle } from './bundle.ts';
import type { WorkerConfig } from './config.ts';
import { dataConverterOf } from './configuration/converting.ts';
import { measuring } from './metrics/measuring.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Tracing } from './tracing/tracing.ts';

/**
 * When the worker stops: how long until its activities are cancelled, unless it drains, and how long until it exits without
 * them. In milliseconds.
 */
const GRACE_MS = 1_000;
const FORCE_MS = 19_000;
/**
 * How long a workflow task waits for the worker that has the run in memory before any worker may take it. The runs of a
 * killed worker are blocked for this long. The SDK's default of 10 s is longer than a worker takes to restart.
 */
const STICKY = '3 seconds';
/**
 * The time limit of one workflow activation. It is far above what any activation needs, even on a busy machine, because the
 * SDK ends a longer one by force, which may end the whole worker. The option is missing in the SDK's types.
 */
const LONGEST_TURN = '60 seconds';
/** The maximum number of concurrent activities. Most of them wait for an agent or an environment, and cost very little. */
const AT_WORK = 2_000;
/** The first server version that supports poller autoscaling. */
const SCALES_POLLERS = [1, 28] as const;

export interface Serving {
  connection: NativeConnection;
  config: WorkerConfig;
  ports: Ports;
  /** Counts what runs do. Undefined: nobody asks for it. */
  metrics?: Metrics | undefined;
  /** Undefined: nothing is traced. */
  tracing?: Traced | undefined;
}

/** Where traces go, and how a worker makes them. Loaded only if somebody wants traces. */
export interface Traced {
  tracing: Tracing;
  worker: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
}

/** Takes what runs that were started with a trace report, and drops it. */
const UNTRACED = { sinks: { tracing: { ended: { fn: () => undefined } } } };

/**
 * Creates the worker that serves runs, in production and in tests and benchmarks. Tests and benchmarks use their own ports,
 * and `over` to observe the worker. `drainMs`: how long its activities may go on when it is stopped.
 */
export async function createWorker(
  given: Serving,
  { drainMs = GRACE_MS, ...over }: Partial<WorkerOptions> & { drainMs?: number } = {},
): Promise<Worker> {
  const { variables, data, codecKeys = [] } = given.config;
  const callStacks = variables.GATEHOUSE_CALL_STACKS === 'on';
  return Worker.create({
    ...(await serving(given)),
    taskQueue: variables.GATEHOUSE_TASK_QUEUE,
    ...versioning(variables),
    ...(over.workflowBundle
      ? {}
      : { workflowBundle: await workflowBundle(data, { encrypted: codecKeys.length > 0, callStacks }) }),
    maxCachedWorkflows: variables.GATEHOUSE_CACHED_RUNS,
    stickyQueueScheduleToStartTimeout: STICKY,
    ...({ isolateExecutionTimeout: LONGEST_TURN } as object),
    shutdownGraceTime: drainMs,
    shutdownForceTime: drainMs + FORCE_MS,
    ...over,
  });
}

/** Creates the worker for questions about what this process runs. Its queue belongs to its data folder, and has no build. */
export async function createRunner(given: Serving, runner: string): Promise<Worker> {
  return Worker.create({ ...(await serving(given)), taskQueue: queueOf(runner) });
}

/** What all workers of a process have in common. */
async function serving({ connection, config, ports, metrics, tracing }: Serving) {
  const { variables, namespace, codecKeys = [] } = config;
  const activities = createActivities(ports, {
    lookMs: variables.GATEHOUSE_LOOK_SECONDS * 1_000,
    callMs: variables.GATEHOUSE_CALL_SECONDS * 1_000,
    taskQueue: variables.GATEHOUSE_TASK_QUEUE,
    budgetCents: variables.GATEHOUSE_BUDGET_CENTS,
    taskLimit: variables.GATEHOUSE_TASK_LIMIT,
  });
  return {
    connection,
    namespace,
    identity: `gatehouse-${process.pid}@${hostname()}`,
    dataConverter: dataConverterOf(codecKeys),
    ...(tracing?.worker ?? UNTRACED),
    activities: metrics ? measuring(activities, metrics) : activities,
    maxConcurrentActivityTaskExecutions: AT_WORK,
    ...(await pollers(connection)),
    maxHeartbeatThrottleInterval: '1 second' as const,
    shutdownGraceTime: GRACE_MS,
    shutdownForceTime: GRACE_MS + FORCE_MS,
  };
}

/**
 * A workflow stays on the build on which it started, until it continues as new on another build. This is also true of
 * environments and release watches, because each of them outlives many builds.
 */
function versioning({ GATEHOUSE_BUILD: buildId, GATEHOUSE_DEPLOYMENT: deploymentName }: WorkerConfig['variables']) {
  if (buildId === undefined) return {};
  const version = { deploymentName, buildId };
  const workerDeploymentOptions = { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' } as const;
  return { workerDeploymentOptions };
}

/** Lets the server scale the pollers, if it can, because waiting activities occupy slots, and some bursts are large. */
async function pollers(connection: NativeConnection) {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  const [major = 0, minor = 0] = (serverVersion ?? '').split('.').map(Number);
  if (major < SCALES_POLLERS[0] || (major === SCALES_POLLERS[0] && !(minor >= SCALES_POLLERS[1]))) return {};
  const behaviour = { type: 'autoscaling' } as const;
  return { workflowTaskPollerBehavior: behaviour, activityTaskPollerBehavior: behaviour };
}
