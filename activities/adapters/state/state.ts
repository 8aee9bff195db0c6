import { stat } from 'node:fs/promises';
import { Kysely, sql, type RawBuilder, type Transaction } from 'kysely';
import { PLAIN, type Cipher } from './cipher.ts';
import { connecting, nowOf, type Kind, type Location } from './connecting.ts';
import { isBusy, isTransient, StateUnavailable } from './failures.ts';
import { Leases, type Processes } from './leases.ts';
import { migrate } from './migrating.ts';
import { Runners } from './runners.ts';
import type { Tables } from './tables.ts';

/** How long a call waits while another process writes, in milliseconds. After that, it is a transient failure. */
const BUSY_MS = 15_000;
const BUSY_PAUSE_MS = 20;

/** The database that all workers of an installation share. It is opened at its first use. */
export class State {
  readonly kind: Kind;
  /** The place in words, without user and password. */
  readonly shown: string;
  readonly leases: Leases;
  readonly runners: Runners;
  private readonly db: Kysely<Tables>;
  private opened: Promise<void> | undefined;

  constructor(
    location: Location,
    processes: Processes,
    /** Encrypts what people and agents have written. */
    readonly cipher: Cipher = PLAIN,
  ) {
    const { kind, dialect, shown } = connecting(location);
    this.kind = kind;
    this.shown = shown;
    this.db = new Kysely<Tables>({ dialect });
    this.leases = new Leases(this, processes);
    this.runners = new Runners(this);
  }

  /**
   * Brings the tables up to date. Every call does this, so that a database may be down when this process starts. Throws
   * `NewerSchema` if a newer build has changed it, and `StateUnavailable` if it does not answer.
   */
  open(): Promise<void> {
    this.opened ??= this.asking(() => migrate(this.db, this.kind)).catch((failure: unknown) => {
      this.opened = undefined;
      throw failure;
    });
    return this.opened;
  }

  /** Runs one statement, or several that need not be one. Throws `StateUnavailable` if the database does not answer. */
  async query<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    await this.open();
    return this.asking(() => work(this.db));
  }

  /**
   * Runs all statements or none, as if no other process were there. The work may be repeated, so it does nothing else. If
   * the answer to a commit is lost, this throws `StateUnavailable` although the change may have been made.
   */
  async transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    await this.open();
    const level = this.kind === 'postgres' ? 'serializable' : undefined;
    return this.asking(() => {
      const transaction = this.db.transaction();
      return (level ? transaction.setIsolationLevel(level) : transaction).execute(work);
    });
  }

  /** The present time by the one clock that all processes share, in milliseconds since 1970. */
  get now(): RawBuilder<number> {
    return nowOf(this.kind);
  }

  /** The size of the database in bytes. */
  async bytes(): Promise<number> {
    if (this.kind === 'sqlite') {
      const files = ['', '-wal'].map((end) => stat(`${this.shown}${end}`).catch(() => ({ size: 0 })));
      return (await Promise.all(files)).reduce((sum, { size }) => sum + size, 0);
    }
    const { rows } = await this.query((db) =>
      sql<{ bytes: number }>`select pg_database_size(current_database()) as bytes`.execute(db),
    );
    return rows[0]!.bytes;
  }

  /** Closes the connections. What fails now leaves leases behind, which others find abandoned. */
  async close(): Promise<void> {
    await this.leases.close().catch(() => undefined);
    await this.db.destroy();
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
