import { sql } from 'kysely';
import { StateUnavailable } from '../../../../activities/adapters/state/failures.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';

const servers = DATABASES.filter(([name]) => name === 'PostgreSQL');
const entry = (key: string) => ({ key, month: '2026-11', at: '2026-11-28T00:00:00Z', cost_cents: 1.25 });

describe('connections to a server that are cut', () => {
  for (const [name, fresh] of servers)
    it(`between two statements of a transaction in ${name} leave nothing behind`, async () => {
      const { location, remove } = await fresh();
      const [state, other] = [await openState(location), await openState(location)];
      const cut = state.transaction(async (db) => {
        await db.insertInto('meter').values(entry('a')).execute();
        const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db);
        await other.query((its) => sql`select pg_terminate_backend(${rows[0]!.pid}, 10000)`.execute(its));
        await new Promise((resolve) => setImmediate(resolve)); // the end of the connection arrives between two statements
        await db.insertInto('meter').values(entry('b')).execute();
      });
      await expect(cut).rejects.toBeInstanceOf(StateUnavailable);
      await state.query((db) => db.insertInto('meter').values(entry('c')).execute());
      expect(await other.query((db) => db.selectFrom('meter').select('key').execute())).toEqual([{ key: 'c' }]);
      await Promise.all([state.close(), other.close()]);
      await remove();
    });

  for (const [name, fresh] of servers)
    it(`while they are idle are replaced in ${name}`, async () => {
      const { location, remove } = await fresh();
      const [state, other] = [await openState(location), await openState(location)];
      await other.query((db) =>
        sql`select pg_terminate_backend(pid, 10000) from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()`.execute(db),
      );
      const asked = () => state.query((db) => db.selectFrom('meter').select('key').execute());
      expect(await asked().catch(asked)).toEqual([]);
      await Promise.all([state.close(), other.close()]);
      await remove();
    });
});

it('there is a server only with npm run test:state', () => {
  expect(servers.length).toBe(process.env['GATEHOUSE_TEST_POSTGRES'] === undefined ? 0 : 1);
});
