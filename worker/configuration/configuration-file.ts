import {
  BadConfiguration,
  openConfiguration,
  type LiveConfiguration,
} from '../../activities/adapters/configuration/loading.ts';
import { BadVariables, type Variables } from './variables.ts';

/**
 * Opens the configuration file that the variables name. Throws `BadVariables` with one line per fault. `environment` holds
 * the secrets; their variables are removed from `exposed`.
 */
export function configurationOf(
  { GATEHOUSE_CONFIG: named }: Pick<Variables, 'GATEHOUSE_CONFIG'>,
  environment: NodeJS.ProcessEnv,
  exposed: readonly NodeJS.ProcessEnv[] = [],
): LiveConfiguration {
  try {
    return openConfiguration({ named, environment, exposed });
  } catch (failure) {
    if (failure instanceof BadConfiguration) throw new BadVariables(failure.message);
    throw failure;
  }
}

export { faultLines, readConfiguration } from '../../activities/adapters/configuration/loading.ts';
export { schemas } from '../../activities/adapters/configuration/json-schema.ts';
