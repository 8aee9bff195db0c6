import { Kysely, sql, type RawBuilder, type Transaction } from 'kysely';
import { connecting, type Kind, type Location } from './connecting.ts';
import { isBusy, isTransient, StateUnavailable } from './failures.ts';
import { migrate } from './migrating.ts';
import type { Tables } from './tables.ts';

/** How long a call waits while another process writes, in milliseconds. After that, it is a transient failure. */
const BUSY_MS = 15_000;
const BUSY_PAUSE_MS = 20;

export type Database = Kysely<Tables> | Transaction<Tables>;

/** The database that all workers of an installation share. */
export class State {
  private constructor(
    private readonly db: Kysely<Tables>,
    readonly kind: Kind,
    /** The place in words, without user and password. */
    readonly shown: string,
  ) {}

  /**
   * Opens the database, and brings its tables up to date. Throws `NewerSchema` if a newer build has changed it, and
   * `StateUnavailable` if it does not answer.
   */
  static async open(location: Location): Promise<State> {
    const { kind, dialect, shown } = connecting(location);
    const db = new Kysely<Tables>({ dialect });
    const state = new State(db, kind, shown);
    try {
      await state.asking(() => migrate(db, kind));
      return state;
    } catch (failure) {
      await db.destroy().catch(() => undefined);
      throw failure;
    }
  }

  /** Runs one statement, or several that need not be one. Throws `StateUnavailable` if the database does not answer. */
  query<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    return this.asking(() => work(this.db));
  }

  /**
   * Runs all statements or none, as if no other process were there. The work may be repeated, so it does nothing else. If
   * the answer to a commit is lost, this throws `StateUnavailable` although the change may have been made.
   */
  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    const level = this.kind === 'postgres' ? 'serializable' : undefined;
    return this.asking(() => {
      const transaction = this.db.transaction();
      return (level ? transaction.setIsolationLevel(level) : transaction).execute(work);
    });
  }

  /** The present time by the one clock that all processes share, in milliseconds since 1970. */
  get now(): RawBuilder<number> {
    return this.kind === 'postgres'
      ? sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`
      : sql<number>`${Date.now()}`; // all processes are on one machine
  }

  close(): Promise<void> {
    return this.db.destroy();
  }

  private async asking<T>(work: () => Promise<T>): Promise<T> {
    const until = Date.now() + BUSY_MS;
    for (;;) {
      try {
        return await work();
      } catch (failure) {
        if (isBusy(failure) && Date.now() < until) {
          await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS * (0.5 + Math.random())));
          continue;
        }
        if (!isTransient(failure)) throw failure;
        const { message } = failure as Error;
        throw new StateUnavailable(`The database ${this.shown} cannot be used now: ${message}`, { cause: failure });
      }
    }
  }
}
