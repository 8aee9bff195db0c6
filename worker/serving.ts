import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection, type Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { idOf } from '../activities/adapters/processes/exclusive.ts';
import type { Opened, PullRequestNeeds } from '../activities/adapters/opening.ts';
import type { State } from '../activities/adapters/state/state.ts';
import type { Ports } from '../activities/ports.ts';
import type { WorkerConfig } from './config.ts';
import type { Metrics } from './metrics/metrics.ts';
import { pageOf } from './pages.ts';
import { tracingFor } from './tracing/opening.ts';
import { createRunner, createWorker, type Traced } from './worker.ts';

const CONNECT_PAUSE_MS = 1_000;
/** How long a worker that stops lets its jobs and checks go on, in seconds (`GATEHOUSE_DRAIN_SECONDS`). */
const DRAIN_SECONDS = 600;
/** How often it checks whether they have ended, in milliseconds. */
const BUSY_POLL_MS = 300;

interface Serving {
  config: WorkerConfig;
  ports: Ports;
  pullRequests: Opened['pullRequests'];
  state: State;
  log: Logger;
  stop: AbortSignal;
  /** Counts what runs do. */
  metrics?: Metrics | undefined;
  /** Called once it takes work. */
  ready(): void;
}

/** Serves runs until it is stopped, and has drained. */
export async function serve({ config, ports, pullRequests, state, log, stop, ready, metrics }: Serving): Promise<void> {
  const connection = await connect(config, stop);
  if (!connection || stop.aborted) return;
  const { GATEHOUSE_DRAIN_SECONDS = DRAIN_SECONDS, GATEHOUSE_TASK_QUEUE: taskQueue } = config.variables;
  const drainMs = GATEHOUSE_DRAIN_SECONDS * 1_000;
  const tracing = await traced(config);
  const given = { connection, config, ports, metrics, tracing };
  const worker = await createWorker(given, { drainMs });
  const runner = await createRunner(given, await idOf(config.data));
  if (stop.aborted) return;
  let until = 0;
  stop.addEventListener('abort', () => {
    log.info({ drainSeconds: GATEHOUSE_DRAIN_SECONDS }, 'stopping: no new work is taken');
    until = Date.now() + drainMs;
    void state.runners.drain().catch(() => undefined); // only lists show it
    worker.shutdown();
  });
  const shown = worker.client && pullRequests(pullRequestNeeds(config, worker.client));
  shown?.start();
  ready();
  log.info({ address: config.address, taskQueue }, 'worker is ready');
  try {
    await both(worker, runner, () => drained(state, () => until));
    await shown?.close();
    await tracing?.tracing.close();
    await connection.close();
  } catch (failure) {
    if (!stop.aborted) throw failure;
    // The server ended first, so the results of our activities are lost. Their processes on this machine are still ended.
    log.warn({ err: failure }, 'the Temporal server ended before this worker had stopped');
  }
}

async function traced({ variables }: WorkerConfig): Promise<Traced | undefined> {
  const tracing = await tracingFor(variables);
  return tracing && { tracing, worker: (await import('./tracing/worker.ts')).tracedWorker(tracing) };
}

/** How runs are shown on their pull requests, and how commands from there reach them. */
function pullRequestNeeds(config: WorkerConfig, client: NonNullable<Worker['client']>): PullRequestNeeds {
  return {
    lookMs: config.variables.GATEHOUSE_LOOK_SECONDS * 1_000,
    pageOf: ({ workflowId }) => pageOf(config)(workflowId),
    async signal(workflowId, action, input) {
      try {
        await client.workflow.getHandle(workflowId).signal(action, input);
        return 'sent';
      } catch (failure) {
        if ((failure as Error).name === 'WorkflowNotFoundError') return 'gone';
        throw failure;
      }
    },
  };
}

/**
 * Runs both workers. The one for questions about what runs here outlasts the other one until all that has drained, because
 * other workers ask it meanwhile. If one of them fails, both end.
 */
async function both(worker: Worker, runner: Worker, drained: () => Promise<void>): Promise<void> {
  const asked = runner.run().finally(() => end(worker));
  const served = worker
    .run()
    .then(drained)
    .finally(() => end(runner));
  const [, failed] = await Promise.allSettled([served, asked]);
  await served;
  if (failed.status === 'rejected') throw failed.reason;
}

function end(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

/** Waits until nothing runs here any more, or the time is over. */
async function drained({ runners }: State, until: () => number): Promise<void> {
  while (Date.now() < until() && (await runners.isBusy())) await pause(BUSY_POLL_MS);
}

/** Connects, and waits until the server is up or we are stopped. The server may be starting, or be back soon. */
async function connect(
  { connection, address }: WorkerConfig,
  stop: AbortSignal,
): Promise<NativeConnection | undefined> {
  while (!stop.aborted) {
    try {
      return await NativeConnection.connect(connection);
    } catch (failure) {
      process.stderr.write(`No Temporal server answers at ${address} yet: ${(failure as Error).message}\n`);
      await pause(CONNECT_PAUSE_MS);
    }
  }
  return undefined;
}
