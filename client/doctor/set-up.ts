import type { Client, Connection } from '@temporalio/client';
import path from 'node:path';
import { execa } from 'execa';
import { probe } from '../../activities/adapters/processes/isolation/probing.ts';
import type { Finding } from '../../workflows/contracts/survey.ts';
import { configurationOf } from '../../worker/configuration/configuration-file.ts';
import { declaredIn } from '../../worker/configuration/variables.ts';
import type { ClientConfig } from '../config.ts';
import { missingAttributes, registerAttributes } from '../local-stack/attributes.ts';

/** Checks the set-up: everything that depends on the deployment and can be checked without a worker. */
export async function setUpOf(config: ClientConfig, client: Client, fix: boolean): Promise<Finding[]> {
  const connection = client.connection as Connection;
  const { namespace, address, variables } = config;
  const server: Finding = { about: 'server', ok: true, detail: `answers at ${address}` };
  const there = await connection.workflowService.describeNamespace({ namespace }).then(
    () => true,
    () => false,
  );
  if (!there) {
    const mend = `temporal operator namespace create --address ${address} -n ${namespace}`;
    return [server, { about: 'namespace', ok: false, detail: `${namespace} does not exist`, mend }];
  }
  return [
    server,
    { about: 'namespace', ok: true, detail: namespace },
    await attributesOf(connection, namespace, fix),
    await workersOf(connection, namespace, variables.GATEHOUSE_TASK_QUEUE),
    await adaptersOf(config),
    await isolationOf(config),
    await noticesOf(config),
  ];
}

async function attributesOf(connection: Connection, namespace: string, fix: boolean): Promise<Finding> {
  const about = 'search attributes';
  if (fix) {
    const added = await registerAttributes(connection, namespace);
    return { about, ok: true, detail: added.length > 0 ? `added: ${added.join(', ')}` : 'all registered' };
  }
  const missing = await missingAttributes(connection, namespace);
  if (missing.length === 0) return { about, ok: true, detail: 'all registered' };
  return { about, ok: false, detail: `missing: ${missing.join(', ')}`, mend: 'gatehouse doctor --fix' };
}

/** Checks whether a worker polls the task queue. 1 is the type of workflow task queues in Temporal's enumeration. */
async function workersOf(connection: Connection, namespace: string, taskQueue: string): Promise<Finding> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1,
  });
  const count = pollers?.length ?? 0;
  const detail = count > 0 ? `${count} on ${taskQueue}` : `no worker polls ${taskQueue}`;
  return { about: 'worker', ok: count > 0, detail, mend: 'gatehouse up' };
}

/** Reports which adapters are configured, and whether this machine has git. */
async function adaptersOf({ variables, environment }: ClientConfig): Promise<Finding> {
  const { GATEHOUSE_FORGE: forge, GATEHOUSE_NOTIFY } = variables;
  const routes = GATEHOUSE_NOTIFY.map(({ adapter }) => adapter).join(', ');
  const set = declaredIn(variables);
  const { file } = configurationOf(variables, environment).current();
  const chosen = [
    `notices ${routes}`,
    ...(forge === undefined ? [] : [`OWNER/NAME is at ${forge}`]),
    ...(file === undefined ? [] : [`configuration file ${file}`]),
    ...(set.length > 0 ? [`set: ${set.join(', ')}`] : []),
  ].join('; ');
  const { stdout, failed } = await execa('git', ['--version'], { reject: false });
  if (failed) return { about: 'adapters', ok: false, detail: `${chosen}; no git here`, mend: 'install git' };
  return { about: 'adapters', ok: true, detail: `${chosen}; ${stdout}` };
}

/** Whether the services to which notices are routed would take them, and whether each route reaches somebody. */
async function noticesOf({ variables, environment }: ClientConfig): Promise<Finding> {
  const { examineNotifiers } = await import('../../worker/looking/notifiers.ts');
  const configuration = configurationOf(variables, environment).current();
  const faults = await examineNotifiers(variables, configuration);
  const about = 'routes of notices';
  if (faults.length === 0) return { about, ok: true, detail: 'all can be used' };
  return { about, ok: false, detail: faults.join('; '), mend: 'see Notices in OPERATIONS.md' };
}

/** How commands of each kind of repository run on this machine. */
async function isolationOf({ variables, environment, data }: ClientConfig): Promise<Finding> {
  const about = 'isolation';
  const { GATEHOUSE_ISOLATION: setting } = variables;
  const onDisk = `repositories on disk: ${setting ?? 'none'}`;
  if (setting === 'none')
    return { about, ok: true, detail: `${onDisk}; hosted ones: none, so their agents can read our keys` };
  const found = await probe(path.join(data, 'isolation'), environment['PATH']);
  if (!('because' in found)) return { about, ok: true, detail: `${onDisk}; hosted ones: bubblewrap, which works here` };
  const refused = setting === 'bubblewrap' ? 'runs are refused' : 'runs on hosted ones are refused';
  const mend = 'apt-get install bubblewrap slirp4netns iproute2, or GATEHOUSE_ISOLATION=none';
  return { about, ok: setting === undefined, detail: `${onDisk}; ${refused}: ${found.because}`, mend };
}
