import { progressIn } from '../../git/wire/progress.ts';
import { ForgeFailure } from '../failures.ts';

/** How long a caller waits for a copy, in milliseconds. After that, an error says how far git is, and the caller asks again. */
const WAIT_MS = 20_000;
/** How soon a caller should ask again, in milliseconds. */
const AGAIN_MS = 5_000;
/** How long git goes on although nobody asks any more, in milliseconds. */
const ABANDONED_MS = 300_000;

/** Git is still fetching, and goes on. The message says how far it is. */
export class StillFetching extends ForgeFailure {}

/** Updates a copy. Ends early when the signal aborts. */
export type Update = (limits: { signal: AbortSignal; onOutput: (text: string) => void }) => Promise<void>;

interface UnderWay {
  running: Promise<void>;
  next?: Promise<void> | undefined;
  progress?: string | undefined;
  controller: AbortController;
  idle?: NodeJS.Timeout | undefined;
}

/**
 * Updates copies, one at a time each. Callers that come while an update runs share the next one, because the running one may
 * have asked the forge before what they wait for happened.
 *
 * A first copy may take hours. It goes on while somebody asks for it, whoever that is: each caller waits for a while, and is
 * then given how far git is.
 */
export class Updates {
  private readonly underWay = new Map<string, UnderWay>();
  private closed = false;

  constructor(private readonly waitMs = WAIT_MS) {}

  async run(name: string, update: Update): Promise<void> {
    const before = this.underWay.get(name);
    const wanted = before ? (before.next ??= this.after(before, name, update)) : this.begin(name, update);
    wanted.catch(() => undefined); // there may be nobody left who waits for it
    let clock: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      clock = setTimeout(resolve, this.waitMs, 'late');
    });
    const end = await Promise.race([wanted, late]).finally(() => clearTimeout(clock));
    if (end !== 'late') return;
    const progress = this.underWay.get(name)?.progress;
    this.abandonLater(name);
    throw new StillFetching(`Git is fetching ${name}${progress === undefined ? '' : `: ${progress}`}`, {
      retryAfterMs: AGAIN_MS,
    });
  }

  /** Ends all updates. */
  async close(): Promise<void> {
    this.closed = true;
    const all = [...this.underWay.values()];
    for (const { controller } of all) controller.abort(new Error('This worker is stopping.'));
    await Promise.allSettled(all.map(({ running }) => running));
  }

  private begin(name: string, update: Update): Promise<void> {
    if (this.closed) return Promise.reject(new Error('This worker is stopping.'));
    const controller = new AbortController();
    const entry: UnderWay = { controller, running: Promise.resolve() };
    const onOutput = (text: string) => {
      entry.progress = progressIn(text) ?? entry.progress;
    };
    this.underWay.set(name, entry);
    entry.running = update({ signal: controller.signal, onOutput }).finally(() => {
      clearTimeout(entry.idle);
      if (this.underWay.get(name) === entry) this.underWay.delete(name);
    });
    return entry.running;
  }

  private after({ running }: UnderWay, name: string, update: Update): Promise<void> {
    return running.catch(() => undefined).then(() => this.begin(name, update));
  }

  /** Each caller that gives up puts the end off. */
  private abandonLater(name: string): void {
    const entry = this.underWay.get(name);
    if (!entry) return;
    clearTimeout(entry.idle);
    const abandon = () => entry.controller.abort(new Error(`Nobody asks for ${name} any more.`));
    entry.idle = setTimeout(abandon, ABANDONED_MS).unref();
  }
}
