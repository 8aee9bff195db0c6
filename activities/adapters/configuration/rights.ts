import picomatch from 'picomatch';
import { z } from 'zod';
import { actionNames } from '../../../workflows/contracts/messages.ts';
import { addressOf } from './addresses.ts';

/**
 * What somebody may do: read runs, start them, also on paths of this machine, decide against a freeze, and each action by its
 * name. Tokens and roles use the same words.
 */
export const May = z.enum(['see', 'start', 'start:local', 'override', ...actionNames] as const, {
  error: `one of see, start, start:local, override, ${actionNames.join(', ')}`,
});
export type May = z.output<typeof May>;

/** What somebody wants to do something about. What is undefined is not asked: it is then enough that they may it somewhere. */
export interface About {
  workspace?: string | undefined;
  repository?: string | undefined;
  /** The base of the run's change. Empty: it has none yet. */
  base?: string | undefined;
}

/** What somebody may, and where. */
export interface Grant {
  /** The role that grants it. Undefined: it is granted by no role. */
  role?: string | undefined;
  may: ReadonlySet<May>;
  /** Globs over addresses of repositories. Undefined: all. */
  repositories?: readonly string[] | undefined;
  /** Globs over bases. Undefined: all. */
  bases?: readonly string[] | undefined;
}

/** Who may what, as the configuration file says. */
export interface Rules {
  people: Readonly<Record<string, unknown>>;
  /** A role grants what it may to its people, by their names under `people`. */
  roles: Readonly<
    Record<string, { people: readonly string[]; may: readonly May[] } & Pick<Grant, 'repositories' | 'bases'>>
  >;
}

/** Every right everywhere. */
export const ALL: readonly Grant[] = [{ may: new Set(May.options) }];
/** The name under `people` that stands for everybody who can sign in. */
export const EVERYBODY = '*';

/** What a person may, by their name under `people`. Undefined: somebody who is not there. */
export function grantsOf({ people, roles }: Rules, person: string | undefined): readonly Grant[] {
  const reading: Grant[] = Object.hasOwn(people, EVERYBODY) ? [{ may: new Set<May>(['see']) }] : [];
  if (person === undefined) return reading;
  const named = Object.entries(roles);
  if (named.length === 0) return ALL;
  const given = named.filter(([, role]) => role.people.includes(person));
  return [
    ...given.map(([role, { may, repositories, bases }]) => ({ role, may: new Set(may), repositories, bases })),
    ...reading,
  ];
}

/**
 * What somebody may through a comment on a pull request. The forge has said that they may write there, and without any roles
 * that is enough.
 */
export const grantsOnPullRequest = (configuration: Rules, person: string | undefined): readonly Grant[] =>
  Object.keys(configuration.roles).length === 0 ? ALL : grantsOf(configuration, person);

/** Why somebody with these grants may not do something. Undefined: they may. `name`: how the sentence calls them. */
export function refusalOf(
  { name, grants }: { name: string; grants: readonly Grant[] },
  what: May,
  about: About = {},
): string | undefined {
  const giving = grants.filter(({ may }) => may.has(what));
  if (giving.some((grant) => reaches(grant, about))) return undefined;
  const [first] = giving;
  if (first)
    return `${name} may ${what} only ${placeOf(first)}${first.role === undefined ? '' : `, by the role ${first.role}`}.`;
  const may = [...new Set(grants.flatMap((grant) => [...grant.may]))];
  const roles = grants.flatMap(({ role }) => role ?? []);
  const by = roles.length > 0 ? ` by ${roles.length === 1 ? 'the role' : 'the roles'} ${roles.join(', ')}` : '';
  return `${name} may not ${what}. ${may.length === 0 ? 'No role names them' : `It may ${may.join(', ')}${by}`}.`;
}

const reaches = ({ repositories, bases }: Grant, { repository, base }: About): boolean =>
  (!repositories || repository === undefined || matches(repositories, addressOf(repository))) &&
  (!bases || base === undefined || matches(bases, base));

const matches = (globs: readonly string[], text: string): boolean =>
  text !== '' && picomatch.isMatch(text, [...globs], { dot: true, nonegate: true });

function placeOf({ repositories, bases }: Grant): string {
  const on = repositories && `on ${repositories.join(', ')}`;
  const into = bases && `for the base ${bases.join(', ')}`;
  return [on, into].filter(Boolean).join(' ');
}
