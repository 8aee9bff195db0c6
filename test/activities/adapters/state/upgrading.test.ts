import { Kysely, Migrator } from 'kysely';
import { connecting } from '../../../../activities/adapters/state/connecting.ts';
import { migrationsOf } from '../../../../activities/adapters/state/migrations/index.ts';
import { readRows } from '../../../../activities/adapters/state/reading.ts';
import type { Tables } from '../../../../activities/adapters/state/tables.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';

describe.each(DATABASES)('a database of an earlier build on %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  beforeEach(async () => {
    database = await fresh();
  });
  afterEach(() => database.remove());

  /** Brings the database to the first schema, as the builds before 2026-11-29 left it. */
  async function firstSchema(work: (db: Kysely<Tables>) => Promise<unknown>): Promise<void> {
    const { kind, dialect } = connecting(database.location);
    const db = new Kysely<Tables>({ dialect });
    const { '0001-first': first } = migrationsOf(kind);
    const provider = { getMigrations: async () => ({ '0001-first': first! }) };
    const { error } = await new Migrator({ db, provider }).migrateToLatest();
    expect(error).toBeUndefined();
    await work(db);
    await db.destroy();
  }

  it('keeps its rows, and has what was added since', async () => {
    const row = {
      adapter: 'log',
      key: 'k',
      workflow_id: 'run/default/A',
      at: '2026-11-28T00:00:00.000Z',
      message: '{}',
    };
    await firstSchema((db) =>
      db
        .insertInto('outbox')
        .values({ ...row, unreadable: 0 })
        .execute(),
    );
    await expect(readRows(database.location)).rejects.toThrow('has no rows of runs yet');
    const state = await openState(database.location);
    const [kept] = await state.query((db) => db.selectFrom('outbox').selectAll().execute());
    expect(kept).toMatchObject({ ...row, due_at: 0 });
    for (const table of ['digests', 'slack_messages', 'sign_ins', 'sign_in_links', 'logs'] as const)
      expect(await state.query((db) => db.selectFrom(table).selectAll().execute())).toEqual([]);
    await state.close();
  });
});
