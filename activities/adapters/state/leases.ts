import { randomUUID } from 'node:crypto';
import { sql, type Kysely, type RawBuilder, type Transaction } from 'kysely';
import { LeaseLost } from './failures.ts';
import type { Tables } from './tables.ts';

/** The owner of leases proves that it is alive at this interval, in milliseconds. After `LEASE_MS` it counts as dead. */
const RENEW_MS = 5_000;
export const LEASE_MS = 60_000;
/** The first pause between two attempts to take a lease, and the longest, in milliseconds. */
const PAUSE_MS = { first: 10, most: 500 };
/** The sessions of processes that ended without closing them are kept for a day, in milliseconds. */
const FORGOTTEN_MS = 86_400_000;

/** What is known of processes without the database. */
export interface Processes {
  /** Identifies this process. */
  own(): Promise<string>;
  /** Whether the process is known to have ended. False if it cannot be seen from here. */
  isDead(process: string): Promise<boolean>;
  /** Ends this process at once: others have taken over what it does. */
  end(): void;
}

/** The database in which leases are given. */
interface State {
  readonly now: RawBuilder<number>;
  query<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T>;
}

/** A lease that this process holds. */
export interface Lease {
  /** Grows with each lease that is given. */
  fence: number;
  /** Throws `LeaseLost` if the lease has been taken over. In a transaction, nothing is written then. */
  check(db: Kysely<Tables>): Promise<void>;
}

/**
 * Excludes each other's work by name, across all processes and machines that share the database. An owner that is not heard
 * of for `LEASE_MS`, or that is known to have ended, loses its leases to those who wait for them.
 */
export class Leases {
  private readonly id = randomUUID();
  private readonly queues = new Map<string, Promise<unknown>>();
  /** The fences of the leases that this process holds now. */
  private readonly holding = new Set<number>();
  private session: Promise<void> | undefined;
  private clock: NodeJS.Timeout | undefined;

  constructor(
    private readonly state: State,
    private readonly processes: Processes,
  ) {}

  /** Runs the work while nobody else runs any under this name. */
  hold<T>(name: string, work: (lease: Lease) => Promise<T>): Promise<T> {
    const turn = (this.queues.get(name) ?? Promise.resolve()).then(() => this.within(name, work));
    const settled = turn
      .catch(() => undefined)
      .finally(() => this.queues.get(name) === settled && this.queues.delete(name));
    this.queues.set(name, settled);
    return turn;
  }

  /** The names that begin with this, and that somebody holds. */
  async held(prefix: string): Promise<string[]> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('leases')
        .select('name')
        .where(sql<string>`substr(name, 1, ${sql.lit(prefix.length)})`, '=', prefix)
        .execute(),
    );
    return rows.map(({ name }) => name);
  }

  /** Ends the session of this process. Whatever it still holds is free then. */
  async close(): Promise<void> {
    clearInterval(this.clock);
    if (!this.session) return;
    await this.session.catch(() => undefined);
    await this.state.query((db) => db.deleteFrom('sessions').where('id', '=', this.id).execute());
  }

  private async within<T>(name: string, work: (lease: Lease) => Promise<T>): Promise<T> {
    const fence = await this.taken(name);
    this.holding.add(fence);
    const check = async (db: Kysely<Tables>): Promise<void> => {
      const found = await db.selectFrom('leases').select('fence').where('fence', '=', fence).executeTakeFirst();
      if (!found) throw new LeaseLost(`Another process has taken over ${name}.`);
    };
    try {
      return await work({ fence, check });
    } finally {
      this.holding.delete(fence);
      await this.giveBack(fence).catch(() => undefined); // whoever wants it next finds it given up
    }
  }

  private async taken(name: string): Promise<number> {
    for (let pause = PAUSE_MS.first; ; pause = Math.min(pause * 2, PAUSE_MS.most)) {
      await this.started();
      const fence = await this.take(name);
      if (fence !== undefined) return fence;
      if (!(await this.freed(name))) await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** Takes the lease if nobody has it. */
  private async take(name: string): Promise<number | undefined> {
    const row = await this.state.query((db) =>
      db
        .insertInto('leases')
        .values({ name, session: this.id })
        .onConflict((conflict) => conflict.doNothing())
        .returning('fence')
        .executeTakeFirst(),
    );
    return row?.fence;
  }

  private async giveBack(fence: number): Promise<void> {
    await this.state.query((db) => db.deleteFrom('leases').where('fence', '=', fence).execute());
  }

  /** Frees the lease of an owner that is dead. In case it is not, it may not go on. */
  private async freed(name: string): Promise<boolean> {
    const owner = await this.ownerOf(name);
    if (!owner) return true;
    const { fence, session, process, until, ended, now } = owner;
    // We hold one lease of a name at a time, so this is one whose giving or return was not confirmed.
    if (session === this.id && !this.holding.has(fence)) return this.giveBack(fence).then(() => true);
    const expired = until !== null && until < now;
    if (process !== null && ended !== 1 && !expired && !(await this.processes.isDead(process))) return false;
    return this.state.transaction(async (db) => {
      const end = db.updateTable('sessions').set({ ended: 1 }).where('id', '=', session);
      await (expired ? end.where('until', '<', this.state.now) : end).execute();
      const still = await db.selectFrom('sessions').select('ended').where('id', '=', session).executeTakeFirst();
      if (still?.ended === 0) return false; // it has renewed its session meanwhile
      await db.deleteFrom('leases').where('fence', '=', fence).execute();
      return true;
    });
  }

  private ownerOf(name: string) {
    return this.state.query((db) =>
      db
        .selectFrom('leases')
        .leftJoin('sessions', 'sessions.id', 'leases.session')
        .select(['leases.fence', 'leases.session', 'sessions.process', 'sessions.until', 'sessions.ended'])
        .select(this.state.now.as('now'))
        .where('leases.name', '=', name)
        .executeTakeFirst(),
    );
  }

  private started(): Promise<void> {
    this.session ??= this.begin().catch((failure: unknown) => {
      this.session = undefined;
      throw failure;
    });
    return this.session;
  }

  private async begin(): Promise<void> {
    const process = await this.processes.own();
    await this.state.query(async (db) => {
      await db
        .deleteFrom('sessions')
        .where('until', '<', sql<number>`${this.state.now} - ${FORGOTTEN_MS}`)
        .execute();
      await db
        .insertInto('sessions')
        .values({ id: this.id, process, until: this.later, ended: 0 })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    });
    this.clock = setInterval(() => void this.renew().catch(() => undefined), RENEW_MS).unref();
  }

  /** While the database does not answer, nothing can be written in the name of a lease, so this goes on. */
  private async renew(): Promise<void> {
    const { numUpdatedRows } = await this.state.query((db) =>
      db
        .updateTable('sessions')
        .set({ until: this.later })
        .where('id', '=', this.id)
        .where('ended', '=', 0)
        .executeTakeFirst(),
    );
    if (numUpdatedRows === 0n) return this.processes.end();
    await this.tidy();
  }

  /**
   * Gives back leases whose giving or return was not confirmed, because the database went away. Others would wait for them for as long
   * as this process lives.
   */
  private async tidy(): Promise<void> {
    const rows = await this.state.query((db) =>
      db.selectFrom('leases').select(['name', 'fence']).where('session', '=', this.id).execute(),
    );
    for (const { name, fence } of rows) if (!this.queues.has(name)) await this.giveBack(fence);
  }

  private get later() {
    return sql<number>`${this.state.now} + ${LEASE_MS}`;
  }
}
