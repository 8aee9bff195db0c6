import { z } from 'zod';
import { lookAt, Origin, ownOrigin, ownToken, seenFrom } from './tokens.ts';

/**
 * A stopped process (SIGSTOP) that others wait for gets this much time, in milliseconds. Then it is killed, because it must
 * not continue after others have taken over. Others adopt the work of a killed worker.
 */
const STOPPED_MS = 20_000;

/** A pid alone may be reused, or mean another process in another container, so its start time and its origin are part. */
const Known = z.object({ pid: z.number(), token: z.string(), origin: Origin.optional() });

/** Since when awaited processes have been stopped. */
const stopped = new Map<string, number>();

/** What this machine knows of the processes that share a database. */
export const presence = {
  own: async (): Promise<string> =>
    JSON.stringify({ pid: process.pid, token: await ownToken(), origin: await ownOrigin() }),

  /** A process in another container or on another machine cannot be seen, so it does not count as dead. */
  async isDead(text: string): Promise<boolean> {
    const { data: owner } = Known.safeParse(JSON.parse(text));
    if (!owner) return false;
    const from = await seenFrom(owner.origin);
    if (from !== 'here') return from === 'over';
    const seen = await lookAt(owner.pid);
    if (seen?.token !== owner.token) return true;
    if (seen.stopped) endStopped(text, owner.pid);
    else stopped.delete(text);
    return false;
  },

  end: (): void => void process.kill(process.pid, 'SIGKILL'),
};

function endStopped(text: string, pid: number): void {
  const since = stopped.get(text) ?? Date.now();
  stopped.set(text, since);
  if (Date.now() - since < STOPPED_MS) return;
  stopped.delete(text);
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended, or we may not kill it. Then its leases expire.
  }
}
