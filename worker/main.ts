import { NativeConnection } from '@temporalio/worker';
import { openPorts } from '../activities/adapters/opening.ts';
import { BadVariables } from './configuration/variables.ts';
import type { Ports } from '../activities/ports.ts';
import { readConfig, takeEnvironment, type WorkerConfig } from './config.ts';
import { openLog } from './logging.ts';
import { createWorker } from './worker.ts';

const CONNECT_PAUSE_MS = 1_000;

/** Configuration → adapters → activities → worker, and an orderly stop. */
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
  log.info(left.length === 0 ? 'worker has stopped' : 'worker has stopped, but not all that it ran');
  process.exit(left.length === 0 ? 0 : 1);
}

/** Listens from the start, because whoever started us may want us to stop, or be gone, before we serve. */
function whenAsked(): AbortSignal {
  const asked = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => asked.abort());
  // Our starter was killed. What runs here continues, and the next worker adopts it.
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

/** Takes work until it is asked to stop. */
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
    // The server went before us, so the ends of our activities are lost. What they run on this machine is ended all the same.
    log.warn({ err: failure }, 'the server was gone before this worker had stopped');
  }
}

/** Sends a message to our starter, if it listens. */
const send = (message: object): Promise<void> =>
  new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });

/** The adapters that the configuration names. */
function portsOf({ variables, data, environment }: WorkerConfig, log: ReturnType<typeof openLog>) {
  return openPorts(variables, {
    root: data,
    environment,
    log: (fields, message) => log.info(fields, message),
  });
}

/** Waits for a server that is not there yet, because it may be starting or back soon, until we are to stop. */
async function connect(
  { connection, address }: WorkerConfig,
  stop: AbortSignal,
): Promise<NativeConnection | undefined> {
  while (!stop.aborted) {
    try {
      return await NativeConnection.connect(connection);
    } catch (failure) {
      process.stderr.write(`No Temporal server at ${address} yet: ${(failure as Error).message}\n`);
      await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
    }
  }
  return undefined;
}

main().catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof BadVariables ? failure.message : (failure as Error).stack}\n`);
  process.exit(failure instanceof BadVariables ? 2 : 1);
});
