import { fileURLToPath } from 'node:url';
import path from 'node:path';
import picomatch from 'picomatch';
import type { NoticeType } from '../../../workflows/contracts/notices.ts';
import { SHORTEST_SECRET } from '../settings/agent-settings.ts';
import type { AgentsFound } from '../settings/reading.ts';
import { parseYaml, type Fault } from '../settings/yaml-file.ts';
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
export interface Configuration extends Pick<ConfigurationFile, 'people' | 'prices' | 'signIn'> {
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
  secrets: {},
  signIn: [],
  rulesOf: () => NO_RULES,
};

/** Parses the text of a configuration file. */
export function parseConfiguration(text: string, from: From): { configuration: Configuration } | { faults: Fault[] } {
  const read = parseYaml(text, { schema: ConfigurationFile, later: LATER, hidden: isHidden });
  if ('faults' in read) return read;
  const { defaults, notify, people, prices, signIn, secrets } = read.data;
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
      signIn,
      rulesOf(repository) {
        const address = addressOf(repository);
        return rules.find(({ matches }) => matches(address))?.rules ?? NO_RULES;
      },
      secrets: Object.fromEntries(references) as Record<string, SecretReference>,
    },
  };
}

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

/** The form of a repository's address that globs match: an absolute path, or a URL without credentials and `.git`. */
function addressOf(repository: string): string {
  if (repository.startsWith('file:') && URL.canParse(repository)) return path.resolve(fileURLToPath(repository));
  if (path.isAbsolute(repository)) return path.resolve(repository);
  if (!URL.canParse(repository)) return repository;
  const { protocol, host, pathname } = new URL(repository);
  return `${protocol}//${host}${pathname.replace(/(?:\.git)?\/*$/, '')}`;
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

/** The name with which somebody acts here who is known by a login on a forge: that of `people`, else `github:login`. */
export function actorOf(
  { people }: Pick<Configuration, 'people'>,
  { forge, login }: { forge: 'github' | 'gitea'; login: string },
): string {
  const same = (other: string | undefined) => other?.toLowerCase() === login.toLowerCase();
  return Object.entries(people).find(([, person]) => same(person[forge]))?.[0] ?? `${forge}:${login}`;
}

/** Removes the variables that hold secrets, so that programs started with this environment do not inherit them. */
export function removeSecrets({ secrets }: Configuration, environment: NodeJS.ProcessEnv): void {
  for (const { variable } of Object.values(secrets)) if (variable !== undefined) delete environment[variable];
}
