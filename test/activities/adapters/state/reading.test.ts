import { access } from 'node:fs/promises';
import { sql } from 'kysely';
import { NewerSchema, StateUnavailable } from '../../../../activities/adapters/state/failures.ts';
import { readRows, type ReadableRows } from '../../../../activities/adapters/state/reading.ts';
import { RunRows } from '../../../../activities/adapters/state/runs.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';
import { ended, noteOf, parked, stateOf } from '../../../support/state/notes.ts';

describe.each(DATABASES)('rows that a client reads in %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  const open: ReadableRows[] = [];
  const reading = async () => {
    const rows = await readRows(database.location);
    open.push(rows);
    return rows;
  };
  beforeEach(async () => {
    database = await fresh();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((rows) => rows.close()));
    await database.remove();
  });

  /** A database with four runs and a release watch, of which two wait for a person. */
  async function filled(): Promise<void> {
    state = await openState(database.location);
    const rows = new RunRows(state);
    const started = (second: number) => new Date(Date.parse('2026-11-26T12:00:00.000Z') + second * 1_000).toISOString();
    const watch = { workflowId: 'release/default/W', type: 'releaseWatch', startedAt: started(9) };
    await rows.write(noteOf({ ...parked('A', 3), startedAt: started(1) }));
    await rows.write(noteOf({ ...parked('W', 2), ...watch }));
    await rows.write(noteOf(stateOf('B', 1, { startedAt: started(2) })));
    await rows.write(noteOf({ ...ended('C', 1), startedAt: started(3) }));
    await rows.write(noteOf({ ...ended('D', 1, 'failed'), startedAt: started(4) }));
    await state.close();
  }

  it.each([
    ['all runs, newest first', {}, ['run/default/D', 'run/default/C', 'run/default/B', 'run/default/A']],
    ['runs of a status', { status: 'failed' }, ['run/default/D']],
    ['what waits for a person, oldest wait first', { waiting: true }, ['release/default/W', 'run/default/A']],
  ])('are listed: %s', async (__, wanted, workflowIds) => {
    await filled();
    expect((await (await reading()).list(wanted)).map((row) => row.workflow_id)).toEqual(workflowIds);
  });

  it('are not created where there are none', async () => {
    await expect(reading()).rejects.toThrow(StateUnavailable);
    const { location } = database;
    if ('file' in location) await expect(access(location.file)).rejects.toThrow('ENOENT');
  });

  it('are not read from a newer or an older schema', async () => {
    await filled();
    const later = await openState(database.location);
    const rename = (name: string) =>
      later.query((db) =>
        sql`update kysely_migration set name = ${name} where name = (select max(name) from kysely_migration)`
          .execute(db)
          .then(() => undefined),
      );
    await rename('9999-later');
    await expect(reading()).rejects.toThrow(NewerSchema);
    await later.query((db) => sql`delete from kysely_migration`.execute(db).then(() => undefined));
    await expect(reading()).rejects.toThrow('no rows of runs yet');
    await later.close();
  });

  it('are only read', async () => {
    await filled();
    await expect(
      (await reading()).admit({ holder: { workflowId: 'w', runId: 'r' }, repository: '/srv', type: 'bug' }),
    ).rejects.toThrow('only read');
  });
});
