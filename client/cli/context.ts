import type { Client } from '@temporalio/client';
import { found } from '../../workflows/contracts/bad-fields.ts';
import { Id, releaseIdOf, runIdOf } from '../../workflows/contracts/pipeline-run.ts';
import { readConfig, type ClientConfig } from '../config.ts';
import { connect } from '../connection.ts';
import { ClientRows } from '../rows.ts';
import { Runs } from '../runs.ts';
import { Usage } from './exit-codes.ts';
import { say } from './output.ts';

export interface Session {
  config: ClientConfig;
  client: Client;
  runs: Runs;
}

/** Connects for one command, and closes the connection even if the command fails. */
export async function withRuns<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const config = readConfig();
  const client = await connect(config);
  const rows = new ClientRows(config, say);
  try {
    return await work({ config, client, runs: new Runs(client, config.variables.GATEHOUSE_TASK_QUEUE, rows) });
  } finally {
    await rows.close();
    await client.connection.close();
  }
}

const WORKFLOWS: Record<string, typeof runIdOf> = { run: runIdOf, release: releaseIdOf };

/** The workflow id of a RUN argument: a task id, `workspace/task`, or a workflow id. */
export function workflowIdOf(run: string, idOf: typeof runIdOf = runIdOf): string {
  const parts = run.split('/');
  const named = parts.length === 3 ? WORKFLOWS[parts[0]!] : idOf;
  const [workspace, task] = parts.length === 1 ? ['default', parts[0]] : parts.slice(-2);
  if (parts.length > 3 || !named || !Id.safeParse(workspace).success || !Id.safeParse(task).success) {
    throw new Usage(`RUN: expected a task id, workspace/task or a workflow id, found ${found(run)}`);
  }
  return named(workspace!, task!);
}
