import { git, GitFailed, type Call, type GitAnswer, type Repository } from '../door.ts';
import { networkEnvironment } from '../machine.ts';
import { restoreConfiguration } from './configuration.ts';
import { redactor } from './redacting.ts';

/** User name and password for git over HTTP. */
export interface Login {
  username: string;
  password: string;
}

/** A repository on another machine, as one call reaches it. */
export interface Wire {
  /** Its address, `http://` or `https://`, without credentials. */
  url: string;
  /** Undefined: nobody is named, as for a repository that everybody may read. */
  login?: Login | undefined;
}

/** The settings and variables by which a call names us. */
export interface Naming {
  settings: string[];
  env: Record<string, string>;
}

/**
 * Runs a git command that talks to another machine.
 *
 * The credentials are a header, which git reads from the environment of this one call (`GIT_CONFIG_COUNT`, git-config(1)).
 * So they are in no argument, address or file. Git passes the environment on to its transport only: hooks are off, filters
 * run in checkouts, and a helper or a prompt that could start another program is off too. An askpass program would cost one
 * refused request per call, and would have to be given the credentials in the same way.
 *
 * `where` is a copy of ours, whose configuration is restored first. Git follows no redirect here, because it would send the header to wherever it is led. The caller decides about those.
 */
export async function overWire(
  where: Repository,
  wire: Wire,
  args: readonly string[],
  { naming = byHeader, ...call }: Call & { naming?: (url: string, login: Login) => Naming } = {},
): Promise<GitAnswer> {
  await restoreConfiguration(where);
  const redact = redactor(wire.login ? secretsOf(wire.login) : []);
  const { settings = [], env, ...others } = call;
  const named = wire.login && naming(wire.url, wire.login);
  try {
    const answer = await git(where, args, {
      kind: 'wire',
      ...others,
      settings: [...settingsFor(wire), ...(named?.settings ?? []), ...settings],
      // A home without anybody's `.netrc`.
      env: { ...networkEnvironment(), HOME: '/nonexistent', ...named?.env, ...env },
    });
    return { ...answer, stdout: redact(answer.stdout), stderr: redact(answer.stderr) };
  } catch (failure) {
    if (!(failure instanceof GitFailed)) throw failure;
    throw new GitFailed(args.map(redact), redact(failure.stderr), failure.code, failure.signal, failure.timedOut);
  }
}

const byHeader = (url: string, login: Login): Naming => ({
  settings: [],
  env: { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: `http.${url}.extraHeader`, GIT_CONFIG_VALUE_0: headerOf(login) },
});

/** The header that names us. */
export const headerOf = (login: Login): string => `Authorization: Basic ${basicOf(login)}`;
const basicOf = ({ username, password }: Login): string => Buffer.from(`${username}:${password}`).toString('base64');
const secretsOf = (login: Login): string[] => [login.password, basicOf(login)];

/** How long the connection may carry less than a byte per second, in seconds. The other end sends a sign of life every 5 s. */
const SLOW_SECONDS = 120;

/** Only HTTP, TLS unless the address itself has none, and nobody but the header to name us. */
const settingsFor = ({ url }: Wire): string[] => [
  'protocol.file.allow=never',
  'protocol.https.allow=always',
  `protocol.http.allow=${url.startsWith('http://') ? 'always' : 'never'}`,
  'transfer.credentialsInUrl=die',
  'http.followRedirects=false',
  'http.lowSpeedLimit=1',
  `http.lowSpeedTime=${SLOW_SECONDS}`,
  // Without this program, git ends instead of trying again without a name.
  'core.askPass=false',
  // Objects arrive as one pack or not at all, so a killed git leaves no commit without its files.
  'transfer.unpackLimit=1',
];
