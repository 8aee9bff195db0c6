import { hostname } from 'node:os';
import getPort from 'get-port';
import { openPorts, takeOver } from '../activities/adapters/opening.ts';
import { ignoredIn } from '../activities/adapters/variables.ts';
import { presence } from '../activities/adapters/processes/presence.ts';
import { NewerSchema, StateUnavailable } from '../activities/adapters/state/failures.ts';
import { State } from '../activities/adapters/state/state.ts';
import type { LiveConfiguration } from '../activities/adapters/configuration/loading.ts';
import { textCipher } from './configuration/encryption.ts';
import { terminalWatch } from './configuration/hang-up.ts';
import { BadVariables } from './configuration/variables.ts';
import { closedTo, readConfig, takeEnvironment, takeSecrets, type WorkerConfig } from './config.ts';
import { pageOf } from './pages.ts';
import { openLog } from './logging.ts';
import { openMetrics } from './metrics/opening.ts';
import { serve } from './serving.ts';

const CONNECT_PAUSE_MS = 1_000;

/** Reads the configuration, opens the adapters, and runs the worker until it is stopped cleanly. */
async function main(): Promise<void> {
  let onReload = (): void => undefined;
  const stop = whenAsked(() => onReload());
  const config = readConfig(takeEnvironment());
  const { configuration, commands } = takeSecrets(config);
  const sdkPort =
    config.variables.GATEHOUSE_METRICS_PORT === undefined ? undefined : await getPort({ host: '127.0.0.1' });
  const log = openLog(config.variables.GATEHOUSE_LOG_LEVEL, sdkPort);
  for (const warning of ignoredIn(config.environment)) log.warn(warning);
  onReload = () => reload(configuration, log);
  const state = await openState(config, log, stop);
  if (!state) return leave([]);
  const { ports, forges, pullRequests, close } = await openPorts(config.variables, {
    state,
    root: config.data,
    environment: commands,
    configuration: configuration.current,
    closed: closedTo(config),
    pageOf: pageOf(config),
    log: (fields, message) => log.info(fields, message),
    runner: { machine: hostname(), lostMs: config.variables.GATEHOUSE_LOST_SECONDS * 1_000 },
  });
  const metrics = openMetrics(config.variables, {
    ...{ state, sdkPort, forges: () => forges.map(({ name, api }) => ({ name, traffic: api?.traffic })) },
    log: (message) => log.warn(message),
  });
  let left: string[] = [];
  try {
    const ready = () => void send({ is: 'ready' });
    await serve({ config, ports, pullRequests, state, log, stop, ready, metrics: metrics?.metrics });
  } finally {
    left = await close();
    await metrics?.close();
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

/**
 * Opens the database, and takes over what earlier versions kept in files. Waits until the database is up or we are stopped, also if
 * it goes away meanwhile: what is taken over already stays so.
 */
async function openState(
  { data, database, codecKeys = [] }: WorkerConfig,
  log: ReturnType<typeof openLog>,
  stop: AbortSignal,
): Promise<State | undefined> {
  const state = new State(database, presence, textCipher(codecKeys));
  while (!stop.aborted) {
    try {
      await state.open();
      await takeOver(data, state, (fields, message) => log.info(fields, message));
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

/** Sends a message to our parent process, if it listens. */
const send = (message: object): Promise<void> =>
  new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });

main().catch((failure: unknown) => {
  const isSetUp = failure instanceof BadVariables || failure instanceof NewerSchema;
  process.stderr.write(`${isSetUp ? failure.message : (failure as Error).stack}\n`);
  process.exit(isSetUp ? 2 : 1);
});
