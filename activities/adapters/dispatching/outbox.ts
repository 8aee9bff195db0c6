import { readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { Notice } from '../../../workflows/contracts/notices.ts';
import { Task } from '../../../workflows/contracts/pipeline-run.ts';
import type { KeptNotice, NoticeInventory } from '../../inventory.ts';
import type { Ledger } from '../../ledger.ts';
import type { Message, Notifier } from '../../ports.ts';
import { foldersOf, safeName } from '../files/folders.ts';
import { readJson, writeJson } from '../files/records.ts';
import { withLock } from '../processes/locks.ts';

const LONGEST_PAUSE_MS = 300_000;
/** The longest pause that a receiver may request. */
const LONGEST_WISH_MS = 3_600_000;
/** The timeout of one attempt. */
const DEADLINE_MS = 30_000;
/** How long `deliver` and `close` wait for a delivery. A message that is not delivered by then is kept. */
const WAIT_MS = 5_000;

/** The time of the newest delivered notice of a workflow. */
const Told = z.object({ workflowId: z.string(), at: z.string() });
const Kept = z.object({ key: z.string(), workflowId: z.string(), task: Task, notice: Notice });

export interface OutboxOptions {
  /** The notifier's name, which is also the name of its folder. */
  name: string;
  root: string;
  log: (fields: object, message: string) => void;
  firstPauseMs?: number | undefined;
  waitMs?: number | undefined;
  ledger?: Ledger | undefined;
}

/**
 * Keeps each message in a file until it is delivered: it outlives its run and this worker, and a notifier that is down
 * blocks nobody. One worker at a time delivers, the oldest message first.
 */
export const outbox = (notifier: Notifier, options: OutboxOptions): Outgoing => new Outbox(notifier, options);

export type Outgoing = Notifier & NoticeInventory & { close(): Promise<void> };

class Outbox implements Outgoing {
  private readonly folder;
  private readonly stop = new AbortController();
  /** Other workers on this folder may die, so we deliver what they left from time to time. */
  private readonly watch = setInterval(() => this.send(), LONGEST_PAUSE_MS).unref();
  private rounds = Promise.resolve();
  private pause: NodeJS.Timeout | undefined;
  private failures = 0;
  private because: string | undefined;

  constructor(
    private readonly notifier: Notifier,
    private readonly options: OutboxOptions,
  ) {
    this.folder = path.join(foldersOf(options.root).outbox, options.name);
    this.send();
  }

  /** The file name is derived from the message, so a message is kept once, and names sort by time. */
  async deliver(message: Message): Promise<void> {
    const { key, notice } = message;
    await writeJson(path.join(this.folder, `${notice.at.replace(/\W/g, '')}-${safeName(key)}.json`), message);
    this.send();
    await this.settled();
  }

  async list(): Promise<Awaited<ReturnType<NoticeInventory['list']>>> {
    const [adapter, { because }] = [this.options.name, this];
    const read = async (name: string): Promise<KeptNotice[]> => {
      const message = await readJson(path.join(this.folder, name), Kept).catch(() => undefined);
      if (!message) return []; // It was delivered meanwhile. Or it is unreadable, and is set aside in its turn.
      const { key, workflowId, notice } = message;
      return [{ adapter, key, workflowId, at: notice.at, ...(because && { because }) }];
    };
    const kept = (await Promise.all((await this.waiting()).map(read))).flat();
    const names = await readdir(this.toldFolder).catch(() => []);
    const reported = await Promise.all(names.map((name) => readJson(path.join(this.toldFolder, name), Told)));
    return { kept, told: Object.fromEntries(reported.flatMap((each) => (each ? [[each.workflowId, each.at]] : []))) };
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
      while (!this.pause && !this.stop.signal.aborted && (await this.waiting()).length > 0) await this.takeOne();
    } catch (failure) {
      if (!this.stop.signal.aborted) this.backOff(failure as Error & { retryAfterMs?: number });
    }
  }

  /** Holds the lock for one message only, so that nobody waits for another worker's whole queue. */
  private takeOne(): Promise<void> {
    return withLock(path.join(this.folder, 'courier.lock'), async () => {
      const [name] = await this.waiting();
      if (name === undefined) return;
      const file = path.join(this.folder, name);
      const message = await readJson(file, Kept).catch(() => undefined);
      if (message) await this.attempt(message);
      else await this.setAside(file);
      await rm(file, { force: true });
    });
  }

  private async attempt(message: Message): Promise<void> {
    const { stop, notifier, options } = this;
    await notifier.deliver(message, AbortSignal.any([stop.signal, AbortSignal.timeout(DEADLINE_MS)]));
    options.ledger?.note({ effect: 'notice-delivered', key: `${options.name} ${message.key}` });
    const { workflowId, notice } = message;
    const receipt = path.join(this.toldFolder, `${safeName(workflowId)}.json`);
    await writeJson(receipt, { workflowId, at: notice.at }).catch(() => undefined); // no reason to deliver again
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
  private async setAside(file: string): Promise<void> {
    this.log({ file }, 'a kept notice cannot be read: it is set aside');
    await rename(file, `${file}.unreadable`);
  }

  private get toldFolder(): string {
    return `${this.folder}.told`;
  }

  private async waiting(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    return names.filter((name) => name.endsWith('.json')).sort();
  }

  private log(fields: object, message: string): void {
    this.options.log({ adapter: this.options.name, ...fields }, message);
  }
}
