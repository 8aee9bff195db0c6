/** Milliseconds on a monotonic clock. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

export { setTimeout as pause } from 'node:timers/promises';

/** Resolves when an effect happens. A caller must begin to wait before the effect is caused. */
export class Effects {
  waiting = new Map();

  tell(effect) {
    this.waiting.get(effect)?.shift()?.(now());
  }

  next(effect) {
    const waiting = this.waiting.get(effect) ?? [];
    this.waiting.set(effect, waiting);
    return new Promise((resolve) => waiting.push(resolve));
  }
}

/** Calls a function for each index up to `count`, with limited concurrency. */
export async function many(count, atATime, one) {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await one(index);
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, worker));
}
