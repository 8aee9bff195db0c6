import envPaths from 'env-paths';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Location } from '../../activities/adapters/state/connecting.ts';
import { locationOf } from '../../activities/adapters/state/locating.ts';
import { BadVariables, type Variables } from './variables.ts';

/**
 * The connection to Temporal, read like Temporal's own tools do: from the environment, then from their configuration file.
 * Without an address it is the local server, for which keys and TLS settings of a profile are ignored.
 */
export function temporalOf(variables: Variables, environment: NodeJS.ProcessEnv) {
  const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE = 'default', GATEHOUSE_PORT } = variables;
  if (TEMPORAL_ADDRESS === undefined) {
    const address = `127.0.0.1:${GATEHOUSE_PORT}`;
    return { address, namespace: TEMPORAL_NAMESPACE, connection: { address } };
  }
  const set = Object.entries(environment).filter((entry): entry is [string, string] => Boolean(entry[1]));
  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(set) });
    const connection = { ...connectionOptions, address: TEMPORAL_ADDRESS };
    return { address: TEMPORAL_ADDRESS, namespace: namespace ?? TEMPORAL_NAMESPACE, connection };
  } catch (failure) {
    throw new BadVariables(
      `TEMPORAL_*: expected valid connection settings of Temporal's tools: ${(failure as Error).message}`,
    );
  }
}

/** Where the database is. */
export function databaseOf(variables: Variables, data: string): Location {
  try {
    return locationOf(variables, data);
  } catch (failure) {
    throw new BadVariables((failure as Error).message);
  }
}

/** The user's state directory. Only Linux has one, and env-paths calls it `log`. */
export function stateFolder(): string {
  const { log, data } = envPaths('gatehouse', { suffix: '' });
  return process.platform === 'linux' ? log : data;
}
