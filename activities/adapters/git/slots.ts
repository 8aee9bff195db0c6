import { availableParallelism } from 'node:os';

interface Waiting {
  share: string;
  start(): void;
}

/**
 * Limits how many calls run at a time, because more would only compete for the machine. Each repository gets at most a
 * share, so that none can starve the others.
 */
export class Slots {
  private readonly waiting: Waiting[] = [];
  private readonly used = new Map<string, number>();
  private running = 0;

  constructor(
    private readonly most: number,
    private readonly mostPerShare: number,
  ) {}

  /** Waits for a slot, and returns a function that frees it. Leaves the queue and throws if the caller aborts. */
  async take(share: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const entry = {
        share,
        start: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(entry), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiting.push(entry);
      this.next();
    });
    let freed = false;
    return () => {
      if (freed) return;
      freed = true;
      this.running -= 1;
      this.used.set(share, this.used.get(share)! - 1);
      if (this.used.get(share) === 0) this.used.delete(share);
      this.next();
    };
  }

  private next(): void {
    while (this.running < this.most) {
      const at = this.waiting.findIndex(({ share }) => (this.used.get(share) ?? 0) < this.mostPerShare);
      if (at < 0) return;
      const [entry] = this.waiting.splice(at, 1);
      this.running += 1;
      this.used.set(entry!.share, (this.used.get(entry!.share) ?? 0) + 1);
      entry!.start();
    }
  }
}

const most = Math.max(8, 4 * availableParallelism());
export const slots = new Slots(most, most / 2);

/** Calls to other machines have slots of their own: they wait most of the time, and may take hours. */
export const wireSlots = new Slots(16, 4);
