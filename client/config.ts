import path from 'node:path';
import envPaths from 'env-paths';
import { codecKeysOf } from '../worker/configuration/encryption.ts';
import { stateFolder, temporalOf } from '../worker/configuration/shared.ts';
import { readVariables, type CodecKey, type Variables } from '../worker/configuration/variables.ts';

export interface ClientConfig {
  variables: Variables;
  data: string;
  /** Where what was fetched or built is kept: outside any work tree, and never more than a cache. */
  cache: string;
  namespace: string;
  address: string;
  connection: Record<string, unknown>;
  /** What payloads are encrypted with; none when encryption is off. */
  codecKeys?: CodecKey[];
  environment: NodeJS.ProcessEnv;
}

/** The client's environment, read once. Throws `BadVariables`, and then nothing has started. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): ClientConfig {
  const variables = readVariables(environment);
  return {
    variables,
    data: path.resolve(variables.GATEHOUSE_DATA ?? stateFolder()),
    cache: envPaths('gatehouse', { suffix: '' }).cache,
    ...temporalOf(variables, environment),
    codecKeys: codecKeysOf(variables),
    environment,
  };
}
