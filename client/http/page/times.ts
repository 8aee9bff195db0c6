const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A duration in two units at most, such as `1 h 23 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return 'less than 1 s';
  if (ms < MINUTE_MS) return `${Math.floor(ms / 1_000)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) return two(ms, [HOUR_MS, 'h'], [MINUTE_MS, 'min']);
  return two(ms, [DAY_MS, 'd'], [HOUR_MS, 'h']);
}

function two(ms: number, [large, largeName]: [number, string], [small, smallName]: [number, string]): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
}

/** How long ago a time was, or when it comes. */
export function fromNow(at: string, now: number): string {
  const ms = now - Date.parse(at);
  if (!Number.isFinite(ms)) return '';
  if (Math.abs(ms) < MINUTE_MS) return ms < 0 ? 'in less than a minute' : 'just now';
  return ms < 0 ? `in ${duration(-ms)}` : `${duration(ms)} ago`;
}

/** A time as people read it in a log, in UTC: `11-29 06:20`. */
export const clock = (at: string): string => at.replace(/^\d{4}-(\d\d-\d\d)T(\d\d:\d\d).*$/, '$1 $2');

/** Milliseconds between two times. An end that is missing is now. */
export const between = (start: string, end: string | undefined, now: number): number =>
  Math.max(0, (end === undefined ? now : Date.parse(end)) - Date.parse(start));
