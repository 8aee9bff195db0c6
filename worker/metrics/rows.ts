import { sql, type Kysely, type RawBuilder } from 'kysely';
import { listRunners } from '../../activities/adapters/state/listed-runners.ts';
import type { Tables } from '../../activities/adapters/state/tables.ts';

/** Ended runs are counted for a day, in milliseconds: all of them would be counted longer and longer. */
const DAY_MS = 86_400_000;

/** The database, as far as metrics read it. */
export interface Reading {
  readonly now: RawBuilder<number>;
  query<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
}

const STATUSES = ['running', 'parked', 'paused', 'passed', 'failed', 'stopped'];

/** What the rows say now. Each value has its labels. Throws `StateUnavailable` if the database does not answer. */
export const readGauges = (state: Reading) =>
  state.query(async (db) => ({
    runs: await runsIn(db, state),
    waiting: await waitsIn(db, state),
    jobs: await jobsIn(db),
    environments: await environmentsIn(db),
    notices: await noticesIn(db),
    runners: await runnersIn(db, state),
  }));

async function runsIn(db: Kysely<Tables>, { now }: Reading) {
  const rows = await db
    .selectFrom('runs')
    .select(['status', ({ fn }) => fn.countAll<number>().as('n')])
    .where('type', '=', 'pipelineRun')
    .where(({ eb, or }) =>
      or([eb('ended_at', 'is', null), eb('ended_at', '>', sql<number>`${now} - ${sql.lit(DAY_MS)}`)]),
    )
    .groupBy('status')
    .execute();
  const counts = new Map(rows.map(({ status, n }) => [status, Number(n)]));
  return STATUSES.map((status) => ({ status, value: counts.get(status) ?? 0 }));
}

async function waitsIn(db: Kysely<Tables>, { now }: Reading) {
  const rows = await db
    .selectFrom('runs')
    .select(['step', 'waiting_on', ({ fn }) => fn.min('waiting_since').as('since'), now.as('now')])
    .where('ended_at', 'is', null)
    .where('waiting_on', '!=', 'nothing')
    .groupBy(['step', 'waiting_on'])
    .execute();
  return rows.map(({ step, waiting_on: what, since, now: at }) => ({
    gate: step ?? 'none',
    what,
    value: Math.max(0, Number(at) - Number(since)) / 1_000,
  }));
}

/** All jobs are in one pool yet. */
async function jobsIn(db: Kysely<Tables>) {
  const rows = await db
    .selectFrom('jobs')
    .select([sql<number>`begun is null`.as('unbegun'), ({ fn }) => fn.countAll<number>().as('n')])
    .where('unfinished', '=', 1)
    .where('report', 'is', null)
    .groupBy(sql`begun is null`)
    .execute();
  const count = (waits: boolean) => rows.find(({ unbegun }) => Boolean(unbegun) === waits)?.n ?? 0;
  return [
    { pool: 'default', state: 'waiting', value: Number(count(true)) },
    { pool: 'default', state: 'running', value: Number(count(false)) },
  ];
}

async function environmentsIn(db: Kysely<Tables>) {
  const all = db.selectFrom('environments').select(({ fn }) => fn.countAll<number>().as('n'));
  const row = await all.where('unfinished', '=', 1).where('removed', 'is', null).executeTakeFirstOrThrow();
  return [{ value: Number(row.n) }];
}

async function noticesIn(db: Kysely<Tables>) {
  const rows = await db
    .selectFrom('outbox')
    .select(['adapter', ({ fn }) => fn.countAll<number>().as('n')])
    .groupBy('adapter')
    .execute();
  const total = rows.reduce((sum, { n }) => sum + Number(n), 0);
  return [{ adapter: 'all', value: total }, ...rows.map(({ adapter, n }) => ({ adapter, value: Number(n) }))];
}

async function runnersIn(db: Kysely<Tables>, { now }: Reading) {
  const all = await listRunners(db, now);
  const count = (state: string) => all.filter((each) => each.is === state).length;
  return ['heard', 'silent', 'lost'].map((state) => ({ state, value: count(state) }));
}
