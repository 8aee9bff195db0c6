import type { Configuration } from './configuration.ts';
import { grantsOf, refusalOf, type About, type May } from './rights.ts';

/** Whether a person of the configuration file may act on a run, or see it if no action is named. */
export const personMay = (
  configuration: Pick<Configuration, 'people' | 'roles'>,
  person: string,
  { action = 'see', ...about }: { action?: May | undefined } & About,
): boolean => {
  const known = Object.hasOwn(configuration.people, person) ? person : undefined;
  return refusalOf({ name: person, grants: grantsOf(configuration, known) }, action, about) === undefined;
};

/** The person with this id in Slack. Undefined: the file names nobody with it. */
export const personInSlack = ({ people }: Pick<Configuration, 'people'>, id: string): string | undefined =>
  Object.entries(people).find(([, { slack }]) => slack === id)?.[0];
