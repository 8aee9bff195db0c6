import { NativeConnection } from '@temporalio/worker';
import { openPorts } from '../activities/adapters/opening.ts';
import { BadVariables } from './configuration/variables.ts';
import type { Ports } from '../activities/ports.ts';
import { readConfig, takeEnvironment, type WorkerConfig } from './config.ts';
import { openLog } from './logging.ts';
import { createWorker } from './worker.ts';

const CONNECT_PAUSE_MS = 1_000;

/** Reads the configuration, opens the adapters, and runs the worker until it is stopped cleanly. */
async function main(): Promise<void> {
  const stop = whenAsked();
  const config = readConfig(takeEnvironment());
  const log = openLog(config.variables.GATEHOUSE_LOG_LEVEL);
  const { ports, close } = await portsOf(config, log);
  let left: string[] = [];
  try {
    await serve({ config, ports, log, stop });
  } finally {
    left = await close();
    for (const what of left) log.error(what);
  }
  await send({ is: 'stopped', left });
  log.info(left.length === 0 ? 'worker has stopped' : 'worker has stopped, but some of its processes have not');
  process.exit(left.length === 0 ? 0 : 1);
}

/** Listens for a stop from the start, because our parent may stop us, or end, before the worker is ready. */
function whenAsked(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => asked.abort());
  // Our parent was killed. The processes of this worker continue, and the next worker adopts them.
  process.on('disconnect', () => process.exit(1));
  if (process.send && !process.connected) process.exit(1);
  return asked.signal;
}

interface Serving {
  config: WorkerConfig;
  ports: Ports;
  log: ReturnType<typeof openLog>;
  stop: AbortSignal;
}

/** Runs the worker until it is stopped. */
async function serve({ config, ports, log, stop }: Serving): Promise<void> {
  const connection = await connect(config, stop);
  const worker = connection && (await createWorker({ connection, config, ports }));
  if (!worker || stop.aborted) return;
  stop.addEventListener('abort', () => {
    log.info('stopping: no new work is taken');
    worker.shutdown();
  });
  void send({ is: 'ready' });
  log.info({ address: config.address, taskQueue: config.variables.GATEHOUSE_TASK_QUEUE }, 'worker is ready');
  try {
    await worker.run();
    await connection.close();
  } catch (failure) {
    if (!stop.aborted) throw failure;
    // The server ended first, so the results of our activities are lost. Their processes on this machine are still ended.
    log.warn({ err: failure }, 'the Temporal server ended before this worker had stopped');
  }
}

/** Sends a message to our parent process, if it listens. */
const send = (message: object): Promise<void> =>
  new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });

/** Opens the configured adapters. */
function portsOf({ variables, data, environment }: WorkerConfig, log: ReturnType<typeof openLog>) {
  return openPorts(variables, {
    root: data,
    environment,
    log: (fields, message) => log.info(fields, message),
  });
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
      await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
    }
  }
  return undefined;
}

main().catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof BadVariables ? failure.message : (failure as Error).stack}\n`);
  process.exit(failure instanceof BadVariables ? 2 : 1);
});
