import { jest } from '@jest/globals';
import { LeaseLost } from '../../../../activities/adapters/state/failures.ts';
import { Leases } from '../../../../activities/adapters/state/leases.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';

describe.each(DATABASES)('leases in %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  /** Processes that are known to have ended, and those that ended themselves. */
  const dead = new Set<string>();
  const ended: string[] = [];
  const process = (name: string) =>
    new Leases(state, {
      own: () => Promise.resolve(name),
      isDead: (other) => Promise.resolve(dead.has(other)),
      end: () => void ended.push(name),
    });

  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    dead.clear();
    ended.length = 0;
  });
  afterEach(async () => {
    await state.close();
    await database.remove();
  });

  /** Takes a lease and keeps it. */
  async function kept(leases: Leases, name: string) {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let over: Promise<unknown> = Promise.resolve();
    const lease = await new Promise<{ fence: number; check(): Promise<void> }>((resolve) => {
      over = leases.hold(name, ({ fence, check }) => {
        resolve({ fence, check: () => state.query((db) => check(db)) });
        return released;
      });
    });
    return { ...lease, release: () => (release(), over) };
  }

  it('gives back what it could not return because the database went away, and keeps what it holds', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout'] });
    const [owner, other] = [process('owner'), process('other')];
    const still = await kept(owner, 'in use');
    const lost = await kept(owner, 'one');
    const query = jest.spyOn(state, 'query').mockRejectedValueOnce(new Error('The connection was cut.'));
    await lost.release();
    query.mockRestore();
    expect(await owner.held('')).toEqual(['in use', 'one']);
    const taken = kept(other, 'one');
    jest.advanceTimersByTime(5_000);
    jest.useRealTimers();
    await (await taken).release();
    await still.check();
    await still.release();
    await Promise.all([owner.close(), other.close()]);
  });

  it('runs one piece of work at a time by name, across processes', async () => {
    const all = [process('a'), process('b'), process('c')];
    let inside = 0;
    const seen: number[] = [];
    const fences: number[] = [];
    const work = async ({ fence }: { fence: number }) => {
      seen.push((inside += 1));
      fences.push(fence);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 12 }, (_, index) => all[index % 3]!.hold('one', work)));
    expect(seen).toEqual(Array.from({ length: 12 }, () => 1));
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b));
  });

  it('does not let different names wait for each other', async () => {
    const one = await kept(process('a'), 'one');
    expect(await process('b').hold('other', () => Promise.resolve('done'))).toBe('done');
    await one.release();
  });

  it('gives a lease back if the work fails', async () => {
    const failing = process('a').hold('one', () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await process('b').hold('one', () => Promise.resolve('done'))).toBe('done');
  });

  it('takes the lease of a process that is known to have ended, which may not go on', async () => {
    const before = await kept(process('a'), 'one');
    dead.add('a');
    const after = await kept(process('b'), 'one');
    expect(after.fence).toBeGreaterThan(before.fence);
    await expect(before.check()).rejects.toBeInstanceOf(LeaseLost);
    await after.check();
    await after.release();
  });

  it('takes the lease of a process that has not been heard of for too long', async () => {
    const before = await kept(process('a'), 'one');
    await state.query((db) =>
      db
        .updateTable('sessions')
        .set({ until: Date.now() - 1_000 })
        .execute(),
    );
    const after = await kept(process('b'), 'one');
    await expect(before.check()).rejects.toBeInstanceOf(LeaseLost);
    const sessions = await state.query((db) => db.selectFrom('sessions').select(['process', 'ended']).execute());
    expect(sessions).toEqual(
      expect.arrayContaining([
        { process: 'a', ended: 1 },
        { process: 'b', ended: 0 },
      ]),
    );
    await before.release(); // a late return frees nothing of the new owner
    await after.check();
    await after.release();
  });

  it('ends a process whose lease was taken over, when it renews', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'setTimeout'] });
    try {
      await kept(process('a'), 'one');
      await state.query((db) => db.updateTable('sessions').set({ ended: 1 }).execute());
      jest.advanceTimersByTime(5_000);
      while (ended.length === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(ended).toEqual(['a']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('finds a lease whose return was not confirmed', async () => {
    const leases = process('a');
    await leases.hold('one', async () => {
      const [row] = await state.query((db) => db.selectFrom('leases').selectAll().execute());
      await state.query((db) => db.insertInto('leases').values({ name: 'lost', session: row!.session }).execute());
    });
    expect(await leases.hold('lost', () => Promise.resolve('done'))).toBe('done');
  });

  it('frees what a process held that has closed its session', async () => {
    const leases = process('a');
    const before = await kept(leases, 'one');
    await leases.close();
    const after = await kept(process('b'), 'one');
    expect(after.fence).toBeGreaterThan(before.fence);
    await after.release();
  });
});
