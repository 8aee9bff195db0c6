import { Context, heartbeat } from '@temporalio/activity';
import { retried } from './retrying.ts';

/**
 * How often a working activity heartbeats, in milliseconds. Each heartbeat is a transaction on the server, so where many
 * activities run, as with jobs that take an hour, all of them share this many heartbeats per second.
 */
const BEAT_MS = 1_000;
const BEATS_PER_SECOND = 20;
/** The longest interval, as a share of the heartbeat timeout. The SDK's own limit is four fifths. */
const AT_MOST = 2 / 3;

let working = 0;
/** The interval between heartbeats for this many running activities: at most two thirds of the heartbeat timeout. */
export const beatMs = (waitsMs = 10_000, many = working) =>
  Math.min(waitsMs * AT_MOST, Math.max(BEAT_MS, (many / BEATS_PER_SECOND) * 1_000));

/**
 * Makes every activity heartbeat while it works, so that its worker's death is noticed soon and it learns of its
 * cancellation. Details that an activity reports itself are repeated, not overwritten.
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
          context.heartbeat(reported.get(context));
          clock = setTimeout(beat, pause());
        };
        working += 1;
        clock = setTimeout(beat, pause());
        try {
          return await work(...question);
        } catch (failure) {
          const { thrown, details } = await retried(context, failure, reported.get(context));
          if (details !== undefined) context.heartbeat(details); // for the next attempt
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

const reported = new WeakMap<Context, unknown>();

/** Reports progress. The Web UI shows it with the next heartbeat, and the next attempt knows it. */
export function reportProgress(progress: unknown): void {
  const context = Context.current();
  reported.set(context, progress);
  if (beatMs(context.info.heartbeatTimeoutMs) === BEAT_MS) heartbeat(progress);
}
