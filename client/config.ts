import path from 'node:path';
import envPaths from 'env-paths';
import { codecKeysOf } from '../worker/configuration/encryption.ts';
import { stateFolder, temporalOf } from '../worker/configuration/shared.ts';
import { readVariables, type CodecKey, type Variables } from '../worker/configuration/variables.ts';

export interface ClientConfig {
  variables: Variables;
  data: string;
  /** The cache folder for downloaded and built programs, outside any work tree. */
  cache: string;
  namespace: string;
  address: string;
  connection: Record<string, unknown>;
  /** The keys that encrypt payloads. Undefined if encryption is off. */
  codecKeys?: CodecKey[];
  environment: NodeJS.ProcessEnv;
  /** The environment that programs inherit. Secrets are removed from it before forges are asked. */
  exposed?: NodeJS.ProcessEnv;
}

/** Reads the client's environment, once. Throws `BadVariables` before anything has started. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): ClientConfig {
  const variables = readVariables(environment);
  return {
    variables,
    data: path.resolve(variables.GATEHOUSE_DATA ?? stateFolder()),
    cache: envPaths('gatehouse', { suffix: '' }).cache,
    ...temporalOf(variables, environment),
    codecKeys: codecKeysOf(variables),
    environment: { ...environment },
    exposed: environment,
  };
}
