import { type Kysely, type RawBuilder } from 'kysely';
import { limitsOf } from './runners.ts';
import type { Tables } from './tables.ts';

/** A worker as a runner of commands, as lists show it. Times are milliseconds since 1970. */
export interface ListedRunner {
  /** The id of its data folder, which names its task queue. */
  runner: string;
  machine: string;
  startedAt: number;
  seenAt: number;
  /** Whether it is heard of, or not, or not for so long that what it ran is lost. */
  is: 'heard' | 'silent' | 'lost';
  drainingSince?: number;
  /** Jobs and checks that run, jobs that have not begun yet, and environments. Workers with one data folder share them. */
  running: number;
  waiting: number;
  environments: number;
}

/** All workers that were there in the last week and have not ended in good order, the oldest first. */
export async function listRunners(db: Kysely<Tables>, now: RawBuilder<number>): Promise<ListedRunner[]> {
  const rows = await db
    .selectFrom('runners')
    .selectAll()
    .select(({ selectFrom }) => [
      now.as('now'),
      selectFrom('jobs')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .whereRef('jobs.runner', '=', 'runners.runner')
        .where('unfinished', '=', 1)
        .where('report', 'is', null)
        .where('begun', 'is not', null)
        .as('jobs'),
      selectFrom('jobs')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .whereRef('jobs.runner', '=', 'runners.runner')
        .where('unfinished', '=', 1)
        .where('report', 'is', null)
        .where('begun', 'is', null)
        .as('waiting'),
      selectFrom('checks')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .whereRef('checks.runner', '=', 'runners.runner')
        .where('unfinished', '=', 1)
        .where('conclusion', 'is', null)
        .as('checks'),
      selectFrom('environments')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .whereRef('environments.runner', '=', 'runners.runner')
        .where('unfinished', '=', 1)
        .where('removed', 'is', null)
        .where('port', 'is not', null)
        .as('environments'),
    ])
    .orderBy('started_at')
    .execute();
  const heard = new Set(rows.filter((row) => standingOf(row) === 'heard').map(({ runner }) => runner));
  // Another worker has taken the place of one that died on the same data folder.
  const listed = rows.filter((row) => standingOf(row) === 'heard' || !heard.has(row.runner));
  return listed.map((row) => ({
    runner: row.runner,
    machine: row.machine,
    startedAt: row.started_at,
    seenAt: row.seen_at,
    is: standingOf(row),
    ...(row.draining_since !== null && { drainingSince: row.draining_since }),
    running: Number(row.jobs) + Number(row.checks),
    waiting: Number(row.waiting),
    environments: Number(row.environments),
  }));
}

function standingOf({ now, seen_at: seenAt, lost_ms: lostMs, lost_at: lostAt }: Judged): ListedRunner['is'] {
  if (lostAt !== null || now - seenAt >= lostMs) return 'lost';
  return now - seenAt < limitsOf(lostMs).silentMs ? 'heard' : 'silent';
}
type Judged = Pick<Tables['runners'], 'seen_at' | 'lost_ms' | 'lost_at'> & { now: number };
