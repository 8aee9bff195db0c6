import { sql, type Kysely } from 'kysely';
import type { Tables } from '../../../activities/adapters/state/tables.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import type { Violation } from '../judge/invariants.ts';

/** One process that reported its work: the first and the last time that it did, in milliseconds since 1970. */
interface Working {
  work: string;
  process: string;
  from: number;
  to: number;
}

/**
 * Two processes that do the same work at once are a violation. The same work are all attempts of a job, all runs of a check on a
 * commit, and all generations of a preview.
 */
export function overlaps(log: string): Violation[] {
  const same = new Map<string, Working[]>();
  for (const each of workingIn(log)) {
    const work = each.work.startsWith('job:') ? each.work.replace(/-\d+$/, '') : each.work;
    same.set(work, [...(same.get(work) ?? []), each]);
  }
  return [...same.values()].flatMap((all) => {
    const inOrder = all.sort((one, other) => one.from - other.from);
    return inOrder.slice(1).flatMap((later, index): Violation[] => {
      const earlier = inOrder.slice(0, index + 1).find(({ to }) => to > later.from);
      if (!earlier) return [];
      const text = `${later.work} ran while ${earlier.work} was still at work for ${earlier.to - later.from} ms`;
      return [{ invariant: 'I3', count: 'jobsDoubled', text }];
    });
  });
}

function workingIn(log: string): Working[] {
  const found = new Map<string, Working>();
  for (const line of log.split('\n').filter(Boolean)) {
    const [at, , work = '', process = ''] = line.split(' ');
    const each = found.get(`${work} ${process}`) ?? { work, process, from: Number(at), to: Number(at) };
    each.to = Math.max(each.to, Number(at));
    found.set(`${work} ${process}`, each);
  }
  return [...found.values()];
}

/** What is left in the database although all runs have ended. Leases of processes that are gone do not count. */
export async function leftIn(state: State, tasks: readonly string[]): Promise<Violation[]> {
  const leaked = (text: string): Violation => ({ invariant: 'I4', count: 'leaked', text });
  const now = Date.now();
  return state.query(async (db) => {
    const [jobs, checks, environments] = await Promise.all([
      unfinished(db, 'jobs', 'key'),
      unfinished(db, 'checks', 'name'),
      unfinished(db, 'environments', 'key'),
    ]);
    const leases = await db
      .selectFrom('leases')
      .innerJoin('sessions', 'sessions.id', 'leases.session')
      .select('leases.name')
      .where('ended', '=', 0)
      .where('until', '>', now)
      .execute();
    const changes = await db.selectFrom('changes').select('branch').where('state', '=', 'open').execute();
    const ended = await db.selectFrom('runs').select('task').where('outcome', '=', 'merged').execute();
    const told = new Set(ended.map(({ task }) => task));
    return [
      ...[...jobs, ...checks, ...environments].map(({ name }) => leaked(`${name} is unfinished in the database`)),
      ...leases.map(({ name }) => leaked(`the lease of ${name} is still held`)),
      ...changes.map(({ branch }) => leaked(`the pull request of ${branch} is still open in the database`)),
      ...tasks
        .filter((task) => !told.has(task))
        .map((task): Violation => ({
          invariant: 'I8',
          count: 'lost',
          text: `the row of ${task} does not say that it was merged`,
        })),
    ];
  });
}

const unfinished = (db: Kysely<Tables>, table: 'jobs' | 'checks' | 'environments', name: string) =>
  sql<{ name: string }>`select ${sql.ref(name)} as name from ${sql.table(table)} where unfinished = 1`
    .execute(db)
    .then(({ rows }) => rows);
