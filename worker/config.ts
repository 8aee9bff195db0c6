import path from 'node:path';
import type { Location } from '../activities/adapters/state/connecting.ts';
import type { LiveConfiguration } from '../activities/adapters/configuration/loading.ts';
import { configurationOf } from './configuration/configuration-file.ts';
import { readVariables, type CodecKey, type Variables } from './configuration/variables.ts';
import { codecKeysOf } from './configuration/encryption.ts';
import { databaseOf, stateFolder, temporalOf } from './configuration/shared.ts';
import { takeOwnVariables } from './configuration/taking.ts';

export interface WorkerConfig {
  variables: Variables;
  data: string;
  namespace: string;
  address: string;
  connection: Record<string, unknown>;
  /** The database that workers share. */
  database: Location;
  /** The keys that encrypt payloads. Empty if encryption is off. */
  codecKeys?: CodecKey[];
  /** The whole environment, from which the environment of repositories' commands is made. */
  environment: NodeJS.ProcessEnv;
}

/** Reads the worker's environment, once. Throws `BadVariables` before anything is started. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const variables = readVariables(environment);
  const data = path.resolve(variables.GATEHOUSE_DATA ?? stateFolder());
  return {
    variables,
    data,
    database: databaseOf(variables, data),
    ...temporalOf(variables, environment),
    codecKeys: codecKeysOf(variables),
    environment,
  };
}

/**
 * Removes our own variables from this process's environment, and returns the original environment. Processes that are
 * started later inherit neither keys nor secrets. This includes git and everything that a repository makes it run.
 */
export const takeEnvironment = (from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv => takeOwnVariables(from);

/** The hosts that isolated commands must not reach: whoever reaches Temporal can confirm a change. */
export function closedTo({ address, database, environment }: ClosedTo): string[] {
  const doors = ['GATEHOUSE_URL', 'GATEHOUSE_TEMPORAL_UI'].map((name) => hostOf(environment[name] ?? ''));
  const hosts = [hostOf(`tcp://${address}`), 'url' in database ? hostOf(database.url) : '', ...doors];
  return hosts.filter((host) => host !== '');
}

type ClosedTo = Pick<WorkerConfig, 'address' | 'database' | 'environment'>;

/** Of PostgreSQL, `host` may also be a parameter. A path there is a socket, which is out of reach anyway. */
function hostOf(url: string): string {
  if (!URL.canParse(url)) return '';
  const { hostname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? hostname;
  return host.startsWith('/') ? '' : host.replace(/^\[|\]$/g, '');
}

/**
 * Opens the configuration file, and removes the variables that hold its secrets from this process's environment and from
 * `commands`, the environment of repositories' commands. Throws `BadVariables`.
 */
export function takeSecrets(
  { variables, environment }: Pick<WorkerConfig, 'variables' | 'environment'>,
  from: NodeJS.ProcessEnv = process.env,
): { configuration: LiveConfiguration; commands: NodeJS.ProcessEnv } {
  const commands = { ...environment };
  return { commands, configuration: configurationOf(variables, environment, [commands, from]) };
}
