import { Context, heartbeat } from '@temporalio/activity';
import { retried } from './retrying.ts';

/**
 * How often a working activity says that its worker lives, in milliseconds. Each beat is a transaction of the server's:
 * where many are at work, such as jobs that take an hour, all of them have so many beats per second.
 */
const BEAT_MS = 1_000;
const BEATS_PER_SECOND = 20;
/** The SDK's own limit is four fifths of what the server waits. */
const AT_MOST = 2 / 3;

let working = 0;
/** How long from one beat to the next, as many as are at work: at most two thirds of what the server waits for one. */
export const beatMs = (waitsMs = 10_000, many = working) =>
  Math.min(waitsMs * AT_MOST, Math.max(BEAT_MS, (many / BEATS_PER_SECOND) * 1_000));

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
        const pause = () => beatMs(context.info.heartbeatTimeoutMs);
        let clock: NodeJS.Timeout;
        const beat = () => {
          context.heartbeat(told.get(context));
          clock = setTimeout(beat, pause());
        };
        working += 1;
        clock = setTimeout(beat, pause());
        try {
          return await work(...question);
        } catch (failure) {
          const { thrown, details } = await retried(context, failure, told.get(context));
          if (details !== undefined) context.heartbeat(details); // the next attempt is to know
          throw thrown;
        } finally {
          clearTimeout(clock);
          working -= 1;
        }
      },
    ],
  );
  return Object.fromEntries(beating) as Record;
}

const told = new WeakMap<Context, unknown>();

/** Tells how far the work is: shown in the Web UI, with the next beat at the latest, and known to the next attempt. */
export function tell(progress: unknown): void {
  const context = Context.current();
  told.set(context, progress);
  if (beatMs(context.info.heartbeatTimeoutMs) === BEAT_MS) heartbeat(progress);
}
