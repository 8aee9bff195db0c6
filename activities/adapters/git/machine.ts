import { runProgram } from '../processes/program.ts';

type Environment = Record<string, string>;

const environmentWhere = (isKept: (name: string) => boolean): Environment =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => isKept(name))) as Environment;

/** What every program needs of the machine, and nothing that tells git anything. */
export const plainEnvironment = (): Environment => environmentWhere((name) => PLAIN.has(name));
const PLAIN = new Set(['PATH', 'HOME', 'USER', 'LOGNAME', 'TMPDIR']);

/**
 * What the machine's own configuration says of these names, in order, as `name=value`. Nothing else of it reaches our
 * git: whoever calls says what it wants, and hands it on in one call's `settings`. With a person's git folder, what that
 * repository says counts too.
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
