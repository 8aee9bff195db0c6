import { plain } from '../processes/text.ts';

/** A coding agent cannot work for now. `until`: when it says that it can again, in ISO 8601. */
export interface NotNow {
  because: string;
  until?: string | undefined;
}

interface Kind {
  /** What people read before the program's own words. */
  is: string;
  words: RegExp;
  statuses?: readonly number[];
}

/** How people read that a program must be signed in. */
export const SIGNED_OUT = 'It is signed out';

/** The first kind that fits applies. The words are those of Codex, OpenCode, Gemini, Claude Code, and their providers. */
const KINDS: readonly Kind[] = [
  {
    is: 'It has no credit left',
    statuses: [402],
    words:
      /insufficient[_ ](?:quota|credit|funds|balance)|credit balance is too low|payment required|billing_error|check your plan and billing|billing[_ ](?:hard[_ ]limit|not[_ ]active)|out of (?:extra )?credits/i,
  },
  {
    is: 'Its usage limit is reached',
    words:
      /usage[_ ]limit|(?:session|weekly|daily|hourly|5-hour|opus|sonnet) limit (?:is )?reached|hit your .{0,40}limit|quota (?:is )?exceeded|exceeded your (?:current )?quota|resource[_ ]exhausted|exhausted your (?:\w+ )?(?:capacity|quota)/i,
  },
  {
    is: SIGNED_OUT,
    statuses: [401, 403],
    words:
      /\b401\b.{0,20}unauthori[sz]ed|\b403\b.{0,20}forbidden|status(?: code)?:? 40[13]\b|unauthori[sz]ed|authentication[_ ](?:error|failed|required)|not (?:logged|signed) in|(?:log|sign) ?in (?:required|again)|(?:please|to) (?:run .{0,40})?(?:log|sign) ?in\b|run \/login|invalid[_ ](?:x-)?api[_ -]?key|(?:incorrect|missing|no) api[_ -]?key|api[_ -]?key (?:not (?:valid|found|set)|is (?:invalid|missing|not set|required))|(?:oauth |access |refresh )?token (?:has |is )?(?:expired|revoked|invalid)|permission_error|oauth_org_not_allowed|invalid[_ ]grant|set an auth method/i,
  },
  {
    is: 'It does not know its model',
    words:
      /model\b.{0,120}(?:does not exist|not found|is not (?:supported|available)|you do not have access)|model_?not_?found|(?:unknown|invalid|unsupported) model|not_found_error.{0,40}model|no model ".*"/i,
  },
  {
    is: 'Its model is overloaded',
    statuses: [429, 503, 529],
    words:
      /\b(?:429|529)\b|too many requests|rate[_ -]?limit|overloaded|at capacity|\b503\b.{0,40}(?:unavailable|overload)|status(?: code)?:? 503\b|service (?:is )?(?:temporarily )?unavailable|server is busy/i,
  },
  {
    is: 'Its provider cannot be reached',
    statuses: [502, 504],
    words:
      /\b(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE)\b|(?:cannot|unable to|failed to|could not) connect|connection (?:refused|reset|error)|error sending request|waiting for network|network (?:error|is unreachable)|fetch failed|getaddrinfo|socket hang up|stream disconnected|status(?: code)?:? 50[24]\b|bad gateway|gateway time-?out/i,
  },
];

/** The number of characters of the program's own words that people read. */
const SHOWN = 300;

/**
 * Whether a program's error means that it cannot work for now, by its words and its provider's HTTP status. `retryAfter` is
 * the header of that name: seconds, or a date. The text must be an error, not an answer of the model.
 */
export function notNowIn(
  text: string,
  status?: number | undefined,
  retryAfter?: string | number | undefined,
  now = new Date(),
): NotNow | undefined {
  const words = plain(text).replace(/\s+/g, ' ').trim();
  const kind = KINDS.find((each) => each.words.test(words)) ?? byStatus(status, words);
  if (!kind) return undefined;
  const until = untilOf(words, retryAfter, now);
  const shown = words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words;
  return {
    because: shown === '' ? `${kind.is}.` : `${kind.is}: ${shown}`,
    ...(until && until > now && { until: until.toISOString() }),
  };
}

function byStatus(status: number | undefined, words: string): Kind | undefined {
  if (status === 404 && /model/i.test(words)) return KINDS.find(({ is }) => is.includes('know its model'));
  return status === undefined ? undefined : KINDS.find(({ statuses }) => statuses?.includes(status));
}

/** The longest time in the future that is believed. A later one is a misunderstanding. */
const FURTHEST_MS = 40 * 86_400_000;

function untilOf(words: string, retryAfter: string | number | undefined, now: Date): Date | undefined {
  const found =
    headerTime(retryAfter, now) ?? duration(words, now) ?? epoch(words) ?? isoTime(words) ?? clock(words, now);
  if (!found || Number.isNaN(found.getTime())) return undefined;
  return found.getTime() - now.getTime() > FURTHEST_MS ? undefined : found;
}

function headerTime(retryAfter: string | number | undefined, now: Date): Date | undefined {
  if (retryAfter === undefined || retryAfter === '') return undefined;
  const seconds = Number(retryAfter);
  if (Number.isFinite(seconds)) return new Date(now.getTime() + seconds * 1_000);
  const date = new Date(retryAfter);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const AMOUNT = String.raw`\d+(?:\.\d+)?\s*(?:milliseconds?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)\b`;
const DURATION = new RegExp(
  String.raw`(?:(?:try again|retry|retrying|resets?|available|reset) (?:in|after)|retry[-_ ]?(?:after|delay)["':= ]*)\s*"?((?:${AMOUNT}[\s,]*(?:and )?)+|\d+(?:\.\d+)?(?![\d:.]|\s*(?:am|pm)))`,
  'i',
);

/** "try again in 5s", "reset after 20h5m", `"retryDelay": "34s"`, "retry-after: 3600". A bare number means seconds. */
function duration(words: string, now: Date): Date | undefined {
  const [, amounts = ''] = DURATION.exec(spaced(words)) ?? [];
  if (amounts === '') return undefined;
  const parts = [...amounts.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)/gi)];
  const ms = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * msOf(unit.toLowerCase()), 0);
  return new Date(now.getTime() + ms);
}

/** "20h5m" as "20h 5m", so that each unit ends at a word's end. */
const spaced = (words: string): string => words.replace(/(\d)(ms|[smhd])(?=\d)/gi, '$1$2 ');

const msOf = (unit: string): number =>
  unit === '' ? 1_000 : (UNITS[/^(?:ms|milli)/.test(unit) ? 'ms' : unit.charAt(0)] ?? 1_000);

/** `usage limit reached|1764300000`, `"resets_at": 1764300000`: seconds or milliseconds since 1970. */
function epoch(words: string): Date | undefined {
  const [, number] = /(?:\||resets?_?at["':= ]*)\s*(\d{10}(?:\d{3})?)\b/i.exec(words) ?? [];
  return number === undefined ? undefined : new Date(Number(number) * (number.length === 10 ? 1_000 : 1));
}

function isoTime(words: string): Date | undefined {
  const [time] = /\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)/.exec(words) ?? [];
  return time === undefined ? undefined : new Date(time);
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CLOCK =
  /(?:try again|resets?|available(?: again)?)(?: at| on)?:? (?:(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* (\d{1,2})(?:st|nd|rd|th)?,? (?:(\d{4}),? )?(?:at )?)?(\d{1,2})(?::(\d\d))?\s*(am|pm)?/i;

/**
 * "try again at 2:06 AM", "try again at Dec 3rd, 2026 4:05 PM", "resets 3pm": in this machine's time zone, as the program
 * means it. A time without a date is the next such time.
 */
function clock(words: string, now: Date): Date | undefined {
  const [, month, day, year, hours, minutes, half] = CLOCK.exec(words) ?? [];
  if (hours === undefined || (minutes === undefined && half === undefined)) return undefined;
  const hour = (Number(hours) % (half ? 12 : 24)) + (half?.toLowerCase() === 'pm' ? 12 : 0);
  if (month !== undefined) {
    const dated = new Date(Number(year ?? now.getFullYear()), MONTHS.indexOf(month.toLowerCase()), Number(day), hour);
    dated.setMinutes(Number(minutes ?? 0));
    return dated;
  }
  const next = new Date(now);
  next.setHours(hour, Number(minutes ?? 0), 0, 0);
  if (next <= now) next.setDate(next.getDate() + 1);
  return next;
}
