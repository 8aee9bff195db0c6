import type { Client } from '@temporalio/client';
import type { Command } from 'commander';
import { found } from '../../workflows/contracts/bad-fields.ts';
import { Id, releaseIdOf, runIdOf } from '../../workflows/contracts/pipeline-run.ts';
import { readConfig, type ClientConfig } from '../config.ts';
import { connect } from '../connection.ts';
import { findTemporal } from '../local-stack/acquire.ts';
import { Runs } from '../runs.ts';
import { Usage } from './exit-codes.ts';

export interface Session {
  config: ClientConfig;
  client: Client;
  runs: Runs;
}

/** Connects for one command, and closes whatever comes of it. */
export async function withRuns<T>(work: (session: Session) => Promise<T>): Promise<T> {
  const config = readConfig();
  const client = await connect(config);
  try {
    return await work({ config, client, runs: new Runs(client, config.variables.GATEHOUSE_TASK_QUEUE) });
  } finally {
    await client.connection.close();
  }
}

const WORKFLOWS: Record<string, typeof runIdOf> = { run: runIdOf, release: releaseIdOf };

/** RUN as people write it: a task id, `workspace/task`, or the workflow id of a run or of a release watch. */
export function workflowIdOf(run: string, idOf: typeof runIdOf = runIdOf): string {
  const parts = run.split('/');
  const named = parts.length === 3 ? WORKFLOWS[parts[0]!] : idOf;
  const [workspace, task] = parts.length === 1 ? ['default', parts[0]] : parts.slice(-2);
  if (parts.length > 3 || !named || !Id.safeParse(workspace).success || !Id.safeParse(task).success) {
    throw new Usage(`RUN: expected a task id, workspace/task or a workflow id, found ${found(run)}`);
  }
  return named(workspace!, task!);
}

/** What a story needs to name the Web UI and the `temporal` program on this machine. */
export async function toldFrom({ address, namespace, variables, environment, cache }: ClientConfig) {
  const sources = { cliPath: variables.TEMPORAL_CLI_PATH, searchPath: environment['PATH'], cache };
  const temporal = (await findTemporal(sources)) ?? 'temporal';
  const uiUrl = variables.TEMPORAL_ADDRESS === undefined && `http://127.0.0.1:${variables.GATEHOUSE_UI_PORT}`;
  return { address, namespace, ...(uiUrl && { uiUrl }), environment: { ...environment, TEMPORAL_CLI_PATH: temporal } };
}

export const isJson = (command: Command): boolean => command.optsWithGlobals()['json'] === true;
