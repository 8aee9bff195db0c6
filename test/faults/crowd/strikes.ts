import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { CannotUpgrade, upgrade, type Target } from '../../../client/upgrading.ts';
import type { Proxy } from '../../support/cluster/proxy.ts';
import type { Dice } from '../../support/walk/dice.ts';
import type { Lane } from '../lane.ts';
import type { Stage } from '../stage.ts';
import type { Crowd } from './crowd.ts';

/** A fault that strikes a crowd repeatedly until it is stopped. */
export interface Strike {
  /** The range of the pauses between two strikes, in seconds. */
  every: readonly [number, number];
  once: () => Promise<void>;
}

/**
 * Strikes until stopped. `stop` waits for the last strike, and returns the number of strikes and the time when the last
 * one was over.
 */
export function striking(
  strikes: readonly Strike[],
  dice: Dice,
): { stop(): Promise<{ count: number; overAt: number }> } {
  const over = new AbortController();
  let count = 0;
  let overAt = Date.now();
  const all = strikes.map(async ({ every: [from, to], once }) => {
    for (;;) {
      const seconds = from + (to - from) * dice.pick([0, 0.2, 0.4, 0.6, 0.8, 1]);
      await pause(seconds * 1_000, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      count += 1;
      await once();
      overAt = Date.now();
    }
  });
  return {
    async stop() {
      over.abort();
      await Promise.all(all);
      return { count, overAt };
    },
  };
}

/** Kills one of the workers at a random moment. */
export const killWorkers = (
  lanes: readonly Lane[],
  dice: Dice,
  every: readonly [number, number] = [4, 20],
): Strike => ({
  every,
  once: async () => dice.pick(lanes).kill(),
});

/** Kills the server, and restarts it on the same database after two seconds. */
export const killServer = ({ cluster, say }: Stage, every: readonly [number, number] = [20, 60]): Strike => ({
  every,
  async once() {
    say('the server is killed');
    await cluster.temporal.kill();
    await pause(2_000);
    await cluster.temporal.start();
    say('the server is back');
  },
});

/** Kills the database under the running server. It recovers from its write-ahead log. */
export const killPostgres = ({ cluster, say }: Stage, every: readonly [number, number] = [15, 40]): Strike => ({
  every,
  async once() {
    say('PostgreSQL is killed');
    await cluster.postgres.kill();
    await pause(1_000);
    await cluster.postgres.start();
    say('PostgreSQL is back');
  },
});

/** Cuts workers and people off from the server. */
export const cut = (proxy: Proxy, { say }: Stage, seconds: number, every: readonly [number, number]): Strike => ({
  every,
  async once() {
    say(`the connection is cut for ${seconds} s`);
    proxy.cut();
    await pause(seconds * 1_000);
    proxy.mend();
    say('the connection is restored');
  },
});

/** Switches the current build back and forth, and asks all runs to move to it. */
export function changeBuilds({ client, say }: Stage, targets: readonly Target[]): Strike {
  let at = 0;
  return {
    every: [2, 6],
    async once() {
      at = (at + 1) % targets.length;
      const left = await makeCurrent(client, targets[at]!);
      say(`build ${targets[at]!.build}: ${left === undefined ? 'it has no worker' : `${left} runs have not moved`}`);
    },
  };
}

/** Returns how many runs have not moved yet. Undefined if the build has no worker. */
export async function makeCurrent(client: Client, target: Target): Promise<number | undefined> {
  try {
    return (await upgrade(client, target, { told: () => undefined, stop: AbortSignal.timeout(8_000) })).left;
  } catch (failure) {
    if (failure instanceof CannotUpgrade) return undefined;
    throw failure;
  }
}

/** Sends messages that must not change anything: see `Crowd.disturb`. */
export const noise = (crowd: Crowd, dice: Dice): Strike => ({
  every: [0.2, 1],
  once: () => crowd.disturb(dice),
});
