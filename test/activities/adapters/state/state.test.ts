import { Kysely, sql } from 'kysely';
import { execa } from 'execa';
import { connecting } from '../../../../activities/adapters/state/connecting.ts';
import { isTransient, NewerSchema, StateUnavailable } from '../../../../activities/adapters/state/failures.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import type { Tables } from '../../../../activities/adapters/state/tables.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';

describe.each(DATABASES)('the state in %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  const open: State[] = [];
  const opened = async () => {
    const state = await openState(database.location);
    open.push(state);
    return state;
  };
  const entry = (key: string) => ({ key, month: '2026-11', at: '2026-11-28T00:00:00Z', cost_cents: 1.25 });

  beforeEach(async () => {
    database = await fresh();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((state) => state.close()));
    await database.remove();
  });

  it('keeps what a process has written for the next one', async () => {
    const first = await opened();
    await first.query((db) => db.insertInto('meter').values(entry('a')).execute());
    const second = await opened();
    expect(await second.query((db) => db.selectFrom('meter').selectAll().execute())).toEqual([entry('a')]);
  });

  it('reports times and counters as numbers', async () => {
    const state = await opened();
    const at = Date.now();
    await state.query((db) => db.insertInto('texts').values({ hash: 'h', text: 't', kept_at: at }).execute());
    expect(await state.query((db) => db.selectFrom('texts').select('kept_at').execute())).toEqual([{ kept_at: at }]);
    const [{ now }] = (await state.query((db) => db.selectFrom('texts').select(state.now.as('now')).execute())) as [
      { now: number },
    ];
    expect(Math.abs(now - Date.now())).toBeLessThan(600_000);
  });

  it('writes all of a transaction or nothing', async () => {
    const state = await opened();
    const failing = state.transaction(async (db) => {
      await db.insertInto('meter').values(entry('a')).execute();
      throw new Error('stop here');
    });
    await expect(failing).rejects.toThrow('stop here');
    expect(await state.query((db) => db.selectFrom('meter').selectAll().execute())).toEqual([]);
  });

  it('loses no count when many transactions read and write the same row', async () => {
    const states = await Promise.all([opened(), opened(), opened()]);
    await states[0]!.query((db) =>
      db
        .insertInto('meter')
        .values({ ...entry('a'), cost_cents: 0 })
        .execute(),
    );
    const add = (state: State) =>
      state.transaction(async (db) => {
        const { cost_cents: last } = await db.selectFrom('meter').select('cost_cents').executeTakeFirstOrThrow();
        await db
          .updateTable('meter')
          .set({ cost_cents: last + 1 })
          .execute();
      });
    await Promise.all(Array.from({ length: 30 }, (_, index) => add(states[index % 3]!)));
    const row = await states[1]!.query((db) => db.selectFrom('meter').select('cost_cents').executeTakeFirst());
    expect(row).toEqual({ cost_cents: 30 });
  });

  it('is opened by many processes at once that all find it new', async () => {
    const script = `import { openState } from './test/support/state/databases.ts';
      const state = await openState(${JSON.stringify(database.location)});
      process.stdout.write(JSON.stringify(await state.query((db) => db.selectFrom('meter').selectAll().execute())));
      await state.close();`;
    const run = () => execa(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
    const outputs = await Promise.all([run(), run(), run()]);
    expect(outputs.map(({ stdout }) => stdout)).toEqual(['[]', '[]', '[]']);
  });

  it('refuses a database that a newer build has changed, and changes nothing', async () => {
    const state = await opened();
    await state.query((db) =>
      sql`insert into kysely_migration (name, timestamp) values ('9999-later', 'now')`.execute(db),
    );
    const failure = await openState(database.location).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NewerSchema);
    expect((failure as Error).message).toMatch(/newer build.*9999-later.*backup/);
    expect(await state.query((db) => db.selectFrom('meter').selectAll().execute())).toEqual([]);
  });

  it('reports mistakes of ours as what they are', async () => {
    const state = await opened();
    const failing = state.query((db) => sql`select nothing from nowhere`.execute(db));
    await expect(failing).rejects.not.toBeInstanceOf(StateUnavailable);
  });
});

it('waits for another process that writes, and reports it as transient if that takes too long', async () => {
  const { location, remove } = await DATABASES[0]![1]();
  const [one, other] = [await openState(location), await openState(location)];
  let begun: () => void = () => undefined;
  const writing = new Promise<void>((resolve) => (begun = resolve));
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const long = one.transaction(async (db) => {
    await db.insertInto('pulls').values({ repository: 'r', number: 1, branch: 'b' }).execute();
    begun();
    await ended;
  });
  await writing;
  const waiting = other.query((db) =>
    db.insertInto('pulls').values({ repository: 's', number: 1, branch: 'b' }).execute(),
  );
  end();
  await Promise.all([long, waiting]);
  expect(await one.query((db) => db.selectFrom('pulls').select('repository').execute())).toHaveLength(2);
  await Promise.all([one.close(), other.close()]);
  await remove();
});

it('writes again after it has met another process that was writing', async () => {
  const { location, remove } = await DATABASES[0]![1]();
  const state = await openState(location);
  const other = new Kysely<Tables>({ dialect: connecting(location).dialect });
  const add = (db: Kysely<Tables>, repository: string) =>
    db.insertInto('pulls').values({ repository, number: 1, branch: 'b' }).execute();
  await state.transaction(async (db) => {
    await add(db, 'r');
    await expect(add(other, 's')).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    await expect(other.transaction().execute((each) => add(each, 's'))).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
  });
  await other.transaction().execute((db) => add(db, 's'));
  await add(other, 't');
  expect(await state.query((db) => db.selectFrom('pulls').select('repository').execute())).toHaveLength(3);
  await Promise.all([state.close(), other.destroy()]);
  await remove();
});

it('reports a database that cannot be reached as transient, without its password', async () => {
  const failure = await openState({ url: 'postgres://ana:secret@127.0.0.1:1/gate' }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StateUnavailable);
  expect((failure as Error).message).toContain('postgres://127.0.0.1:1/gate cannot be used now');
  expect((failure as Error).message).not.toContain('secret');
});

it('reports a folder in which no file can be made as transient', async () => {
  const failure = await openState({ file: '/dev/null/state.db' }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(StateUnavailable);
});

it('shows a place without user and password', () => {
  expect(connecting({ url: 'postgres://ana:secret@db.example:5433/gate?sslmode=require' }).shown).toBe(
    'postgres://db.example:5433/gate',
  );
});

it.each([
  ['SQLITE_BUSY', true],
  ['SQLITE_FULL', true],
  ['SQLITE_IOERR_WRITE', true],
  ['SQLITE_READONLY', true],
  ['SQLITE_CONSTRAINT_UNIQUE', false],
  ['SQLITE_ERROR', false],
  ['SQLITE_CORRUPT', false],
  ['08006', true],
  ['40001', true],
  ['53100', true],
  ['57P01', true],
  ['25006', true],
  ['23505', false],
  ['42P01', false],
  ['28P01', false],
  ['ECONNREFUSED', true],
  ['ECONNRESET', true],
  ['ENOSPC', true],
  ['EINVAL', false],
])('a failure with the code %s is transient: %s', (code, transient) => {
  expect(isTransient(Object.assign(new Error('it failed'), { code }))).toBe(transient);
});
