import { condition, defineSignal, defineUpdate, proxyActivities, setHandler } from '@temporalio/workflow';

const { touch } = proxyActivities<{ touch(effect: string): Promise<void> }>({ startToCloseTimeout: '1 minute' });

export const actSignal = defineSignal('act');
export const actUpdate = defineUpdate<{ taken: boolean }>('act');

/** Parked for as long as it lives: each action is followed by one activity. */
export async function parked(effect: string): Promise<void> {
  let due = 0;
  setHandler(actSignal, () => void (due += 1));
  setHandler(actUpdate, () => {
    due += 1;
    return { taken: true };
  });
  await touch(`${effect} parked`);
  for (;;) {
    await condition(() => due > 0);
    due -= 1;
    await touch(effect);
  }
}

/** One activity after another; an action is waited for after each step that is named in `waits`. */
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
