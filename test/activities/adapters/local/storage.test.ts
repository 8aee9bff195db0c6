import { mkdir, mkdtemp, readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { foldersOf, safeName } from '../../../../activities/adapters/files/folders.ts';
import { localStorage } from '../../../../activities/adapters/local/storage/index.ts';
import { stateTexts } from '../../../../activities/adapters/local/texts.ts';
import { idOf } from '../../../../activities/adapters/processes/exclusive.ts';
import { RunRows } from '../../../../activities/adapters/state/runs.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import type { Storage } from '../../../../activities/ports.ts';
import { storageOf } from '../../../../activities/survey/storage.ts';
import { findingsOf } from '../../../../workflows/words/survey.ts';
import { removeFolder } from '../../../support/folders.ts';
import { program } from '../../../support/programs.ts';
import { stateIn } from '../../../support/state/databases.ts';
import { ended, noteOf, parked, recordOf } from '../../../support/state/notes.ts';

const DAY_MS = 86_400_000;
const LONG_AGO = Date.now() - 20 * DAY_MS;
let root: string;
let state: State;
let storage: Storage;
let runner: string;
const folders = () => foldersOf(root);
const namesIn = async (folder: string) => (await readdir(folder).catch((): string[] => [])).sort();
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'gatehouse-storage-'));
  state = stateIn(root);
  runner = await idOf(root);
  storage = localStorage({ root, state, environment: {}, ledger: undefined, keepDays: 14 });
});
afterEach(async () => {
  await state.close();
  await removeFolder(root);
});

/** A live run that began at this time. */
const liveSince = (at: number) =>
  new RunRows(state).write(noteOf({ ...parked('A', 1), startedAt: new Date(at).toISOString() }));

async function folderIn(...names: string[]): Promise<void> {
  await mkdir(path.join(root, ...names, 'run'), { recursive: true });
  await writeFile(path.join(root, ...names, 'run', 'stdout'), 'a log');
}

async function aged(file: string): Promise<void> {
  await utimes(file, LONG_AGO / 1_000, LONG_AGO / 1_000);
}

describe('pruning removes', () => {
  it('the logs of jobs and environments that ended long ago, and no record', async () => {
    const jobs = [
      { key: 'run/default/A/1/coder', at: LONG_AGO, unfinished: 0 },
      { key: 'run/default/B/1/coder', at: LONG_AGO, unfinished: 1 },
      { key: 'run/default/C/1/coder', at: Date.now(), unfinished: 0 },
    ];
    for (const row of jobs) {
      await state.query((db) =>
        db
          .insertInto('jobs')
          .values({ ...row, runner })
          .execute(),
      );
      await folderIn('jobs', safeName(row.key));
    }
    const site = { key: 'env/default/A/1/1', at: LONG_AGO, unfinished: 0 };
    await state.query((db) =>
      db
        .insertInto('environments')
        .values({ ...site, runner })
        .execute(),
    );
    await folderIn('environments', safeName(site.key));
    await folderIn('jobs', 'of-another-worker');
    expect(await storage.prune()).toMatchObject({ logs: 2 });
    const left = [safeName(jobs[1]!.key), safeName(jobs[2]!.key), 'of-another-worker'].sort();
    expect(await namesIn(folders().jobs)).toEqual(left);
    expect(await namesIn(folders().environments)).toEqual([]);
    expect(await state.query((db) => db.selectFrom('jobs').select('key').execute())).toHaveLength(3);
    expect(await storage.prune()).toMatchObject({ logs: 0 });
  });

  it('the logs of a commit’s checks once all of them ended long ago', async () => {
    const rows = [
      ['shop/a1/test-x/1', LONG_AGO, 0],
      ['shop/a1/test-x/2', LONG_AGO, 0],
      ['shop/b2/test-x/1', LONG_AGO, 0],
      ['shop/b2/lint-y/1', LONG_AGO, 1],
    ] as const;
    for (const [name, at, unfinished] of rows) {
      const row = { name, at, unfinished, check_name: path.posix.dirname(name), n: 1, round: '', branch: '' };
      await state.query((db) =>
        db
          .insertInto('checks')
          .values({ ...row, runner })
          .execute(),
      );
      await folderIn('checks', ...name.split('/'));
    }
    expect(await storage.prune()).toMatchObject({ logs: 1 });
    expect(await namesIn(path.join(folders().checks, 'shop'))).toEqual(['b2']);
  });

  it('old commits that a forge refused', async () => {
    const row = { workflow_id: 'run/default/A', repository: '/shop', branch: 'work', bundle: 'commits' };
    for (const [commit, kept_at] of [
      ['old', LONG_AGO],
      ['new', Date.now()],
    ] as const)
      await state.query((db) =>
        db
          .insertInto('bundles')
          .values({ ...row, commit, kept_at })
          .execute(),
      );
    expect(await storage.prune()).toMatchObject({ bundles: 1 });
    const left = await state.query((db) => db.selectFrom('bundles').select('commit').execute());
    expect(left).toEqual([{ commit: 'new' }]);
  });

  it('old bundles, unless a live run may name them', async () => {
    await mkdir(folders().bundles);
    for (const name of ['old.bundle', 'new.bundle']) await writeFile(path.join(folders().bundles, name), 'commits');
    await aged(path.join(folders().bundles, 'old.bundle'));
    await liveSince(LONG_AGO - DAY_MS);
    expect(await storage.prune()).toMatchObject({ bundles: 0 });
    await new RunRows(state).write(noteOf(ended('A', 2)));
    expect(await storage.prune()).toMatchObject({ bundles: 1 });
    expect(await namesIn(folders().bundles)).toEqual(['new.bundle']);
  });

  it('old texts that the record of no run names, unless a live run may need them', async () => {
    const texts = stateTexts({ state });
    const [named, unnamed] = [await texts.keep('named'), await texts.keep('unnamed')];
    await state.query((db) => db.updateTable('texts').set({ kept_at: LONG_AGO }).execute());
    const young = await texts.keep('young');
    const outputs = { '1-coder': { summary: 'done', output: { kept: named, bytes: 5 } } };
    await new RunRows(state).write(
      noteOf(ended('B', 1), { record: recordOf({ closed: { ...recordOf().closed, outputs } }) }),
    );
    await liveSince(LONG_AGO - DAY_MS);
    expect(await storage.prune()).toMatchObject({ texts: 0 });
    await new RunRows(state).write(noteOf(ended('A', 2)));
    expect(await storage.prune()).toMatchObject({ texts: 1 });
    expect(await texts.read(unnamed)).toBeUndefined();
    expect([await texts.read(named), await texts.read(young)]).toEqual(['named', 'young']);
  });

  it('webhooks that were passed on long ago', async () => {
    const row = { sender: 'github', event: 'push', repository: 'x', delivery: '{}', received_at: LONG_AGO };
    for (const [id, handled_at] of [
      ['1', LONG_AGO],
      ['2', Date.now()],
      ['3', null],
    ] as const)
      await state.query((db) =>
        db
          .insertInto('deliveries')
          .values({ ...row, id, handled_at })
          .execute(),
      );
    expect(await storage.prune()).toMatchObject({ deliveries: 1 });
    expect(await state.query((db) => db.selectFrom('deliveries').select('id').execute())).toEqual([
      { id: '2' },
      { id: '3' },
    ]);
  });

  it('a part of what is old in each pass', async () => {
    const rows = Array.from({ length: 700 }, (_, n) => ({ hash: String(n), text: 'x', kept_at: LONG_AGO }));
    await state.query((db) => db.insertInto('texts').values(rows).execute());
    expect([(await storage.prune()).texts, (await storage.prune()).texts, (await storage.prune()).texts]).toEqual([
      500, 200, 0,
    ]);
  });
});

describe('the copy of a repository', () => {
  const NAME = '/srv/shop.git';
  const git = (...args: string[]) => program('git', ['--git-dir', copy(), ...args], {});
  const copy = () => path.join(folders().repositories, `${safeName(NAME)}.git`);
  let lost: string;
  beforeEach(async () => {
    await mkdir(folders().repositories, { recursive: true });
    await program('git', ['init', '--quiet', '--bare', copy()], {});
    // Objects that no branch names any more, and that are old: enough of them for git to look.
    const sources = path.join(root, 'sources');
    await mkdir(sources);
    const files = Array.from({ length: 1_500 }, (_, n) => path.join(sources, String(n)));
    // The contents are the same in each run, because git estimates from the objects whose names begin with 17.
    await Promise.all(files.map((file, n) => writeFile(file, `object ${n}`)));
    const { stdout } = await program('git', ['--git-dir', copy(), 'hash-object', '-w', '--stdin-paths'], {
      input: `${files.join('\n')}\n`,
    });
    lost = stdout.split('\n')[0]!;
    const objects = path.join(copy(), 'objects');
    for (const folder of await readdir(objects))
      for (const name of await readdir(path.join(objects, folder))) await aged(path.join(objects, folder, name));
    const row = { repository: NAME, branch: 'a', base: 'main', state: 'open', epoch: 0, version: 1 };
    await state.query((db) => db.insertInto('changes').values(row).execute());
  });
  const has = async (object: string) => (await git('cat-file', '-t', object).catch(() => undefined)) !== undefined;

  it('keeps every object while a run on the repository is live, because checkouts read them', async () => {
    await new RunRows(state).write(noteOf({ ...parked('A', 1), repository: NAME }));
    expect(await storage.prune()).toMatchObject({ mirrors: 1 });
    expect(await has(lost)).toBe(true);
  });

  it('keeps every object while something runs here of which no run is known', async () => {
    const job = { key: 'run/default/X/1/coder', runner, at: Date.now(), unfinished: 1 };
    await state.query((db) => db.insertInto('jobs').values(job).execute());
    await storage.prune();
    expect(await has(lost)).toBe(true);
  });

  it('loses what no branch names, and what is older than it is kept', async () => {
    await new RunRows(state).write(noteOf({ ...ended('A', 1), repository: NAME }));
    await storage.prune();
    expect(await has(lost)).toBe(false);
  });
});

it('the doctor says what has been removed, and how much is left, in bytes and for people', async () => {
  await state.query((db) => db.insertInto('texts').values({ hash: 'x', text: 'x', kept_at: LONG_AGO }).execute());
  await folderIn('logs');
  const facts = {
    at: '',
    leftovers: [],
    untold: [],
    stuck: [],
    failing: [],
    unseen: [],
    storage: await storageOf(storage),
  };
  const found = findingsOf(facts).find(({ about }) => about === 'storage')!;
  expect(found).toMatchObject({
    ok: true,
    bytes: { database: expect.any(Number), mirrors: 0, logs: expect.any(Number) },
  });
  expect(found.bytes!['database']).toBeGreaterThan(10_000);
  expect(found.detail).toMatch(/^database \d.* [kM]B, mirrors 0 B, checkouts 0 B, logs .*; removed: 1 text$/);
});

it('a pass that takes long does not hold up the doctor', async () => {
  const slow: Storage = { prune: () => new Promise(() => undefined), sizes: async () => ({ database: 1 }) };
  expect(await storageOf(slow, 10)).toMatchObject({ sizes: { database: 1 }, pruned: { logs: 0 } });
});
