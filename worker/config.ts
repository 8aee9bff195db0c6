import path from 'node:path';
import { readVariables, type CodecKey, type Variables } from '../workflows/contracts/variables.ts';
import { codecKeysOf } from './configuration/sealing.ts';
import { stateFolder, temporalOf } from './configuration/shared.ts';

export interface WorkerConfig {
  variables: Variables;
  data: string;
  namespace: string;
  address: string;
  connection: Record<string, unknown>;
  /** What payloads are encrypted with; none when encryption is off. */
  codecKeys?: CodecKey[];
  /** What the commands of repositories are given. */
  environment: NodeJS.ProcessEnv;
}

/** The worker's environment, read once. Throws `BadVariables`, and then nothing has started. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const variables = readVariables(environment);
  return {
    variables,
    data: path.resolve(variables.GATEHOUSE_DATA ?? stateFolder()),
    ...temporalOf(variables, environment),
    codecKeys: codecKeysOf(variables),
    environment,
  };
}
