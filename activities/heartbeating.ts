import { Context, heartbeat } from '@temporalio/activity';

/** How often a working activity says that its worker lives, in milliseconds; the SDK sends fewer of them. */
const BEAT_MS = 1_000;

/**
 * Every activity heartbeats while it works: so its worker's death is noticed soon, and so it hears that it is called
 * off. What an activity itself tells by heartbeat is told again, not overwritten.
 */
export function heartbeating<Record extends object>(activities: Record): Record {
  const beating = Object.entries(activities).map(
    ([name, work]: [string, (...question: unknown[]) => Promise<unknown>]) => [
      name,
      async (...question: unknown[]) => {
        const context = Context.current();
        const clock = setInterval(() => context.heartbeat(told.get(context)), BEAT_MS);
        try {
          return await work(...question);
        } finally {
          clearInterval(clock);
        }
      },
    ],
  );
  return Object.fromEntries(beating) as Record;
}

const told = new WeakMap<Context, unknown>();

/** Tells how far the work is: shown in the Web UI, and known to the next attempt. */
export function tell(progress: unknown): void {
  told.set(Context.current(), progress);
  heartbeat(progress);
}
