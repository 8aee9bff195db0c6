import type { NoticeInventory } from '../../inventory.ts';
import type { Ledger } from '../../ledger.ts';
import type { Message, Notifier } from '../../ports.ts';
import type { State } from '../state/state.ts';
import { messageOf, outboxRows } from './outbox-rows.ts';

const LONGEST_PAUSE_MS = 300_000;
/** The longest pause that a receiver may request. */
const LONGEST_WISH_MS = 3_600_000;
/** The timeout of one attempt. */
const DEADLINE_MS = 30_000;
/** How long `deliver` and `close` wait for a delivery. A message that is not delivered by then is kept. */
const WAIT_MS = 5_000;

export interface OutboxOptions {
  /** The notifier's name. */
  name: string;
  state: State;
  log: (fields: object, message: string) => void;
  firstPauseMs?: number | undefined;
  waitMs?: number | undefined;
  ledger?: Ledger | undefined;
}

/**
 * Keeps each message in the database until it is delivered: it outlives its run and this worker, and a notifier that is down
 * blocks nobody. One worker at a time delivers, the oldest message first.
 */
export const outbox = (notifier: Notifier, options: OutboxOptions): Box => new Outbox(notifier, options);

export type Outgoing = Notifier & NoticeInventory & { close(): Promise<void> };

/** Keeps messages for later, too: `dueAt` is in milliseconds since 1970. */
export type Box = Outgoing & { deliver(message: Message, signal?: AbortSignal, dueAt?: number): Promise<void> };

class Outbox implements Box {
  private readonly rows;
  private readonly stop = new AbortController();
  /** Other workers may die, so we deliver what they left from time to time. */
  private readonly watch = setInterval(() => this.send(), LONGEST_PAUSE_MS).unref();
  private rounds = Promise.resolve();
  private pause: NodeJS.Timeout | undefined;
  private waking: NodeJS.Timeout | undefined;
  private failures = 0;
  private because: string | undefined;

  constructor(
    private readonly notifier: Notifier,
    private readonly options: OutboxOptions,
  ) {
    this.rows = outboxRows(options.state, options.name);
    this.send();
  }

  /** A message is kept once, however often it is sent. */
  async deliver(message: Message, _signal?: AbortSignal, dueAt?: number): Promise<void> {
    await this.rows.keep(message, dueAt);
    this.send();
    await this.settled();
  }

  async list(): Promise<Awaited<ReturnType<NoticeInventory['list']>>> {
    const [adapter, { because }] = [this.options.name, this];
    const kept = (await this.rows.waiting()).map(({ key, workflowId, at }) => ({
      adapter,
      key,
      workflowId,
      at,
      ...(because && { because }),
    }));
    return { kept, told: await this.rows.receipts() };
  }

  async retell(): Promise<void> {
    clearTimeout(this.pause);
    this.pause = undefined;
    this.send();
    await this.settled();
  }

  async close(): Promise<void> {
    clearInterval(this.watch);
    await this.settled();
    clearTimeout(this.pause);
    clearTimeout(this.waking);
    this.stop.abort();
  }

  private send(): void {
    this.rounds = this.rounds.then(() => this.round());
  }

  /** Waits for the deliveries that have begun, up to a limit. */
  private async settled(): Promise<void> {
    const { waitMs = WAIT_MS } = this.options;
    let deadline: NodeJS.Timeout | undefined;
    await Promise.race([this.rounds, new Promise((resolve) => (deadline = setTimeout(resolve, waitMs)))]);
    clearTimeout(deadline);
  }

  /** Delivers until nothing is left or a delivery fails. */
  private async round(): Promise<void> {
    try {
      while (!this.pause && !this.stop.signal.aborted && (await this.rows.first())) await this.takeOne();
      if (!this.pause && !this.stop.signal.aborted) this.wakeAt(await this.rows.nextDue());
    } catch (failure) {
      if (!this.stop.signal.aborted) this.backOff(failure as Error & { retryAfterMs?: number });
    }
  }

  /** Later ones are found by the watch, by every worker. */
  private wakeAt(dueAt: number | undefined): void {
    clearTimeout(this.waking);
    if (dueAt === undefined || dueAt - Date.now() > LONGEST_PAUSE_MS) return;
    this.waking = setTimeout(() => this.send(), Math.max(0, dueAt - Date.now())).unref();
  }

  /** Holds the lease for one message only, so that nobody waits for another worker's whole queue. */
  private takeOne(): Promise<void> {
    const { name, state } = this.options;
    return state.leases.hold(`outbox ${name}`, async () => {
      const row = await this.rows.first();
      if (!row) return;
      const message = messageOf(row);
      if (message) await this.attempt(message);
      else await this.setAside(row.key);
    });
  }

  private async attempt(message: Message): Promise<void> {
    const { stop, notifier, options } = this;
    await notifier.deliver(message, AbortSignal.any([stop.signal, AbortSignal.timeout(DEADLINE_MS)]));
    options.ledger?.note({ effect: 'notice-delivered', key: `${options.name} ${message.key}` });
    await this.rows.delivered(message);
    if (this.failures > 0) this.log({ attempts: this.failures + 1 }, 'notices are delivered again');
    this.failures = 0;
    this.because = undefined;
  }

  private backOff({ message, cause, retryAfterMs = 0 }: Error & { retryAfterMs?: number }): void {
    const { firstPauseMs = 1_000 } = this.options;
    const because = cause instanceof Error ? `${message}: ${cause.message}` : message;
    this.because = because;
    if (this.failures === 0) this.log({ because }, 'notices cannot be delivered: they are kept and retried');
    const pauseMs = Math.min(firstPauseMs * 2 ** this.failures, LONGEST_PAUSE_MS);
    this.failures += 1;
    this.pause = setTimeout(
      () => {
        this.pause = undefined;
        this.send();
      },
      Math.max(pauseMs, Math.min(retryAfterMs, LONGEST_WISH_MS)),
    ).unref();
  }

  /** An unreadable message would block all others. */
  private async setAside(key: string): Promise<void> {
    this.log({ key }, 'a kept notice cannot be read: it is set aside');
    await this.rows.setAside(key);
  }

  private log(fields: object, message: string): void {
    this.options.log({ adapter: this.options.name, ...fields }, message);
  }
}
