import type { ActionName } from '../../../workflows/contracts/messages.ts';
import type { Configuration } from './configuration.ts';

/**
 * Whether a person of the configuration file may do this on a run of a repository. Everybody may whom the file names: it has
 * no roles yet.
 */
export const personMay = (
  { people }: Pick<Configuration, 'people'>,
  person: string,
  about: { action?: ActionName | undefined; repository?: string | undefined },
): boolean => {
  void about;
  return Object.hasOwn(people, person);
};

/** The person with this id in Slack. Undefined: the file names nobody with it. */
export const personInSlack = ({ people }: Pick<Configuration, 'people'>, id: string): string | undefined =>
  Object.entries(people).find(([, { slack }]) => slack === id)?.[0];
