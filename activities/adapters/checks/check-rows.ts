import type { Selectable } from 'kysely';
import { z } from 'zod';
import type { State } from '../state/state.ts';
import type { Tables } from '../state/tables.ts';

/** How one run of one check ended. */
export const Verdict = z.object({ conclusion: z.string(), round: z.string(), log: z.string() });
export type Verdict = z.output<typeof Verdict>;

/**
 * The run for which the check began. The repository has the name that the run uses, because it may be moved before the check
 * ends.
 */
export const Begun = z.object({ round: z.string(), branch: z.string().default(''), repository: z.string().optional() });
export type Begun = z.output<typeof Begun>;

/** One run of a check. Its name is `<repository>/<commit>/<check and command>/<run>`. */
export interface CheckRecord {
  name: string;
  begun: Begun;
  verdict?: Verdict | undefined;
}

/** The checks that run, and have run, in one data folder. The commands of checks cannot reach these records. */
export class CheckRows {
  constructor(
    private readonly state: State,
    /** The data folder of this worker. */
    private readonly runner: () => Promise<string>,
  ) {}

  async find(name: string): Promise<CheckRecord | undefined> {
    const runner = await this.runner();
    const row = await this.state.query((db) =>
      db.selectFrom('checks').selectAll().where('runner', '=', runner).where('name', '=', name).executeTakeFirst(),
    );
    return row && recordOf(row);
  }

  /** The number of the last run of a check, or 0. */
  async last(check: string): Promise<number> {
    const runner = await this.runner();
    const { n } = await this.state.query((db) =>
      db
        .selectFrom('checks')
        .select(({ fn }) => fn.max<number | null>('n').as('n'))
        .where('runner', '=', runner)
        .where('check_name', '=', check)
        .executeTakeFirstOrThrow(),
    );
    return n ?? 0;
  }

  async begin(name: string, { round, branch, repository }: Begun): Promise<void> {
    const [check, n] = partsOf(name);
    const values = { round, branch, repository: repository ?? null };
    const row = { runner: await this.runner(), name, check_name: check, n, at: this.state.now, unfinished: 1 };
    await this.state.query((db) =>
      db
        .insertInto('checks')
        .values({ ...row, ...values })
        .onConflict((conflict) => conflict.columns(['runner', 'name']).doUpdateSet({ ...values, unfinished: 1 }))
        .execute(),
    );
  }

  async settle(name: string, { conclusion, round, log }: Verdict): Promise<void> {
    await this.set(name, { conclusion, verdict_round: round, log });
  }

  /** Records that nothing of it is left but its record. */
  async cleared(name: string): Promise<void> {
    await this.set(name, { unfinished: 0 });
  }

  async forget(name: string): Promise<void> {
    const runner = await this.runner();
    await this.state.query((db) =>
      db.deleteFrom('checks').where('runner', '=', runner).where('name', '=', name).execute(),
    );
  }

  /** Those of which something may be left. */
  async unfinished(): Promise<CheckRecord[]> {
    const runner = await this.runner();
    const rows = await this.state.query((db) =>
      db
        .selectFrom('checks')
        .selectAll()
        .where('runner', '=', runner)
        .where('unfinished', '=', 1)
        .orderBy('at')
        .execute(),
    );
    return rows.map(recordOf);
  }

  private async set(name: string, values: Partial<Selectable<Tables['checks']>>): Promise<void> {
    const runner = await this.runner();
    await this.state.query((db) =>
      db.updateTable('checks').set(values).where('runner', '=', runner).where('name', '=', name).execute(),
    );
  }
}

/** The check of a run, and the number of the run. */
export function partsOf(name: string): [string, number] {
  const at = name.lastIndexOf('/');
  return [name.slice(0, at), Number(name.slice(at + 1))];
}

const recordOf = (row: Selectable<Tables['checks']>): CheckRecord => ({
  name: row.name,
  begun: { round: row.round, branch: row.branch, repository: row.repository ?? undefined },
  verdict:
    row.conclusion === null
      ? undefined
      : { conclusion: row.conclusion, round: row.verdict_round ?? '', log: row.log ?? '' },
});
