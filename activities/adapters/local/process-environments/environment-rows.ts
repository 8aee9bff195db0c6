import type { Selectable } from 'kysely';
import type { State } from '../../state/state.ts';
import type { Tables } from '../../state/tables.ts';

/** What is on record of an environment. */
export interface EnvironmentRecord {
  key: string;
  /** The data folder where it runs. */
  runner: string;
  /** Its port, once its command was to begin. Undefined again when its processes are gone. */
  port?: number | undefined;
  /** The path that shows that it is up. */
  ready?: string | undefined;
  expireMinutes?: number | undefined;
  /** When it came up, in ISO 8601, and its address. */
  liveAt?: string | undefined;
  url?: string | undefined;
  /** Why it was removed. Empty if there is no reason to show. */
  removed?: string | undefined;
}

/** The environments of all workers. They are on record before they begin, and stay on record when they are removed. */
export class EnvironmentRows {
  constructor(
    private readonly state: State,
    /** The data folder of this worker. */
    private readonly runner: () => Promise<string>,
  ) {}

  async read(key: string): Promise<EnvironmentRecord | undefined> {
    const row = await this.state.query((db) =>
      db.selectFrom('environments').selectAll().where('key', '=', key).executeTakeFirst(),
    );
    return row && recordOf(row);
  }

  /** Records what is known of an environment now. It is unfinished until `cleared`. */
  async note(
    key: string,
    { port, ready, expireMinutes, liveAt, url, removed }: Omit<EnvironmentRecord, 'key' | 'runner'>,
  ) {
    const values = {
      ...(port !== undefined && { port, ready: ready ?? null, expire_minutes: expireMinutes ?? null }),
      ...(liveAt !== undefined && { live_at: liveAt, url: url ?? null }),
      ...(removed !== undefined && { removed }),
    };
    const row = { key, runner: await this.runner(), at: this.state.now, unfinished: 1, ...values };
    await this.state.query((db) =>
      db
        .insertInto('environments')
        .values(row)
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ key, ...values }))
        .execute(),
    );
  }

  /** Records that nothing of it is left. Returns whether its command had begun. */
  async cleared(key: string): Promise<boolean> {
    const had = (await this.read(key))?.port !== undefined;
    await this.state.query((db) =>
      db.updateTable('environments').set({ unfinished: 0, port: null }).where('key', '=', key).execute(),
    );
    return had;
  }

  /** The environments of this data folder of which something may be left. */
  async unfinished(): Promise<EnvironmentRecord[]> {
    const runner = await this.runner();
    const rows = await this.state.query((db) =>
      db
        .selectFrom('environments')
        .selectAll()
        .where('runner', '=', runner)
        .where('unfinished', '=', 1)
        .orderBy('at')
        .execute(),
    );
    return rows.map(recordOf);
  }
}

const recordOf = (row: Selectable<Tables['environments']>): EnvironmentRecord => ({
  key: row.key,
  runner: row.runner,
  port: row.port ?? undefined,
  ready: row.ready ?? undefined,
  expireMinutes: row.expire_minutes ?? undefined,
  liveAt: row.live_at ?? undefined,
  url: row.url ?? undefined,
  removed: row.removed ?? undefined,
});
