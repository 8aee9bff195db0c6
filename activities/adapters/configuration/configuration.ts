import path from 'node:path';
import picomatch from 'picomatch';
import type { NoticeType } from '../../../workflows/contracts/notices.ts';
import { SHORTEST_SECRET } from '../settings/agent-settings.ts';
import type { AgentsFound } from '../settings/reading.ts';
import { parseYaml, type Fault } from '../settings/yaml-file.ts';
import { addressOf } from './addresses.ts';
import { EVERYBODY } from './rights.ts';
import { readRegular } from './reading.ts';
import { ConfigurationFile, isHidden, LATER, type Floor, type Repository, type Secret } from './schema.ts';

/** A secret, as a reference. Its value is read when it is used. */
export interface SecretReference {
  /** The worker's variable that holds it, if a variable does. */
  variable?: string | undefined;
  /** The file that holds it, if a file does. */
  file?: string | undefined;
  /** Whether what works on this repository may have it. */
  serves(repository: string): boolean;
  read(): { value: string } | { because: string };
}

/** What the configuration file decides. It contains no values of secrets. */
export interface Configuration extends Pick<ConfigurationFile, 'people' | 'prices' | 'roles' | 'signIn'> {
  /** The file's path. Undefined if there is none. */
  file?: string | undefined;
  /** The agents of hosted repositories that name none, and where they are written. */
  defaults: AgentsFound;
  secrets: Readonly<Record<string, SecretReference>>;
  /** Where notices go. Undefined: what `GATEHOUSE_NOTIFY` says. */
  notify?: readonly NoticeRoute[] | undefined;
  /** What holds for runs on a repository, by its canonical name. */
  rulesOf(repository: string): RepositoryRules;
}

/** One destination of notices, and what goes there. */
export interface NoticeRoute {
  /** The name of the notifier. */
  adapter: string;
  channel?: string | undefined;
  /** Undefined: everybody who may act. */
  people?: readonly string[] | undefined;
  /** Undefined: all. */
  types?: readonly NoticeType[] | undefined;
  /** Whether notices of runs on this repository go there. Undefined: all do. */
  serves?(repository: string): boolean;
}

/** What holds for runs on a repository. `at`: where that is written, for people. */
export interface RepositoryRules extends Pick<Repository, 'comment'> {
  floor: Floor;
  at?: string | undefined;
}

/** What holds for a repository that no entry matches. */
const NO_RULES: RepositoryRules = { floor: {}, comment: 'ours' };

interface From {
  /** The absolute path of the file. */
  file: string;
  /** The variables that hold secrets. */
  environment: NodeJS.ProcessEnv;
}

/** What applies without a configuration file. */
export const noConfiguration: Configuration = {
  defaults: { agents: {}, at: '' },
  people: {},
  prices: {},
  roles: {},
  secrets: {},
  signIn: [],
  rulesOf: () => NO_RULES,
};

/** Parses the text of a configuration file. */
export function parseConfiguration(text: string, from: From): { configuration: Configuration } | { faults: Fault[] } {
  const read = parseYaml(text, { schema: ConfigurationFile, later: LATER, hidden: isHidden });
  if ('faults' in read) return read;
  const strangers = strangersIn(read.data);
  if (strangers.length > 0) return { faults: strangers };
  const { defaults, notify, people, prices, roles, signIn, secrets } = read.data;
  const rules = read.data.repositories.map(({ match, policy: floor, comment }, index) => ({
    matches: matcherOf(match),
    rules: { floor, comment, at: `${path.basename(from.file)}:repositories[${index}].policy` },
  }));
  const references = Object.entries(secrets).map(([name, secret]) => [name, referenceOf(secret, from)]);
  return {
    configuration: {
      file: from.file,
      defaults: { agents: defaults.agents, at: `${path.basename(from.file)}:defaults.agents` },
      ...(notify && { notify: notify.map(routeOf) }),
      people,
      prices,
      roles,
      signIn,
      rulesOf(repository) {
        const address = addressOf(repository);
        return rules.find(({ matches }) => matches(address))?.rules ?? NO_RULES;
      },
      secrets: Object.fromEntries(references) as Record<string, SecretReference>,
    },
  };
}

/** The names in roles that `people` does not have. `"*"` is nobody in particular, and has no role. */
const strangersIn = ({ people, roles }: ConfigurationFile): Fault[] =>
  Object.entries(roles).flatMap(([role, { people: names }]) =>
    names.flatMap((name, index) =>
      Object.hasOwn(people, name) && name !== EVERYBODY
        ? []
        : [{ path: `roles.${role}.people[${index}]`, expected: `expected a name of people, found '${name}'` }],
    ),
  );

const matcherOf = (globs: string | string[]) => picomatch(globs, { dot: true, nonegate: true });

function routeOf({
  to: adapter,
  repositories,
  ...rest
}: NonNullable<ConfigurationFile['notify']>[number]): NoticeRoute {
  const matches = repositories && matcherOf(repositories);
  return { adapter, ...rest, ...(matches && { serves: (repository: string) => matches(addressOf(repository)) }) };
}

function referenceOf(secret: Secret, from: From): SecretReference {
  const { env: variable, file = '', repositories } = secret;
  const matches = repositories && matcherOf(repositories);
  const at = path.resolve(path.dirname(from.file), file);
  return {
    variable,
    file: variable === undefined ? at : undefined,
    serves: (repository) => matches?.(addressOf(repository)) ?? true,
    read: () => redactable(variable === undefined ? fromFile(at) : fromVariable(from.environment[variable])),
  };
}

/** A shorter value would be shown wherever an agent prints it. */
function redactable(read: { value: string } | { because: string }): { value: string } | { because: string } {
  if ('because' in read || read.value.trim().length >= SHORTEST_SECRET) return read;
  return { because: `whose value is shorter than ${SHORTEST_SECRET} characters, and could not be kept out of logs` };
}

const fromVariable = (value: string | undefined) => (value ? { value } : { because: 'whose variable is not set' });

const SECRET_BYTES = 100_000;

function fromFile(file: string): { value: string } | { because: string } {
  const read = readRegular(file, SECRET_BYTES);
  if ('because' in read) return { because: `whose file is ${read.because}` };
  const value = read.text.replace(/\r?\n$/, '');
  if (value.includes('\0')) return { because: 'whose file contains a NUL character' };
  return value === '' ? { because: 'whose file is empty' } : { value };
}

/**
 * Reads the secrets that an agent names, for its work on a repository. `missing` has a phrase for each one that it cannot
 * have: its name, and why.
 */
export function secretsFor(
  { secrets }: Pick<Configuration, 'secrets'>,
  names: readonly string[],
  repository: string,
): { values: Record<string, string> } | { missing: string[] } {
  const values: Record<string, string> = {};
  const missing: string[] = [];
  for (const name of names) {
    const reference = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
    const read = !reference
      ? { because: 'which the configuration file does not have' }
      : reference.serves(repository)
        ? reference.read()
        : { because: 'which is not for this repository' };
    if ('value' in read) values[name] = read.value;
    else missing.push(`${name}, ${read.because}`);
  }
  return missing.length > 0 ? { missing } : { values };
}

/** Somebody as a forge or a sign-in knows them: the login there, or the `sub` of OpenID Connect. */
export interface Account {
  through: 'github' | 'gitea' | 'oidc';
  login: string;
}

/** The name under `people` that has this account. Logins are compared as forges do; a `sub` is compared exactly. */
export function personOf({ people }: Pick<Configuration, 'people'>, { through, login }: Account): string | undefined {
  const form = (text: string | undefined) => (through === 'oidc' ? text : text?.toLowerCase());
  return Object.entries(people).find(([, person]) => form(person[through]) === form(login))?.[0];
}

/** The name with which an account acts here: that of `people`, else as in `github:login`. */
export const actorOf = (configuration: Pick<Configuration, 'people'>, account: Account): string =>
  personOf(configuration, account) ?? `${account.through}:${account.login}`;

/** Removes the variables that hold secrets, so that programs started with this environment do not inherit them. */
export function removeSecrets({ secrets }: Configuration, environment: NodeJS.ProcessEnv): void {
  for (const { variable } of Object.values(secrets)) if (variable !== undefined) delete environment[variable];
}
