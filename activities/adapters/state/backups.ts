import { randomUUID } from 'node:crypto';
import { access, copyFile, link, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Location } from './connecting.ts';
import { migrationsOf } from './migrations/index.ts';

/** How long a statement waits for workers that write, in milliseconds. */
const BUSY_MS = 15_000;
/** How long commands that only read may keep `restore` waiting, in milliseconds. A worker never lets go. */
const ALONE_MS = 3_000;

/** What a file of the database holds. */
export interface Contents {
  bytes: number;
  /** The newest migration that it has had. */
  schema: string;
  /** The rows of runs, and how many of those runs had not ended. */
  runs: number;
  live: number;
}

export interface Refused {
  is: 'refused';
  because: string;
}
export type BackedUp = ({ is: 'done'; file: string } & Contents) | Refused;
/** `kept`: where the database that was replaced is now, if there was one. */
export type Restored = ({ is: 'done'; file: string; kept?: string | undefined } & Contents) | Refused;

const refused = (because: string): Refused => ({ is: 'refused', because });

/**
 * Copies the database into a new file, as it is at one moment, while workers go on. The copy is checked before it gets its
 * name, so a file of that name is always a whole backup.
 */
export async function backUp(location: Location, file: string): Promise<BackedUp> {
  if ('url' in location) return refused(withOwnTools(location.url, 'pg_dump', file));
  if (!(await exists(location.file))) return refused(`There is no database at ${location.file} yet.`);
  if (await exists(file)) return refused(`${file} exists already. A backup replaces nothing.`);
  if (!(await exists(path.dirname(file)))) return refused(`There is no folder ${path.dirname(file)}.`);
  const draft = `${file}.${randomUUID()}`;
  try {
    await (await open(draft, 'wx', 0o600)).close();
    await using(location.file, (db) => void db.prepare('vacuum into ?').run([draft]));
    const found = await contentsOf(draft);
    if ('because' in found) return refused(`The copy of ${location.file} is damaged: ${found.because}`);
    await synced(draft);
    if (await exists(file)) return refused(`${file} exists already. A backup replaces nothing.`);
    await rename(draft, file);
    return { is: 'done', file, ...found };
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Puts a backup in the place of the database, which is kept under another name. Nothing changes if the backup is damaged,
 * is of a newer build, or if workers use the database.
 */
export async function restore(location: Location, from: string, now = new Date()): Promise<Restored> {
  if ('url' in location) return refused(withOwnTools(location.url, 'pg_restore', from));
  if (!(await exists(from))) return refused(`There is no file ${from}.`);
  if (await exists(`${from}-wal`)) {
    return refused(
      `${from} is no whole copy: its newest changes are in ${from}-wal. Make backups with gatehouse backup.`,
    );
  }
  const { file } = location;
  const draft = `${file}.${randomUUID()}`;
  try {
    await copyFile(from, draft);
    const found = await contentsOf(draft);
    if ('because' in found) return refused(`${from} cannot be restored: ${found.because}`);
    // Whoever held leases when the backup was made holds none now.
    await using(draft, (db) => void db.exec('delete from leases; delete from sessions'));
    await synced(draft);
    const kept = (await exists(file)) ? await nameFor(file, now) : undefined;
    const inPlace = async () => {
      if (kept) await link(file, kept);
      await rename(draft, file); // at no moment is there no database
    };
    const isAlone = await alone(file, inPlace);
    if (!isAlone) return refused(`Another process uses ${file}. Stop all workers first.`);
    return { is: 'done', file, ...(kept && { kept }), ...found };
  } finally {
    for (const each of [draft, ...besides(draft)]) await rm(each, { force: true });
  }
}

/** The part of libsql that is used here. */
interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): { all(parameters: unknown[]): unknown[]; run(parameters: unknown[]): unknown };
}

async function using<T>(file: string, work: (db: Database) => T): Promise<T> {
  const { default: Libsql } = await import('libsql');
  const db = new Libsql(file);
  try {
    db.pragma(`busy_timeout=${BUSY_MS}`);
    return work(db);
  } finally {
    db.close();
  }
}

/** Checks every page of a file, and reads what it holds, or says why it is of no use here. */
async function contentsOf(file: string): Promise<Contents | { because: string }> {
  const { size: bytes } = await stat(file);
  try {
    return await using(file, (db) => {
      const all = (sql: string): Record<string, unknown>[] => db.prepare(sql).all([]) as Record<string, unknown>[];
      const faults = all('pragma integrity_check').map((row) => String(Object.values(row)[0]));
      if (faults[0] !== 'ok') return { because: `it is damaged (${faults.slice(0, 3).join('; ')}).` };
      const tables = new Set(all("select name from sqlite_master where type = 'table'").map(({ name }) => name));
      if (!tables.has('kysely_migration') || !tables.has('runs')) return { because: 'it is no backup of gatehouse.' };
      const names = all('select name from kysely_migration order by name').map(({ name }) => String(name));
      const known = Object.keys(migrationsOf('sqlite'));
      const added = names.filter((name) => !known.includes(name));
      if (added.length > 0)
        return { because: `it is of a newer build (${added.join(', ')}). Use that build or a later one.` };
      const [count] = all('select count(*) as runs, sum(ended_at is null) as live from runs');
      const { runs, live } = count as { runs: number; live: number | null };
      return { bytes, schema: names.at(-1) ?? '', runs, live: live ?? 0 };
    });
  } catch (failure) {
    const { code, message } = failure as NodeJS.ErrnoException;
    if (code === 'SQLITE_NOTADB') return { because: 'it is no database.' };
    if (code === 'SQLITE_CORRUPT') return { because: `it is damaged (${message}).` };
    throw failure;
  }
}

/**
 * Does the work while nobody else has the database open, and nobody can open it. SQLite's own locks show that, and they end with their
 * process. Returns false if somebody has. A database that cannot be read has no users.
 */
async function alone(file: string, work: () => Promise<void>): Promise<boolean> {
  const { default: Libsql } = await import('libsql');
  const db = new Libsql(file);
  try {
    // By `exec`, because a prepared statement would keep the database open until this process ends. Only a single connection can
    // leave its journal mode; what the log of changes holds is in the database afterwards.
    db.exec(`pragma busy_timeout=${ALONE_MS}; pragma journal_mode=delete; begin exclusive`);
    await work();
    return true;
  } catch (failure) {
    const { code = '' } = failure as NodeJS.ErrnoException;
    if (/^SQLITE_(?:BUSY|LOCKED)/.test(code)) return false;
    if (!/^SQLITE_(?:NOTADB|CORRUPT)/.test(code)) throw failure;
    for (const each of besides(file)) await rm(each, { force: true });
    await work();
    return true;
  } finally {
    db.close();
  }
}

/** A free name under which the present database is kept. */
async function nameFor(file: string, now: Date): Promise<string> {
  const name = `${file}.before-restore-${now.toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  for (let n = 1; ; n += 1) {
    const kept = n === 1 ? name : `${name}-${n}`;
    if (!(await exists(kept))) return kept;
  }
}

/** What SQLite keeps beside a database. */
const besides = (database: string): string[] => [`${database}-wal`, `${database}-shm`];

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

async function synced(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.sync().finally(() => handle.close());
}

/** The password stays where it is: in the variable, or in the file that PostgreSQL's own tools read. */
function withOwnTools(url: string, tool: 'pg_dump' | 'pg_restore', file: string): string {
  const { hostname, port, username, pathname } = new URL(url);
  const to = `--host ${hostname}${port ? ` --port ${port}` : ''}${username ? ` --username ${username}` : ''} --dbname ${pathname.slice(1)}`;
  const command =
    tool === 'pg_dump'
      ? `pg_dump --format custom ${to} --file ${file}`
      : `pg_restore --clean --if-exists ${to} ${file}`;
  const after = tool === 'pg_dump' ? '' : ' Stop all workers first.';
  return `The database is PostgreSQL, which has its own tools: ${command}.${after}`;
}
