import { sql } from 'kysely';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runnersFound } from '../../../client/doctor/runners.ts';
import { runnersOf } from '../../../client/doctor/listed-runners.ts';
import { readConfig } from '../../../client/config.ts';
import { Unreachable } from '../../../client/errors.ts';
import { Runners } from '../../../activities/adapters/state/runners.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { removeFolder } from '../../support/folders.ts';
import { stateIn } from '../../support/state/databases.ts';

let home: string;
let state: State;
const begun: Runners[] = [];
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-runners-'));
  state = stateIn(home);
  await state.open();
});
afterEach(async () => {
  for (const each of begun.splice(0)) await each.end(true);
  await state.close();
  await removeFolder(home);
});

const config = () => readConfig({ GATEHOUSE_DATA: home });

async function worker(runner: string, unheardMs = 0) {
  const runners = new Runners(state);
  begun.push(runners);
  await runners.begin({ runner, machine: `machine-${runner}`, held: async () => undefined });
  await state.query((db) =>
    db
      .updateTable('runners')
      .set({ seen_at: sql<number>`seen_at - ${unheardMs}` })
      .where('runner', '=', runner)
      .execute(),
  );
  return runners;
}
const job = (key: string, runner: string, begun: boolean) =>
  state.query((db) =>
    db
      .insertInto('jobs')
      .values({ key, runner, at: 1, unfinished: 1, job: '{}', ...(begun && { begun: '{}' }) })
      .execute(),
  );

it('lists workers: what runs and waits there, and since when they are not heard of', async () => {
  const one = await worker('one');
  await worker('two', 100_000);
  await worker('three', 400_000);
  await job('a', 'one', true);
  await job('b', 'one', false);
  await one.drain();
  const listed = await runnersOf(config());
  const at = expect.any(String);
  expect(listed).toEqual([
    {
      id: 'one',
      machine: 'machine-one',
      startedAt: at,
      heard: true,
      lost: false,
      drainingSince: at,
      running: 1,
      waiting: 1,
      environments: 0,
    },
    expect.objectContaining({ id: 'two', heard: false, lost: false, notHeardOfSince: at, running: 0 }),
    expect.objectContaining({ id: 'three', heard: false, lost: true, notHeardOfSince: at }),
  ]);
});

it('says since when a worker is not heard of, by the clock of the database', async () => {
  await worker('two', 100_000);
  const [two] = await runnersOf(config());
  expect(Math.abs(Date.now() - 100_000 - Date.parse(two!.notHeardOfSince!))).toBeLessThan(30_000);
});

it('lists one worker for a data folder on which another one has died', async () => {
  await worker('one', 100_000);
  await worker('one');
  expect(await runnersOf(config())).toMatchObject([{ id: 'one', heard: true }]);
});

it('is a finding if a worker is not heard of, or is lost with what it had', async () => {
  await worker('one');
  expect(await runnersFound(config())).toEqual([{ about: 'runners', ok: true, detail: '1 heard of' }]);
  await worker('two', 100_000);
  await worker('three', 400_000);
  await worker('four', 400_000);
  await job('a', 'four', true);
  const found = await runnersFound(config());
  expect(found.map(({ ok, detail }) => [ok, detail.replace(/since \S+Z/, 'since T')])).toEqual([
    [false, 'the worker two on machine-two is not heard of since T: what it runs waits for it'],
    [true, 'the worker three on machine-three is not heard of since T: what it ran is lost, and begins anew elsewhere'],
    [
      false,
      'the worker four on machine-four is not heard of since T: what it ran is lost, and begins anew elsewhere; it had 1 jobs and checks, 0 previews',
    ],
  ]);
});

it('says that it is not known where the database cannot be read', async () => {
  const nowhere = readConfig({ GATEHOUSE_DATA: path.join(home, 'no-such-folder') });
  await expect(runnersOf(nowhere)).rejects.toThrow(Unreachable);
  expect(await runnersFound(nowhere)).toMatchObject([{ about: 'runners', ok: true }]);
});
