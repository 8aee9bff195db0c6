import { setTimeout as pause } from 'node:timers/promises';
import type { Dice } from '../../support/walk/dice.ts';
import type { Strike } from '../crowd/strikes.ts';
import type { Machine } from './machine.ts';

/** After this time without a sign of life, a worker of these machines has lost what it runs, in seconds. */
export const LOST_SECONDS = 12;
/** Short enough that a worker comes back in time, and long enough that it does not, in seconds. */
const AWAY = { shortly: 4, long: 20 };

type Blow = (machine: Machine, seconds: number) => Promise<void>;

/** What happens to a machine. */
const BLOWS: Record<string, Blow> = {
  async killed(machine, seconds) {
    await machine.end('SIGKILL');
    await pause(seconds * 1_000);
    await machine.start();
  },
  async frozen(machine, seconds) {
    await machine.signal('SIGSTOP');
    await pause(seconds * 1_000);
    await machine.signal('SIGCONT');
  },
  async crashed(machine, seconds) {
    await machine.crash();
    await pause(seconds * 1_000);
    await machine.boot();
    await machine.start();
  },
  async cut({ options: { network } }, seconds) {
    network?.cut();
    await pause(seconds * 1_000);
    network?.mend();
  },
};

/** Strikes one machine at random times, each time for a short or a long while. A worker that has ended is started again. */
export function strikesOf(machine: Machine, dice: Dice, say: (line: string) => void): Strike {
  const names = Object.keys(BLOWS).filter((name) => name !== 'cut' || machine.options.network);
  return {
    every: [4, 16],
    async once() {
      const [name, away] = [dice.pick(names), dice.pick(['shortly', 'shortly', 'long'] as const)];
      say(`${machine.name}: ${name} for ${AWAY[away]} s`);
      await BLOWS[name]!(machine, AWAY[away]);
      if (machine.isOver) await machine.start();
    },
  };
}
