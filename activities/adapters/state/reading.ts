import { access } from 'node:fs/promises';
import { Kysely, sql } from 'kysely';
import { PLAIN, type Cipher } from './cipher.ts';
import { connecting, nowOf, type Kind, type Location } from './connecting.ts';
import { NewerSchema, StateUnavailable } from './failures.ts';
import { listRunners, type ListedRunner } from './listed-runners.ts';
import { migrationsOf } from './migrations/index.ts';
import { RunRows } from './runs.ts';
import type { Tables } from './tables.ts';

/** A row as lists show it. Times are milliseconds since 1970. */
export type ListedRow = Pick<
  Tables['runs'],
  | 'workflow_id'
  | 'run_id'
  | 'status'
  | 'step'
  | 'phase'
  | 'waiting_on'
  | 'waiting_since'
  | 'started_at'
  | 'ended_at'
  | 'type'
>;

export interface RowsWanted {
  /** Only live runs that wait for a person, and release watches too. */
  waiting?: boolean | undefined;
  status?: string | undefined;
}

/** The rows of runs and of workers, for who only reads them. */
export class ReadableRows extends RunRows {
  constructor(
    private readonly db: Kysely<Tables>,
    private readonly cipher: Cipher,
    private readonly kind: Kind,
  ) {
    super({
      cipher,
      query: (work) => work(db),
      transaction: () => Promise.reject(new Error('These rows are only read.')),
      now: sql<number>`0`,
    });
  }

  /** Newest first, or, if they wait, oldest wait first. */
  list({ waiting = false, status }: RowsWanted): Promise<ListedRow[]> {
    const columns = ['workflow_id', 'run_id', 'status', 'step', 'phase', 'type'] as const;
    let rows = this.db.selectFrom('runs').select([...columns, 'waiting_on', 'waiting_since', 'started_at', 'ended_at']);
    if (status !== undefined) rows = rows.where('status', '=', status);
    if (!waiting) return rows.where('type', '=', 'pipelineRun').orderBy('started_at', 'desc').execute();
    return rows.where('waiting_on', '=', 'person').where('ended_at', 'is', null).orderBy('waiting_since').execute();
  }

  /** The live run that works on a branch. */
  async liveOn({ repository, branch }: { repository: string; branch: string }): Promise<string | undefined> {
    const live = this.db.selectFrom('runs').select('workflow_id').where('type', '=', 'pipelineRun');
    const on = live.where('repository', '=', repository).where('branch', '=', branch).where('ended_at', 'is', null);
    return (await on.limit(1).executeTakeFirst())?.workflow_id;
  }

  /** The id of the installation that has this database. Undefined: it has none yet, because it never worked at a forge. */
  async installation(): Promise<string | undefined> {
    return (await this.db.selectFrom('installation').select('id').executeTakeFirst())?.id;
  }

  /** The end of a job's log, which was kept as the job ended: the whole log's size in bytes, and the end in Base64. */
  async log(key: string, stream: string): Promise<{ size: number; text: string } | undefined> {
    const kept = this.db.selectFrom('logs').select(['size', 'text']).where('key', '=', key);
    const row = await kept.where('stream', '=', stream).executeTakeFirst();
    return row && { size: Number(row.size), text: this.cipher.decrypt(row.text) };
  }

  /** The workers that share the database. */
  runners = (): Promise<ListedRunner[]> => listRunners(this.db, nowOf(this.kind));

  close = (): Promise<void> => this.db.destroy();
}

/**
 * Opens the database to read it. Nothing is created or migrated: throws `StateUnavailable` if there is none, or if its schema
 * is older, and `NewerSchema` if it is newer.
 */
export async function readRows(location: Location, cipher: Cipher = PLAIN): Promise<ReadableRows> {
  const { kind, dialect, shown } = connecting(location);
  if ('file' in location) await access(location.file).catch(() => missing(shown));
  const db = new Kysely<Tables>({ dialect });
  try {
    const known = Object.keys(migrationsOf(kind));
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    if (rows.some(({ name }) => !known.includes(name))) throw new NewerSchema(`A newer build has changed ${shown}.`);
    if (rows.length < known.length) missing(shown);
    return new ReadableRows(db, cipher, kind);
  } catch (failure) {
    await db.destroy();
    if (failure instanceof NewerSchema || failure instanceof StateUnavailable) throw failure;
    throw new StateUnavailable(`The database ${shown} cannot be read: ${(failure as Error).message}`, {
      cause: failure,
    });
  }
}

function missing(shown: string): never {
  throw new StateUnavailable(`${shown} has no rows of runs yet`);
}
