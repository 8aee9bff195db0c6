import { Pace } from '../../../../activities/adapters/hosted/pace.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';

const NOW = Date.parse('2026-11-29T12:00:00.000Z');
const HOUR = 3_600_000;
const AT = 'https://github.com/acme/shop';

describe.each(DATABASES)('the pace of polls with the state in %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
  });
  afterEach(async () => {
    await state.close();
    await database.remove();
  });

  const pace = (left?: number, runs = 1) =>
    new Pace(
      {
        state,
        api: {
          limit: async () =>
            left === undefined ? undefined : { left, of: 5_000, until: new Date(NOW + HOUR).toISOString() },
        },
        waiting: async () => runs,
      },
      () => NOW,
    );
  const webhook = (ago: number) =>
    state.query((db) =>
      db
        .insertInto('deliveries')
        .values({ sender: 'github', id: '1', event: 'push', repository: AT, delivery: '', received_at: NOW - ago })
        .execute(),
    );

  it('is as configured while there is room', async () => {
    expect(await pace(5_000).every(AT, 30_000)).toBe(30_000);
    expect(await pace().every(AT, 30_000)).toBe(30_000);
  });

  it('is slow where a webhook has arrived within the last day, in any case of its name', async () => {
    await webhook(23 * HOUR);
    expect(await pace().every('https://github.com/ACME/Shop', 30_000)).toBe(900_000);
    expect(await pace().every(`${AT}2`, 30_000)).toBe(30_000);
  });

  it('is quick again when none has arrived for a day', async () => {
    await webhook(25 * HOUR);
    expect(await pace().every(AT, 30_000)).toBe(30_000);
  });

  it('uses at most half of what the limit leaves, over all runs', async () => {
    const every = await pace(4_800, 500).every(AT, 30_000);
    // Each poll is at most three counted calls.
    expect((500 * 3 * HOUR) / every).toBeLessThanOrEqual(2_400);
    expect(every).toBeLessThanOrEqual(2_300_000);
  });

  it('waits for the reset when nothing is left', async () => {
    expect(await pace(1).every(AT, 30_000)).toBe(HOUR);
  });
});
