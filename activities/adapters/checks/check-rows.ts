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
  /** The data folder where it runs. */
  runner: string;
  begun: Begun;
  verdict?: Verdict | undefined;
}

/** The verdict on a check that nobody waits for, or whose runner is lost. It is of no round, so the check runs again. */
const VOID: Verdict = { conclusion: 'cancelled', round: '', log: '' };

/** The checks that run, and have run, with all workers. The commands of checks cannot reach these records. */
export class CheckRows {
  constructor(
    private readonly state: State,
    /** The data folder of this worker. */
    private readonly runner: () => Promise<string>,
  ) {}

  async find(name: string): Promise<CheckRecord | undefined> {
    const row = await this.state.query((db) =>
      db.selectFrom('checks').selectAll().where('name', '=', name).executeTakeFirst(),
    );
    return row && recordOf(row);
  }

  /** The number of the last run of a check, or 0. */
  async last(check: string): Promise<number> {
    const { n } = await this.state.query((db) =>
      db
        .selectFrom('checks')
        .select(({ fn }) => fn.max<number | null>('n').as('n'))
        .where('check_name', '=', check)
        .executeTakeFirstOrThrow(),
    );
    return n ?? 0;
  }

  /** Records that a check begins here. Returns the runner that has it: another one may have been first. */
  async begin(name: string, { round, branch, repository }: Begun): Promise<string> {
    const [check, n] = partsOf(name);
    const runner = await this.runner();
    const values = { round, branch, repository: repository ?? null };
    const row = { runner, name, check_name: check, n, at: this.state.now, unfinished: 1 };
    await this.state.query((db) =>
      db
        .insertInto('checks')
        .values({ ...row, ...values })
        .onConflict((conflict) =>
          conflict
            .column('name')
            .doUpdateSet({ ...values, unfinished: 1 })
            .where('checks.runner', '=', runner),
        )
        .execute(),
    );
    return (await this.find(name))?.runner ?? runner;
  }

  /** Records a verdict. The first one counts. */
  async settle(name: string, { conclusion, round, log }: Verdict): Promise<void> {
    await this.state.query((db) =>
      db
        .updateTable('checks')
        .set({ conclusion, verdict_round: round, log })
        .where('name', '=', name)
        .where('conclusion', 'is', null)
        .execute(),
    );
  }

  /** Gives a check up. Its runner ends it when it next shows that it lives. */
  void = (name: string): Promise<void> => this.settle(name, VOID);

  /** Takes the round from a verdict, so that the check runs again. */
  async again(name: string): Promise<void> {
    await this.state.query((db) =>
      db
        .updateTable('checks')
        .set({ verdict_round: VOID.round })
        .where('name', '=', name)
        .where('conclusion', 'is not', null)
        .execute(),
    );
  }

  /** Records that nothing of it is left but its record. */
  async cleared(name: string): Promise<void> {
    await this.state.query((db) => db.updateTable('checks').set({ unfinished: 0 }).where('name', '=', name).execute());
  }

  async forget(name: string): Promise<void> {
    await this.state.query((db) => db.deleteFrom('checks').where('name', '=', name).execute());
  }

  /** Those of this data folder of which something may be left. */
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

  /** Those of other data folders that have no verdict. */
  async elsewhere(): Promise<CheckRecord[]> {
    const runner = await this.runner();
    const rows = await this.state.query((db) =>
      db
        .selectFrom('checks')
        .selectAll()
        .where('runner', '!=', runner)
        .where('unfinished', '=', 1)
        .where('conclusion', 'is', null)
        .orderBy('at')
        .execute(),
    );
    return rows.map(recordOf);
  }
}

/** The check of a run, and the number of the run. */
export function partsOf(name: string): [string, number] {
  const at = name.lastIndexOf('/');
  return [name.slice(0, at), Number(name.slice(at + 1))];
}

const recordOf = (row: Selectable<Tables['checks']>): CheckRecord => ({
  name: row.name,
  runner: row.runner,
  begun: { round: row.round, branch: row.branch, repository: row.repository ?? undefined },
  verdict:
    row.conclusion === null
      ? undefined
      : { conclusion: row.conclusion, round: row.verdict_round ?? '', log: row.log ?? '' },
});
