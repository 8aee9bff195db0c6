import { NativeConnection } from '@temporalio/worker';
import { openPorts } from '../activities/adapters/index.ts';
import { BadVariables } from '../workflows/contracts/variables.ts';
import { readConfig, takeEnvironment, type WorkerConfig } from './config.ts';
import { openLog } from './logging.ts';
import { createWorker } from './worker.ts';

const CONNECT_PAUSE_MS = 1_000;

/** Configuration → adapters → activities → worker, and an orderly stop. */
async function main(): Promise<void> {
  const config = readConfig(takeEnvironment());
  const { variables } = config;
  const log = openLog(variables.GATEHOUSE_LOG_LEVEL);
  const { ports, close } = await portsOf(config, log);
  const connection = await connect(config);
  const worker = await createWorker({ connection, config, ports });

  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    log.info('stopping: no new work is taken');
    worker.shutdown();
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stop);
  // Whoever started us was killed: what runs goes on, and is adopted by the next worker.
  process.on('disconnect', () => process.exit(1));

  void tell({ is: 'ready' });
  log.info({ address: config.address, taskQueue: variables.GATEHOUSE_TASK_QUEUE }, 'worker is ready');
  let left: string[] = [];
  try {
    await worker.run();
  } finally {
    left = await close();
    for (const what of left) log.error(what);
    await connection.close();
  }
  await tell({ is: 'stopped', left });
  log.info(left.length === 0 ? 'worker has stopped' : 'worker has stopped, but not all that it ran');
  process.exit(left.length === 0 ? 0 : 1);
}

/** Tells whoever started us, if they listen. */
const tell = (message: object): Promise<void> =>
  new Promise((resolve) => {
    if (process.send) process.send(message, () => resolve());
    else resolve();
  });

/** The adapters that the configuration names. */
function portsOf({ variables, data, environment }: WorkerConfig, log: ReturnType<typeof openLog>) {
  return openPorts(
    {
      forge: variables.GATEHOUSE_FORGE,
      executor: variables.GATEHOUSE_EXECUTOR,
      environments: variables.GATEHOUSE_ENVIRONMENTS,
      notify: variables.GATEHOUSE_NOTIFY,
    },
    {
      root: data,
      environment,
      issues: variables.GATEHOUSE_ISSUES,
      ledgerFile: variables.GATEHOUSE_LEDGER,
      noticesFile: variables.GATEHOUSE_NOTICES_FILE,
      webhook: { url: variables.GATEHOUSE_WEBHOOK_URL, secret: variables.GATEHOUSE_WEBHOOK_SECRET },
      log: (fields, message) => log.info(fields, message),
    },
  );
}

/** A server that is not there yet is waited for: it may be starting, or back soon. */
async function connect({ connection, address }: WorkerConfig): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect(connection);
    } catch (failure) {
      process.stderr.write(`No Temporal server at ${address} yet: ${(failure as Error).message}\n`);
      await new Promise((resolve) => setTimeout(resolve, CONNECT_PAUSE_MS));
    }
  }
}

main().catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof BadVariables ? failure.message : (failure as Error).stack}\n`);
  process.exit(failure instanceof BadVariables ? 2 : 1);
});
