import path from 'node:path';
import { readVariables, type CodecKey, type Variables } from './configuration/variables.ts';
import { codecKeysOf } from './configuration/encryption.ts';
import { stateFolder, temporalOf } from './configuration/shared.ts';

export interface WorkerConfig {
  variables: Variables;
  data: string;
  namespace: string;
  address: string;
  connection: Record<string, unknown>;
  /** The keys that encrypt payloads. Empty if encryption is off. */
  codecKeys?: CodecKey[];
  /** The whole environment, from which the environment of repositories' commands is made. */
  environment: NodeJS.ProcessEnv;
}

/** Reads the worker's environment, once. Throws `BadVariables` before anything is started. */
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

/**
 * Removes our own variables from this process's environment, and returns the original environment. Processes that are
 * started later inherit neither keys nor secrets. This includes git and everything that a repository makes it run.
 */
export function takeEnvironment(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const whole = { ...from };
  for (const name of Object.keys(whole)) if (/^(GATEHOUSE|TEMPORAL)_/.test(name)) delete from[name];
  return whole;
}
