import { runProgram } from '../processes/program.ts';

type Environment = Record<string, string>;

const environmentWhere = (isKept: (name: string) => boolean): Environment =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => isKept(name))) as Environment;

/** The variables that every program needs from the machine's environment, and none that configures git. */
export const plainEnvironment = (): Environment => environmentWhere((name) => PLAIN.has(name));
const PLAIN = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR']);

/** The variables that lead to other machines: proxies, and whose certificates are trusted. */
export const networkEnvironment = (): Environment => environmentWhere((name) => NETWORK.test(name));
/** No program reads `HTTP_PROXY`, because a web server may set it from a request. */
const NETWORK =
  /^(?:http_proxy|(?:https|all|no)_proxy|(?:HTTPS|ALL|NO)_PROXY|GIT_SSL_CA(?:INFO|PATH)|SSL_CERT_(?:FILE|DIR))$/;

/**
 * The machine's own git configuration for these names, in order, as `name=value`. No other setting of the machine reaches
 * our git: a caller that wants some passes them in a call's `settings`. With a person's git folder, that repository's
 * settings are included.
 */
export async function machineSettings(names: RegExp, gitDir = '/nonexistent'): Promise<string[]> {
  const env = { ...environmentWhere((name) => !name.startsWith('GIT_') || OF_CONFIGURATION.has(name)), LC_ALL: 'C' };
  const args = ['--git-dir', gitDir, 'config', '--null', '--list', '--includes'];
  const { stdout } = await runProgram('git', args, { cwd: '/', env, limitMs: 10_000 });
  return stdout.split('\0').flatMap((entry) => {
    const [name = '', value] = [entry.split('\n', 1)[0], entry.slice(entry.indexOf('\n') + 1)];
    return names.test(name) ? [entry.includes('\n') ? `${name}=${value}` : name] : [];
  });
}

const OF_CONFIGURATION = new Set(['GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM', 'GIT_CONFIG_NOSYSTEM']);
