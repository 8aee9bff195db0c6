import path from 'node:path';
import envPaths from 'env-paths';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { readVariables, type Variables } from '../workflows/contracts/variables.ts';

export interface WorkerConfig {
  variables: Variables;
  data: string;
  namespace: string;
  address: string;
  connection: Record<string, unknown>;
  /** What the commands of repositories are given. */
  environment: NodeJS.ProcessEnv;
}

/** The worker's environment, read once. Throws `BadVariables`, and then nothing has started. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const variables = readVariables(environment);
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const address = variables.TEMPORAL_ADDRESS ?? `127.0.0.1:${variables.GATEHOUSE_PORT}`;
  return {
    variables,
    data: path.resolve(variables.GATEHOUSE_DATA ?? envPaths('gatehouse', { suffix: '' }).log),
    namespace: namespace ?? 'default',
    address,
    connection: { ...connectionOptions, address },
    environment,
  };
}
