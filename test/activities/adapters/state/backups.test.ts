import { copyFile, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { backUp, restore } from '../../../../activities/adapters/state/backups.ts';
import { RunRows } from '../../../../activities/adapters/state/runs.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { removeFolder } from '../../../support/folders.ts';
import { openState } from '../../../support/state/databases.ts';
import { ended, noteOf, parked } from '../../../support/state/notes.ts';

const AT = new Date('2026-11-29T01:30:00.000Z');
let folder: string;
const open: State[] = [];
const at = (...names: string[]) => path.join(folder, ...names);
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-backups-'));
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((state) => state.close()));
  await removeFolder(folder);
});

/** A database that a worker has open, with a run that waits and one that has ended. */
async function database(name = 'state.db'): Promise<State> {
  const state = await openState({ file: at(name) });
  open.push(state);
  const rows = new RunRows(state);
  await rows.write(noteOf(parked('A', 1)));
  await rows.write(noteOf(ended('B', 1)));
  return state;
}

/** A backup with the two runs, and a database that nobody has open. */
async function backup(): Promise<string> {
  await database('source.db');
  await backUp({ file: at('source.db') }, at('backup'));
  return at('backup');
}

const because = (answer: { is: string; because?: string }) => answer.because;

it('a backup is made while a worker writes, and is private', async () => {
  const state = await database();
  const writing = state.query((db) => db.deleteFrom('leases').execute());
  expect(await backUp({ file: at('state.db') }, at('b'))).toEqual({
    is: 'done',
    file: at('b'),
    bytes: (await stat(at('b'))).size,
    schema: expect.stringMatching(/^\d{4}-/),
    runs: 2,
    live: 1,
  });
  await writing;
  expect((await stat(at('b'))).mode & 0o777).toBe(0o600);
  expect((await readdir(folder)).sort()).toEqual(expect.arrayContaining(['b', 'state.db']));
});

it('a backup replaces no file, and is not made of nothing', async () => {
  expect(because(await backUp({ file: at('state.db') }, at('b')))).toContain('no database');
  await database();
  expect(because(await backUp({ file: at('state.db') }, at('no', 'b')))).toContain('no folder');
  await writeFile(at('b'), 'mine');
  expect(because(await backUp({ file: at('state.db') }, at('b')))).toContain('exists already');
  expect(await readFile(at('b'), 'utf8')).toBe('mine');
});

it('PostgreSQL has its own tools, whose command names no password', async () => {
  const location = { url: 'postgres://me:secret@db.example:5433/work' };
  const answers = [await backUp(location, '/b'), await restore(location, '/b')].map(because);
  expect(answers[0]).toContain('pg_dump --format custom --host db.example --port 5433 --username me --dbname work');
  expect(answers[1]).toContain('pg_restore');
  expect(answers.join()).not.toContain('secret');
});

it('a backup is restored, and the database before is kept', async () => {
  const file = await backup();
  await copyFile(file, at('state.db'));
  const before = await readFile(at('state.db'));
  const kept = at('state.db.before-restore-20261129T013000Z');
  expect(await restore({ file: at('state.db') }, file, AT)).toMatchObject({ is: 'done', kept, runs: 2, live: 1 });
  expect((await readFile(kept)).equals(before)).toBe(true);
  const state = await openState({ file: at('state.db') });
  open.push(state);
  expect((await new RunRows(state).open()).map(({ workflowId }) => workflowId)).toEqual(['run/default/A']);
});

it('nobody holds a lease after a restoration', async () => {
  const source = await database('source.db');
  await source.leases.hold('a thing', () => backUp({ file: at('source.db') }, at('backup')));
  await restore({ file: at('state.db') }, at('backup'), AT);
  const state = await openState({ file: at('state.db') });
  open.push(state);
  expect(await state.leases.held('')).toEqual([]);
});

it('a database that is damaged or gone is replaced too', async () => {
  const file = await backup();
  await mkdir(at('gone'));
  expect(await restore({ file: at('gone', 'state.db') }, file, AT)).toEqual(
    expect.not.objectContaining({ kept: expect.anything() }),
  );
  await writeFile(at('state.db'), 'x'.repeat(5_000));
  expect(await restore({ file: at('state.db') }, file, AT)).toMatchObject({ is: 'done', runs: 2 });
  expect((await readdir(folder)).filter((name) => name.includes('before-restore'))).toHaveLength(1);
});

describe('a restoration is refused, and changes nothing,', () => {
  it('while a worker has the database open', async () => {
    const file = await backup();
    const state = await database();
    expect(because(await restore({ file: at('state.db') }, file, AT))).toContain('Stop all workers');
    expect(await new RunRows(state).open()).toHaveLength(1);
    expect((await readdir(folder)).filter((name) => name.startsWith('state.db.'))).toEqual([]);
  });

  it.each<[string, (file: string) => Promise<void>, string]>([
    ['of a file that is no database', (file) => writeFile(file, 'no database at all'), 'no database'],
    ['of a damaged file', damaged, 'damaged'],
    ['of a file with changes beside it', (file) => writeFile(`${file}-wal`, 'changes'), '-wal'],
    ['of another database', (file) => altered(file, 'drop table runs'), 'no backup of gatehouse'],
    [
      'of a newer build',
      (file) => altered(file, "insert into kysely_migration values ('9999-later', '2030-01-01')"),
      'newer build (9999-later)',
    ],
  ])('%s', async (_, spoil, why) => {
    const file = await backup();
    await copyFile(file, at('state.db'));
    const before = await readFile(at('state.db'));
    await spoil(file);
    expect(because(await restore({ file: at('state.db') }, file, AT))).toContain(why);
    expect((await readFile(at('state.db'))).equals(before)).toBe(true);
    expect((await readdir(folder)).filter((name) => name.startsWith('state.db.'))).toEqual([]);
  });
});

async function damaged(file: string): Promise<void> {
  const bytes = await readFile(file);
  await writeFile(file, bytes.fill(0xff, bytes.length / 2));
}

async function altered(file: string, statement: string): Promise<void> {
  const { default: Libsql } = await import('libsql');
  const db = new Libsql(file);
  db.exec(statement);
  db.close();
}
