/** Milliseconds on a clock that nobody sets. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

export { setTimeout as pause } from 'node:timers/promises';

/** Who waits for an effect waits before it is caused. */
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

/** Does something many times, so many at a time. */
export async function many(count, atATime, one) {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await one(index);
  };
  await Promise.all(Array.from({ length: Math.min(atATime, count) }, worker));
}
