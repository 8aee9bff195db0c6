import { WorkflowNotFoundError, type Client, type Connection } from '@temporalio/client';
import type { Command } from 'commander';
import { execa } from 'execa';
import pc from 'picocolors';
import { readConfig, type ClientConfig } from '../config.ts';
import { connect } from '../connection.ts';
import { missingAttributes, registerAttributes } from '../local-stack/attributes.ts';
import { isJson } from './context.ts';
import { EXIT } from './exit-codes.ts';
import type { Ended } from './main.ts';
import { print } from './output.ts';

interface Finding {
  about: string;
  ok: boolean;
  detail: string;
  /** What mends it. */
  mend?: string;
}

export function addDoctor(program: Command, ended: Ended): void {
  const doctor = program.command('doctor').description('Says what is wrong with the set-up, and how to mend it.');
  doctor.option('--fix', 'mend what can be mended from here').action(async ({ fix }: { fix?: boolean }) => {
    const config = readConfig();
    const client = await connect(config);
    try {
      const findings = await examine(config, client, fix === true);
      print(isJson(doctor), findings, () =>
        findings
          .map(
            ({ about, ok, detail, mend }) =>
              `${ok ? pc.green('ok  ') : pc.red('bad ')} ${about}: ${detail}${mend && !ok ? `\n     mend it: ${mend}` : ''}`,
          )
          .join('\n'),
      );
      if (findings.some(({ ok }) => !ok)) ended(EXIT.failed);
    } finally {
      await client.connection.close();
    }
  });
}

async function examine(config: ClientConfig, client: Client, fix: boolean): Promise<Finding[]> {
  const connection = client.connection as Connection;
  const { namespace, address, variables } = config;
  const server: Finding = { about: 'server', ok: true, detail: `answers at ${address}` };
  const there = await connection.workflowService.describeNamespace({ namespace }).then(
    () => true,
    () => false,
  );
  if (!there) {
    const mend = `temporal operator namespace create --address ${address} -n ${namespace}`;
    return [server, { about: 'namespace', ok: false, detail: `${namespace} is not there`, mend }];
  }
  const missing = fix ? [] : await missingAttributes(connection, namespace);
  const added = fix ? await registerAttributes(connection, namespace) : [];
  const attributes: Finding = {
    about: 'search attributes',
    ok: missing.length === 0,
    detail:
      missing.length > 0
        ? `missing: ${missing.join(', ')}`
        : added.length > 0
          ? `added: ${added.join(', ')}`
          : 'all registered',
    mend: 'gatehouse doctor --fix',
  };
  return [
    server,
    { about: 'namespace', ok: true, detail: namespace },
    attributes,
    await workersOf(connection, namespace, variables.GATEHOUSE_TASK_QUEUE),
    await adaptersOf(config),
    await leftoversOf(client),
  ];
}

/** What the configuration asks for, and whether this machine has what it takes. */
async function adaptersOf({ variables }: ClientConfig): Promise<Finding> {
  const { GATEHOUSE_FORGE: forge, GATEHOUSE_EXECUTOR: executor, GATEHOUSE_ENVIRONMENTS, GATEHOUSE_NOTIFY } = variables;
  const chosen = `forge ${forge}, executor ${executor}, environments ${GATEHOUSE_ENVIRONMENTS}, notices ${GATEHOUSE_NOTIFY.map(({ adapter }) => adapter).join(', ')}`;
  const { stdout, failed } = await execa('git', ['--version'], { reject: false });
  if (failed) return { about: 'adapters', ok: false, detail: `${chosen}; no git here`, mend: 'install git' };
  return { about: 'adapters', ok: true, detail: `${chosen}; ${stdout}` };
}

/** Environments whose run has ended: a worker takes them down, so they stay only while none runs. */
async function leftoversOf({ workflow }: Client): Promise<Finding> {
  const left: string[] = [];
  for await (const { workflowId } of workflow.list({
    query: `WorkflowType = "environment" AND ExecutionStatus = "Running"`,
  })) {
    const holder = workflow.getHandle(workflowId.replace(/^env\//, 'run/'));
    const live = await holder.describe().then(
      ({ status }) => status.name === 'RUNNING',
      (failure: unknown) => {
        if (failure instanceof WorkflowNotFoundError) return false;
        throw failure;
      },
    );
    if (!live) left.push(workflowId);
  }
  const detail = left.length > 0 ? `environments that outlive their run: ${left.join(', ')}` : 'none';
  return { about: 'leftovers', ok: left.length === 0, detail, mend: 'a running worker takes them down: gatehouse up' };
}

/** Whether anybody takes work: 1 is the task queue type of workflows in Temporal's own enumeration. */
async function workersOf(connection: Connection, namespace: string, taskQueue: string): Promise<Finding> {
  const { pollers } = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1,
  });
  const count = pollers?.length ?? 0;
  const detail = count > 0 ? `${count} on ${taskQueue}` : `nobody takes work from ${taskQueue}`;
  return { about: 'worker', ok: count > 0, detail, mend: 'gatehouse up' };
}
