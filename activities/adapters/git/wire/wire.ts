import { git, GitFailed, type Call, type GitAnswer, type Repository } from '../door.ts';
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

/**
 * Runs a git command that talks to another machine.
 *
 * The credentials are a header, which git reads from the environment of this one call (`GIT_CONFIG_COUNT`, git-config(1)).
 * So they are in no argument, address or file. Git passes the environment on to its transport only: hooks are off, filters
 * run in checkouts, and a helper or a prompt that could start another program is off too. An askpass program would cost one
 * refused request per call, and would have to be given the credentials in the same way.
 *
 * Git follows no redirect here, because it would send the header to wherever it is led. The caller decides about those.
 */
export async function overWire(
  where: Repository,
  wire: Wire,
  args: readonly string[],
  call: Call = {},
): Promise<GitAnswer> {
  const redact = redactor(wire.login ? secretsOf(wire.login) : []);
  const { settings = [], env, ...others } = call;
  try {
    const answer = await git(where, args, {
      kind: 'wire',
      ...others,
      settings: [...settingsFor(wire), ...settings],
      env: { ...environmentFor(wire.login && [`http.${wire.url}.extraHeader`, headerOf(wire.login)]), ...env },
    });
    return { ...answer, stdout: redact(answer.stdout), stderr: redact(answer.stderr) };
  } catch (failure) {
    if (!(failure instanceof GitFailed)) throw failure;
    throw new GitFailed(args.map(redact), redact(failure.stderr), failure.code, failure.signal, failure.timedOut);
  }
}

/** The header that names us. */
export const headerOf = (login: Login): string => `Authorization: Basic ${basicOf(login)}`;
const basicOf = ({ username, password }: Login): string => Buffer.from(`${username}:${password}`).toString('base64');
const secretsOf = (login: Login): string[] => [login.password, basicOf(login)];

/** How long the connection may carry less than a byte per second, in seconds. The other end sends a sign of life every 5 s. */
const SLOW_SECONDS = 120;

/** Only HTTP, TLS unless the address itself has none, and nobody but the header to name us. */
export const settingsFor = ({ url }: Wire): string[] => [
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

/**
 * The variables of a call: one setting that is in no argument, the machine's proxies and certificates, and a home without
 * anybody's `.netrc`.
 */
export function environmentFor(setting?: readonly [string, string]): Record<string, string> {
  const [key, value] = setting ?? [];
  return {
    ...Object.fromEntries(OF_MACHINE.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    HOME: '/nonexistent',
    ...(key !== undefined && { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: key, GIT_CONFIG_VALUE_0: value! }),
  };
}
const PROXIES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];
const OF_MACHINE = [
  ...PROXIES,
  ...PROXIES.slice(1).map((name) => name.toUpperCase()),
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];
