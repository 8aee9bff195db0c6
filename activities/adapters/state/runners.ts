import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Tables } from './tables.ts';

/** How long a runner may not be heard of before what it runs is lost, in milliseconds (`GATEHOUSE_LOST_SECONDS`). */
const LOST_MS = 300_000;
/** Runners that are gone are forgotten after a week, in milliseconds. What they held is lost then, too. */
const FORGOTTEN_MS = 7 * 86_400_000;

/** The limits that follow from the one above, in milliseconds. */
export const limitsOf = (ms = LOST_MS) => {
  const lostMs = Math.round(ms);
  const beatMs = Math.round(lostMs / 15);
  return {
    lostMs,
    /** How often a worker shows that it lives. */
    beatMs,
    /** A runner that is not heard of for this long is not asked any more: it has missed at least one beat. */
    silentMs: 2 * beatMs,
    /** A runner that has not reached the database for this long ends what it runs, before others begin it anew. */
    fenceMs: Math.round((lostMs / 5) * 4),
  };
};
type Limits = ReturnType<typeof limitsOf>;

/** What is known of a runner that holds something. */
export type Standing =
  | { is: 'heard' }
  /** It is not heard of, but what it runs may still live. */
  | { is: 'silent'; machine: string; sinceMs: number; leftMs: number }
  /** Nothing that it ran is alive, or it will learn that it has to end it. */
  | { is: 'lost'; machine: string | undefined };

export interface Beginning {
  /** The id of the data folder. */
  runner: string;
  machine: string;
  lostMs?: number | undefined;
  /** Called when the runner was heard of in time, so that what it runs goes on. */
  held(): Promise<void>;
  /** Tells the operator what has become of this worker. */
  log?(message: string): void;
}

/** Runs something in the name of a runner. */
export interface Holder {
  /** Ends what others have given up meanwhile. */
  sweep(): Promise<void>;
  /** Ends everything, because others have taken this runner for lost. */
  lose(): Promise<void>;
  /** Whether something runs that an orderly stop waits for. */
  isBusy(): Promise<boolean>;
}

interface State {
  readonly now: RawBuilder<number>;
  query<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
}

/** The workers that share the database, as runners of jobs, checks and environments: one runner per data folder. */
export class Runners {
  private readonly worker = randomUUID();
  private begun: (Beginning & Limits) | undefined;
  private clock: NodeJS.Timeout | undefined;
  private beating: Promise<void> = Promise.resolve();
  private sweeping: Promise<void> | undefined;
  /** When the database last heard of this worker, by our own clock that never jumps. */
  private heardAt = 0;
  /** Since when this worker could have heard of others without a gap, in milliseconds since 1970. */
  private watching = Infinity;
  private beatAt = 0;
  private readonly holders: Holder[] = [];
  private isMissed = false;
  /** Whether this worker takes no new work. */
  draining = false;

  constructor(private readonly state: State) {}

  /** Adds somebody who runs something in the name of this runner. */
  add(holder: Holder): void {
    this.holders.push(holder);
  }

  /** Whether a job or a check runs here. */
  async isBusy(): Promise<boolean> {
    return (await Promise.all(this.holders.map((each) => each.isBusy()))).some(Boolean);
  }

  /** The limits of this worker, once it has begun to show that it lives. */
  get limits(): Limits | undefined {
    return this.begun;
  }

  /** Whether this worker has not reached the database, or not for so long that it must not act as a runner. */
  get isFenced(): boolean {
    if (!this.begun) return false;
    return this.heardAt === 0 || performance.now() - this.heardAt > this.begun.fenceMs;
  }

  /** Shows from now on that this worker lives. If that fails, it begins fenced, and the next beat tries again. */
  async begin(beginning: Beginning): Promise<void> {
    this.begun = { ...beginning, ...limitsOf(beginning.lostMs) };
    await this.beat().catch(this.missed);
    this.clock = setInterval(() => void this.beat().then(this.reached, this.missed), this.begun.beatMs).unref();
  }

  /** Says once that others do not hear of this worker, and once that they do again. */
  private readonly missed = ({ message }: Error): void => {
    if (!this.isMissed) this.begun?.log?.(`other workers do not hear of this one: ${message}`);
    this.isMissed = true;
  };
  private readonly reached = (): void => {
    if (this.isMissed) this.begun?.log?.('other workers hear of this one again');
    this.isMissed = false;
  };

  /** Takes no new work from now on. */
  async drain(): Promise<void> {
    this.draining = true;
    const { worker } = this;
    await this.state.query((db) =>
      db.updateTable('runners').set({ draining_since: this.state.now }).where('worker', '=', worker).execute(),
    );
  }

  /** Orderly end. `left`: whether something of what it ran may still live. */
  async end(left: boolean): Promise<void> {
    clearInterval(this.clock);
    if (!this.begun) return;
    await this.beating.catch(() => undefined);
    if (left) return;
    await this.state.query((db) => db.deleteFrom('runners').where('worker', '=', this.worker).execute());
  }

  /** Writes that this worker lives, and learns whether it was taken for lost. One beat at a time. */
  beat(): Promise<void> {
    return (this.beating = this.beating.catch(() => undefined).then(() => this.beatOnce()));
  }

  private async beatOnce(): Promise<void> {
    const { begun } = this;
    if (!begun) return;
    const asked = performance.now();
    const gap = Date.now() - this.beatAt > 2 * begun.beatMs;
    const fenced = this.heardAt > 0 && this.isFenced;
    const lost = fenced || (await this.write(begun));
    if (lost) {
      begun.log?.('this worker was not heard of for too long: what it ran has been given up, and is ended');
      // What it ran has ended already, or ends now, before anybody may ask it about anything again.
      for (const each of this.holders) await each.lose();
      await this.write(begun, null);
    }
    await this.forget(begun);
    // An answer that comes late, for instance because this process was frozen, says nothing of now.
    if (performance.now() - asked < begun.silentMs) await begun.held();
    this.heardAt = lost ? performance.now() : asked;
    if (gap) this.watching = Date.now();
    this.beatAt = Date.now();
    void this.sweep();
  }

  /**
   * Ends what others have given up meanwhile. That may take long, for instance for what another container ran, and others must
   * hear of this worker meanwhile. One at a time.
   */
  sweep(): Promise<void> {
    return (this.sweeping ??= Promise.allSettled(this.holders.map((each) => each.sweep())).then(() => {
      this.sweeping = undefined; // the next one does what could not be done
    }));
  }

  /** Returns whether others have taken this runner for lost. */
  private async write({ runner, machine, lostMs }: Beginning & Limits, lost?: null): Promise<boolean> {
    const { now } = this.state;
    const values = { seen_at: now, lost_ms: lostMs };
    return this.state.query(async (db) => {
      if (lost === null) await db.updateTable('runners').set({ lost_at: null }).where('runner', '=', runner).execute();
      await db
        .insertInto('runners')
        .values({ worker: this.worker, runner, machine, started_at: now, ...values })
        .onConflict((conflict) => conflict.column('worker').doUpdateSet(values))
        .execute();
      const mine = db.selectFrom('runners').select('worker').where('runner', '=', runner);
      return (await mine.where('lost_at', 'is not', null).executeTakeFirst()) !== undefined;
    });
  }

  /** What is known of another runner. If it was not heard of for too long, it is recorded as lost. */
  async standing(runner: string): Promise<Standing> {
    const rows = await this.state.query((db) =>
      db
        .selectFrom('runners')
        .select(['machine', 'seen_at', 'lost_ms', 'lost_at', this.state.now.as('now')])
        .where('runner', '=', runner)
        .orderBy('seen_at', 'desc')
        .execute(),
    );
    const [last] = rows;
    if (!last) return { is: 'lost', machine: undefined };
    const { machine, lost_ms: lostMs } = last;
    if (rows.some(({ lost_at: at }) => at !== null)) return { is: 'lost', machine };
    const sinceMs = last.now - last.seen_at;
    if (sinceMs < limitsOf(lostMs).silentMs) return { is: 'heard' };
    if (sinceMs >= lostMs && this.hasWatched() && (await this.lose(runner))) return { is: 'lost', machine };
    return { is: 'silent', machine, sinceMs, leftMs: Math.max(0, lostMs - sinceMs) };
  }

  /**
   * Whether this worker itself was there without a gap. After one, such as a database that was down or a machine that slept,
   * all others get the time to be heard of first.
   */
  private hasWatched(): boolean {
    return this.begun === undefined || Date.now() - this.watching > this.begun.silentMs;
  }

  /** Records that a runner is lost, unless it is heard of at this moment. */
  private async lose(runner: string): Promise<boolean> {
    const { now } = this.state;
    const { numUpdatedRows } = await this.state.query((db) =>
      db
        .updateTable('runners')
        .set({ lost_at: now })
        .where('runner', '=', runner)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('runners as other')
                .select('other.worker')
                .where('other.runner', '=', runner)
                .where(sql<boolean>`other.seen_at > ${now} - other.lost_ms`),
            ),
          ),
        )
        .executeTakeFirst(),
    );
    return numUpdatedRows > 0n;
  }

  /** Removes workers that are gone. One data folder needs only the row of its newest worker. */
  private async forget({ runner, silentMs }: Beginning & Limits): Promise<void> {
    const before = (ms: number) => sql<number>`${this.state.now} - ${ms}`;
    await this.state.query(async (db) => {
      const others = db.deleteFrom('runners').where('worker', '!=', this.worker);
      const replaced = others.where('runner', '=', runner).where('lost_at', 'is', null);
      await replaced.where('seen_at', '<', before(silentMs)).execute();
      await others.where('seen_at', '<', before(FORGOTTEN_MS)).execute();
    });
  }
}
