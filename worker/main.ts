import { NativeConnection } from '@temporalio/worker';
import { openPorts } from '../activities/adapters/opening.ts';
import { presence } from '../activities/adapters/processes/presence.ts';
import { NewerSchema, StateUnavailable } from '../activities/adapters/state/failures.ts';
import { State } from '../activities/adapters/state/state.ts';
import type { LiveConfiguration } from '../activities/adapters/configuration/loading.ts';
import { textCipher } from './configuration/encryption.ts';
import { terminalWatch } from './configuration/hang-up.ts';
import { BadVariables } from './configuration/variables.ts';
import type { Ports } from '../activities/ports.ts';
import { readConfig, takeEnvironment, takeSecrets, type WorkerConfig } from './config.ts';
import { openLog } from './logging.ts';
import { createWorker } from './worker.ts';

const CONNECT_PAUSE_MS = 1_000;

/** Reads the configuration, opens the adapters, and runs the worker until it is stopped cleanly. */
async function main(): Promise<void> {
  let onReload = (): void => undefined;
  const stop = whenAsked(() => onReload());
  const config = readConfig(takeEnvironment());
  const { configuration, commands } = takeSecrets(config);
  const log = openLog(config.variables.GATEHOUSE_LOG_LEVEL);
  onReload = () => reload(configuration, log);
  const state = await openState(config, stop);
  if (!state) return leave([]);
  const { ports, close } = await openPorts(config.variables, {
    state,
    root: config.data,
    environment: commands,
    configuration: configuration.current,
    log: (fields, message) => log.info(fields, message),
  });
  let left: string[] = [];
  try {
    await serve({ config, ports, log, stop });
  } finally {
    left = await close();
    await state.close();
    for (const what of left) log.error(what);
  }
  log.info(left.length === 0 ? 'worker has stopped' : 'worker has stopped, but some of its processes have not');
  await leave(left);
}

/** Ends this process. `left`: a sentence for each thing that could not be ended. */
async function leave(left: string[]): Promise<never> {
  await send({ is: 'stopped', left });
  process.exit(left.length === 0 ? 0 : 1);
}

/** Opens the database, and waits until it is up or we are stopped. */
async function openState({ database, codecKeys = [] }: WorkerConfig, stop: AbortSignal): Promise<State | undefined> {
  const state = new State(database, presence, textCipher(codecKeys));
  while (!stop.aborted) {
    try {
      await state.open();
      return state;
    } catch (failure) {
      if (!(failure instanceof StateUnavailable)) throw failure;
      process.stderr.write(`${failure.message}\n`);
      await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
    }
  }
  return undefined;
}

/**
 * Listens for signals from the start, because our parent may stop us, or end, before the worker is ready. SIGHUP asks for a
 * reload, unless it says that the terminal was closed.
 */
function whenAsked(reload: () => void): AbortSignal {
  const asked = new AbortController();
  const isClosed = terminalWatch();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => asked.abort());
  process.on('SIGHUP', () => (isClosed() ? asked.abort() : reload()));
  // Our parent was killed. The processes of this worker continue, and the next worker adopts them.
  process.on('disconnect', () => process.exit(1));
  if (process.send && !process.connected) process.exit(1);
  return asked.signal;
}

/** Reads the configuration file again. It applies to jobs that begin later. */
function reload(configuration: LiveConfiguration, log: ReturnType<typeof openLog>): void {
  const faults = configuration.reload();
  for (const fault of faults) log.error(fault);
  if (faults.length === 0) log.info({ file: configuration.current().file }, 'the configuration file was read again');
  else log.error('the configuration file has errors, so the previous one stays');
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
  const isSetUp = failure instanceof BadVariables || failure instanceof NewerSchema;
  process.stderr.write(`${isSetUp ? failure.message : (failure as Error).stack}\n`);
  process.exit(isSetUp ? 2 : 1);
});
