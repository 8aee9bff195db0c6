import { access, chmod, constants, mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import { readConfig } from '../../../client/config.ts';
import { soleOwner } from '../../../client/local-stack/locking.ts';
import { REAL_AGENTS, type RealAgent } from './versions.ts';

const LIMIT_MS = 15 * 60_000;

type Name = RealAgent['name'];

const folderOf = ({ name, version }: RealAgent, cache: string): string => path.join(cache, 'agents', name, version);

/** The folder for `PATH` that has the program under its usual name, or undefined if it was not fetched yet. */
export async function fetched(name: Name, cache = readConfig().cache): Promise<string | undefined> {
  const bin = path.join(folderOf(REAL_AGENTS[name], cache), 'bin');
  return access(path.join(bin, name), constants.X_OK).then(
    () => bin,
    () => undefined,
  );
}

/**
 * Fetches a coding agent from the npm registry into the cache, outside of any repository, unless it is there. npm checks
 * the integrity of what it downloads. No package's scripts are run. Throws if the registry cannot be reached.
 */
export async function fetchAgent(name: Name, say: (line: string) => void, cache = readConfig().cache): Promise<string> {
  const there = await fetched(name, cache);
  if (there !== undefined) return there;
  const agent: RealAgent = REAL_AGENTS[name];
  const folder = folderOf(agent, cache);
  await mkdir(path.dirname(folder), { recursive: true });
  const turn = { say, waitingFor: `another process that fetches ${name}` };
  return soleOwner(`${folder}.lock`, turn, async () => {
    const done = await fetched(name, cache);
    if (done !== undefined) return done;
    say(`fetching ${name} ${agent.version} from the npm registry: ${agent.megabytes} MB, once`);
    const draft = await mkdtemp(`${folder}-draft-`);
    try {
      await install(agent, draft);
      await rm(folder, { recursive: true, force: true });
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    return path.join(folder, 'bin');
  });
}

async function install({ name, packages, optional, executable }: RealAgent, folder: string): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel', 'error'];
  const { failed, stderr } = await execa(
    'npm',
    ['install', '--prefix', folder, ...quiet, ...(optional ? [] : ['--omit', 'optional']), ...packages],
    { cwd: folder, stdin: 'ignore', timeout: LIMIT_MS, reject: false },
  );
  if (failed) throw new Error(`npm could not install ${packages.join(' and ')}: ${reasonIn(stderr)}`);
  await mkdir(path.join(folder, 'bin'));
  await chmod(path.join(folder, 'node_modules', executable), 0o755);
  await symlink(path.join('..', 'node_modules', executable), path.join(folder, 'bin', name));
}

const reasonIn = (stderr: string): string =>
  stderr
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim())
    .find((line) => line !== '' && !line.startsWith('code '))
    ?.slice(0, 300) ?? 'without a reason';
