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

/**
 * Takes our own variables out of this process's environment, and answers all of it as it was: whatever is started from
 * here on inherits neither keys nor secrets, git and what a repository has it run included.
 */
export function takeEnvironment(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const whole = { ...from };
  for (const name of Object.keys(whole)) if (/^(GATEHOUSE|TEMPORAL)_/.test(name)) delete from[name];
  return whole;
}
