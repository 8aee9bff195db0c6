import type { Kysely, Selectable } from 'kysely';
import { z } from 'zod';
import type { Job, JobReport } from '../../../../workflows/contracts/activities.ts';
import type { Attempt } from '../../../ports.ts';
import { Begun } from '../../git/settling/checkout.ts';
import type { State } from '../../state/state.ts';
import type { Tables } from '../../state/tables.ts';

const Owner = z.object({ activity: z.string(), n: z.number(), at: z.number() });

/** What settling a job has made, before it is published. */
export const Made = z.object({ commit: z.string().optional(), notes: z.array(z.string()) });
export type Made = z.output<typeof Made>;

/** What is on record of a job. */
export interface JobRecord {
  key: string;
  /** The data folder where it runs. */
  runner: string;
  /** Undefined for a key that was stopped before it was sent. */
  job?: Job | undefined;
  /** On what it began. */
  begun?: Begun | undefined;
  made?: Made | undefined;
  /** The attempt that ensured it last. */
  owner?: Attempt | undefined;
  report?: JobReport | undefined;
}

/**
 * The jobs of all workers. They are on record before they begin, and stay on record with their reports. No agent can reach
 * these records, unlike files next to its checkout.
 */
export class JobRows {
  constructor(
    private readonly state: State,
    /** The data folder of this worker. */
    private readonly runner: () => Promise<string>,
  ) {}

  async read(key: string): Promise<JobRecord | undefined> {
    const row = await this.state.query((db) =>
      db.selectFrom('jobs').selectAll().where('key', '=', key).executeTakeFirst(),
    );
    return row && recordOf(row);
  }

  /** Records that a job belongs to this data folder, unless it belongs to another one. Returns what is on record then. */
  async claim(key: string): Promise<JobRecord> {
    const values = { key, runner: await this.runner(), at: this.state.now, unfinished: 1 };
    await this.state.query((db) =>
      db
        .insertInto('jobs')
        .values(values)
        .onConflict((conflict) => conflict.doNothing())
        .execute(),
    );
    return (await this.read(key))!;
  }

  /** Records how a job ended. The first report counts. Returns whether this is the first. */
  async report(key: string, report: JobReport): Promise<boolean> {
    await this.claim(key);
    const { numUpdatedRows } = await this.state.query((db) =>
      db
        .updateTable('jobs')
        .set({ report: JSON.stringify(report) })
        .where('key', '=', key)
        .where('report', 'is', null)
        .executeTakeFirst(),
    );
    return numUpdatedRows > 0n;
  }

  /** Records what is known of a job now. It is unfinished until `cleared`. */
  async note(key: string, { job, begun, made, owner }: Omit<JobRecord, 'key' | 'runner' | 'report'>): Promise<void> {
    const values = {
      ...(job && { job: JSON.stringify(job) }),
      ...(begun && { begun: JSON.stringify(begun) }),
      ...(made && { made: JSON.stringify(made) }),
      ...(owner && { owner: JSON.stringify(owner) }),
    };
    const runner = await this.runner();
    await this.state.query((db) =>
      db
        .insertInto('jobs')
        .values({ key, runner, at: this.state.now, unfinished: 1, ...values })
        .onConflict((conflict) => conflict.column('key').doUpdateSet(values))
        .execute(),
    );
  }

  /** Records that nothing of the job is left but its record. */
  async cleared(key: string): Promise<void> {
    await this.state.query((db) => db.updateTable('jobs').set({ unfinished: 0 }).where('key', '=', key).execute());
  }

  /** The jobs of this data folder without a report, and those with a report whose checkout still exists. */
  async unfinished(): Promise<Pick<JobRecord, 'key' | 'report'>[]> {
    const runner = await this.runner();
    const rows = await this.state.query((db: Kysely<Tables>) =>
      db
        .selectFrom('jobs')
        .select(['key', 'report'])
        .where('runner', '=', runner)
        .where('unfinished', '=', 1)
        .orderBy('at')
        .execute(),
    );
    return rows.map(({ key, report }) => ({ key, report: reportOf(report) }));
  }
}

const recordOf = (row: Selectable<Tables['jobs']>): JobRecord => ({
  key: row.key,
  runner: row.runner,
  job: parsed(row.job) as Job | undefined,
  begun: Begun.optional().parse(parsed(row.begun)),
  made: Made.optional().parse(parsed(row.made)),
  owner: Owner.optional().parse(parsed(row.owner)),
  report: reportOf(row.report),
});

const reportOf = (text: string | null) => parsed(text) as JobReport | undefined;
const parsed = (text: string | null): unknown => (text === null ? undefined : JSON.parse(text));
