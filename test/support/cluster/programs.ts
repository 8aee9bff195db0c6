import { access, constants, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import envPaths from 'env-paths';
import { execa } from 'execa';
import { soleHolder } from '../../../client/local-stack/locking.ts';

/** The newest server that builds with the Go that most people have: 1.31.5 and later want 1.26.10 (server.md 3). */
export const SERVER_VERSION = '1.31.2';
const MODULE = 'go.temporal.io/server/cmd';
/** Where packages of PostgreSQL put their programs when they leave them off PATH. */
const HOMES = ['/usr/lib/postgresql', '/usr/pgsql', '/opt/homebrew/opt', '/usr/local/opt', '/Library/PostgreSQL'];

export interface Programs {
  /** Folder of `initdb`, `postgres` and `psql`. */
  postgres: string;
  /** Folder of `server` and `sql`. */
  temporal: string;
}

/** Finds PostgreSQL and the Temporal server, or builds the latter once. Throws with what to install when it cannot. */
export async function getPrograms(say: (line: string) => void): Promise<Programs> {
  const postgres = await findPostgres();
  if (!postgres) {
    throw new Error(
      'No PostgreSQL on this machine: expected `initdb` and `postgres` on PATH or where packages put them. ' +
        'Install it (Debian: apt install postgresql · macOS: brew install postgresql@17), or set PGBIN to its folder.',
    );
  }
  return { postgres, temporal: await getServer(say) };
}

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

async function getServer(say: (line: string) => void): Promise<string> {
  const folder = path.join(envPaths('gatehouse', { suffix: '' }).cache, 'temporal-server', SERVER_VERSION);
  if (await hasAll(folder, ['server', 'sql'])) return folder;
  await mkdir(folder, { recursive: true });
  return soleHolder(
    `${folder}.lock`,
    { say, waitingFor: 'another process that builds the Temporal server' },
    async () => {
      if (!(await hasAll(folder, ['server', 'sql']))) await build(folder, say);
      return folder;
    },
  );
}

async function build(folder: string, say: (line: string) => void): Promise<void> {
  say(`building the Temporal server ${SERVER_VERSION} with Go: this takes 3 to 6 minutes and about 3 GB, once`);
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
