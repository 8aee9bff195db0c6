import { jest } from '@jest/globals';
import { sql } from 'kysely';
import { Runners, type Holder } from '../../../../activities/adapters/state/runners.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';

const MINUTES = 60_000;

describe.each(DATABASES)('runners in %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  const begun: Runners[] = [];
  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const each of begun.splice(0)) await each.end(true);
    await state.close();
    await database.remove();
  });

  async function worker(runner: string, holder: Partial<Holder> = {}, held = async () => undefined) {
    const runners = new Runners(state);
    const nothing = async () => undefined;
    runners.add({ sweep: nothing, lose: nothing, isBusy: async () => false, ...holder });
    await runners.begin({ runner, machine: `machine of ${runner}`, held });
    begun.push(runners);
    return runners;
  }

  /** Makes it as if nobody had heard of a runner for so long. */
  const unheard = (runner: string, ms: number) =>
    state.query((db) =>
      db
        .updateTable('runners')
        .set({ seen_at: sql<number>`seen_at - ${ms}` })
        .where('runner', '=', runner)
        .execute(),
    );
  const later = (ms: number) => {
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + ms);
  };

  it('are heard of as long as they beat, then silent, then lost', async () => {
    const own = await worker('own');
    await worker('other');
    await unheard('other', 30_000);
    expect(await own.standing('other')).toEqual({ is: 'heard' });
    await unheard('other', 30_000);
    expect(await own.standing('other')).toMatchObject({ is: 'silent', machine: 'machine of other' });
    await unheard('other', 4 * MINUTES);
    later(MINUTES);
    await own.beat(); // after a gap, others get the time to be heard of
    expect(await own.standing('other')).toMatchObject({ is: 'silent', leftMs: 0 });
    jest.restoreAllMocks();
    later(2 * MINUTES);
    expect(await own.standing('other')).toEqual({ is: 'lost', machine: 'machine of other' });
    expect(await own.standing('no such runner')).toEqual({ is: 'lost', machine: undefined });
  });

  it('that come back in time go on, and hold nothing new', async () => {
    const lost = jest.fn(async () => undefined);
    const own = await worker('own');
    const other = await worker('other', { lose: lost });
    await unheard('other', 4 * MINUTES);
    await other.beat();
    expect(await own.standing('other')).toEqual({ is: 'heard' });
    expect(lost).not.toHaveBeenCalled();
  });

  it('that come back too late end what they ran before they are heard of again', async () => {
    const seen: unknown[] = [];
    const own = new Runners(state); // it has nothing to wait for, because it never began
    const lose = async () => void seen.push(await own.standing('other'));
    const held = jest.fn(async () => undefined);
    const other = await worker('other', { lose }, held);
    await unheard('other', 5 * MINUTES);
    expect(await own.standing('other')).toMatchObject({ is: 'lost' });
    await other.beat();
    expect(seen).toEqual([expect.objectContaining({ is: 'lost' })]);
    expect(await own.standing('other')).toEqual({ is: 'heard' });
    await other.beat();
    expect(seen).toHaveLength(1);
  });

  it('that cannot end what they ran stay lost', async () => {
    const own = new Runners(state);
    const lose = jest.fn(() => Promise.reject(new Error('It does not end.')));
    const other = await worker('other', { lose });
    await unheard('other', 5 * MINUTES);
    await own.standing('other');
    await expect(other.beat()).rejects.toThrow('It does not end.');
    expect(await own.standing('other')).toMatchObject({ is: 'lost' });
  });

  it('that begin and cannot end what they ran hold nothing new until they can', async () => {
    const ends = jest.fn(async () => undefined).mockRejectedValueOnce(new Error('It does not end yet.'));
    await worker('other');
    await unheard('other', 5 * MINUTES);
    await new Runners(state).standing('other');
    const again = await worker('other', { lose: ends });
    expect(again.isFenced).toBe(true);
    await again.beat();
    expect(again.isFenced).toBe(false);
    expect(ends).toHaveBeenCalledTimes(2);
  });

  it('are heard of while they clear up, however long that takes', async () => {
    let done: () => void = () => undefined;
    const sweep = jest.fn(() => new Promise<void>((resolve) => (done = resolve)));
    const other = await worker('other', { sweep });
    await unheard('other', MINUTES);
    await other.beat();
    expect(await new Runners(state).standing('other')).toEqual({ is: 'heard' });
    expect(sweep).toHaveBeenCalledTimes(1); // one at a time
    done();
    await other.sweep();
    await other.beat();
    expect(sweep).toHaveBeenCalledTimes(2);
    done();
  });

  it('that have not reached the database for too long know it themselves, by a clock that never jumps', async () => {
    const lose = jest.fn(async () => undefined);
    const other = await worker('other', { lose });
    later(60 * MINUTES); // a machine that slept, or whose clock was set
    expect(other.isFenced).toBe(false);
    jest.restoreAllMocks();
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 4 * MINUTES + 1);
    expect(other.isFenced).toBe(true);
    await other.beat();
    expect(lose).toHaveBeenCalledTimes(1);
    expect(other.isFenced).toBe(false);
  });

  it('of one data folder are one runner, which is heard of as long as one of its workers is', async () => {
    const own = new Runners(state);
    await worker('shared');
    await unheard('shared', 30_000);
    await worker('shared');
    await state.query((db) =>
      db
        .updateTable('runners')
        .set({ seen_at: sql<number>`seen_at - 600000` })
        .where('worker', 'in', db.selectFrom('runners').select('worker').orderBy('started_at').limit(1))
        .execute(),
    );
    expect(await own.standing('shared')).toEqual({ is: 'heard' });
  });

  it('that ended in good order are lost at once, and those that left something are not', async () => {
    const own = new Runners(state);
    await (await worker('clean')).end(false);
    await (await worker('unclean')).end(true);
    expect(await own.standing('clean')).toMatchObject({ is: 'lost' });
    expect(await own.standing('unclean')).toEqual({ is: 'heard' });
  });
});
