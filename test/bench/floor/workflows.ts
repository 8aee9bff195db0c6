import { condition, defineSignal, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';

const { touch } = proxyActivities<{ touch(effect: string): Promise<void> }>({ startToCloseTimeout: '1 minute' });
const { touchFor } = proxyActivities<{ touchFor(effect: string, seconds: number): Promise<void> }>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
});

/** How many seconds the activity takes. By default, it ends at once. */
export const actSignal = defineSignal<[seconds?: number]>('act');
export const actUpdate = defineUpdate<{ taken: boolean }>('act');

/** Stays parked for its whole life. Each action is followed by one activity. */
export async function parked(effect: string): Promise<void> {
  const due: (number | undefined)[] = [];
  setHandler(actSignal, (seconds) => void due.push(seconds));
  setHandler(actUpdate, () => {
    due.push(undefined);
    return { taken: true };
  });
  await touch(`${effect} parked`);
  for (;;) {
    await condition(() => due.length > 0);
    const seconds = due.shift();
    await (seconds === undefined ? touch(effect) : touchFor(effect, seconds));
  }
}

/** Runs one activity after another, and waits for an action after each step in `waits`. */
export async function chain(effect: string, steps: number, waits: number[] = []): Promise<void> {
  let heard = 0;
  setHandler(actSignal, () => void (heard += 1));
  for (let step = 1, asked = 0; step <= steps; step += 1) {
    await touch(effect);
    if (!waits.includes(step)) continue;
    asked += 1;
    await condition(() => heard >= asked);
  }
}
