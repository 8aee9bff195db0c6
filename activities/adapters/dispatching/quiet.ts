import { Temporal } from '@js-temporal/polyfill';
import type { Person, Quiet } from '../configuration/schema.ts';

/**
 * When the quiet hours end in which a time lies, in milliseconds since 1970. Undefined: it lies in none. A time of day that
 * the zone skips is as much later as it skips, and of one that comes twice, the first counts.
 */
export function quietUntil({ from, to, zone }: Quiet, now: number): number | undefined {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate();
  const days = to > from ? 0 : 1;
  for (const day of [today.subtract({ days: 1 }), today]) {
    const [begin, end] = [at(day, from, zone), at(day.add({ days }), to, zone)];
    if (begin <= now && now < end) return end;
  }
  return undefined;
}

/** The day for which a person's digest is due, as `2026-11-29`. Undefined: it is too early there. */
export function digestDay({ digest, quiet }: Pick<Person, 'digest' | 'quiet'>, now: number): string | undefined {
  if (digest === undefined) return undefined;
  const zone = quiet?.zone ?? 'UTC';
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate();
  return at(today, digest, zone) <= now ? today.toString() : undefined;
}

const at = (day: Temporal.PlainDate, time: string, timeZone: string): number =>
  day.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds;
