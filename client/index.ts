/** The API for other programs: starting runs, acting on them and reading them. */
import type { Client } from '@temporalio/client';
import type { z } from 'zod';
import type { actions, ActionName } from '../workflows/contracts/messages.ts';
import type { RunInput } from '../workflows/gates/index.ts';
import type { Begun } from './beginning.ts';
import { readConfig } from './config.ts';
import { connect as connectTo } from './connection.ts';
import { Runs, type Acted, type Read } from './runs.ts';

export { runIdOf } from '../workflows/contracts/pipeline-run.ts';
export * from './errors.ts';
export type { Begun } from './beginning.ts';
export { Runs, type Acted, type Read } from './runs.ts';

/** The start input of a run. */
export type StartInput = z.input<typeof RunInput>;

/** The input of an action: `{ findings: string; by?: string; … }` for `requestFix`. */
export type ActionInput<Name extends ActionName> = z.input<(typeof actions)[Name]['input']>;

export interface Starting {
  /** Whether to start a new run even if the task's last run failed or was stopped. By default that run is retried. */
  fresh?: boolean;
  /** The workers' task queue. Default: `GATEHOUSE_TASK_QUEUE`, as for workers. */
  taskQueue?: string;
}

const taskQueueOf = () => readConfig().variables.GATEHOUSE_TASK_QUEUE;

/**
 * Connects as the command line does: to the server that the environment names, with its encryption keys. The caller closes
 * `client.connection`. Throws `Unreachable` if nothing answers.
 */
export const connect = (environment?: NodeJS.ProcessEnv): Promise<Client> => connectTo(readConfig(environment));

/**
 * Starts a run, and waits until a worker has examined the repository. Throws `InvalidInput` with every wrong field, and
 * `LiveRun` if the task has a run already.
 */
export const startRun = (
  client: Client,
  input: StartInput,
  { fresh = false, taskQueue = taskQueueOf() }: Starting = {},
): Promise<Begun & { retried: boolean }> => new Runs(client, taskQueue).start(input, { fresh });

/** Acts on a run, and returns whether the action was taken. Throws `Refused` if it is not on offer. */
export const act = <Name extends ActionName>(
  client: Client,
  workflowId: string,
  action: Name,
  input: ActionInput<Name>,
): Promise<Acted> => new Runs(client, taskQueueOf()).act(workflowId, action, input);

/** Reads a run: its steps, what it waits for, how it ended, and which activities fail right now. */
export const readRun = (client: Client, workflowId: string): Promise<Read> =>
  new Runs(client, taskQueueOf()).read(workflowId);
