import { hostname } from 'node:os';
import { NativeConnection, Worker } from '@temporalio/worker';
import { openPorts } from '../activities/adapters/index.ts';
import { createActivities } from '../activities/index.ts';
import { BadVariables } from '../workflows/contracts/variables.ts';
import { dataConverter, workflowBundle } from './bundle.ts';
import { readConfig, type WorkerConfig } from './config.ts';
import { openLog } from './logging.ts';

/** How long activities may take to end when the worker is asked to stop, before they are told to, and before we leave. */
const SHUTDOWN = { shutdownGraceTime: '1 second', shutdownForceTime: '20 seconds' } as const;
const CONNECT_PAUSE_MS = 1_000;
/** The first server that tells its pollers how many they should be. */
const SCALES_POLLERS = [1, 28] as const;

/** Configuration → adapters → activities → worker, and an orderly stop. */
async function main(): Promise<void> {
  const config = readConfig();
  const { variables } = config;
  const log = openLog(variables.GATEHOUSE_LOG_LEVEL);
  const { ports, close } = await portsOf(config, log);
  const connection = await connect(config);
  const worker = await Worker.create({
    connection,
    namespace: config.namespace,
    taskQueue: variables.GATEHOUSE_TASK_QUEUE,
    identity: `gatehouse-${process.pid}@${hostname()}`,
    workflowBundle: await workflowBundle(config.data),
    dataConverter,
    activities: createActivities(ports, {
      lookMs: variables.GATEHOUSE_LOOK_SECONDS * 1_000,
      taskQueue: variables.GATEHOUSE_TASK_QUEUE,
      budgetCents: variables.GATEHOUSE_BUDGET_CENTS,
      taskLimit: variables.GATEHOUSE_TASK_LIMIT,
    }),
    maxConcurrentActivityTaskExecutions: 500,
    ...(await pollers(connection)),
    maxHeartbeatThrottleInterval: '1 second',
    ...SHUTDOWN,
  });

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

  process.send?.({ is: 'ready' });
  log.info({ address: config.address, taskQueue: variables.GATEHOUSE_TASK_QUEUE }, 'worker is ready');
  try {
    await worker.run();
  } finally {
    await close();
    await connection.close();
  }
  log.info('worker has stopped');
  process.exit(0);
}

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

/** As many pollers as the server asks for, where it can ask: waiting activities hold slots, and some bursts are large. */
async function pollers(connection: NativeConnection) {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  const [major = 0, minor = 0] = (serverVersion ?? '').split('.').map(Number);
  if (major < SCALES_POLLERS[0] || (major === SCALES_POLLERS[0] && !(minor >= SCALES_POLLERS[1]))) return {};
  const behaviour = { type: 'autoscaling' } as const;
  return { workflowTaskPollerBehavior: behaviour, activityTaskPollerBehavior: behaviour };
}

main().catch((failure: unknown) => {
  process.stderr.write(`${failure instanceof BadVariables ? failure.message : (failure as Error).stack}\n`);
  process.exit(failure instanceof BadVariables ? 2 : 1);
});
