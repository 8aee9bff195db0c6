/** Why a program cannot work for now. */
export interface Unavailable {
  because: string;
  /** When it can again, as far as it says so, in ISO 8601. */
  until?: string | undefined;
  /** Often over within a minute. A program that tries again by itself is ended only after a few times. */
  heals?: boolean | undefined;
}

/** Words and codes with which coding agents and their providers say that they cannot work for now. */
const RULES: { because: string; words: RegExp; heals?: boolean }[] = [
  {
    because: 'usage limit reached',
    words: /usage[ _]limit|hit your (?:\w+ )?limit|limit reached\b.*\bresets?\b|\b5-hour limit|out of extra usage/i,
  },
  {
    because: 'no credit',
    words:
      /insufficient[_ ]quota|quota exceeded|exceeded your current quota|check your plan and billing|credit balance is too low|payment required|billing[_ ](?:error|hard_limit)|insufficient (?:balance|credits?)|\bstatus(?:Code"?)?:? 402\b/i,
  },
  {
    because: 'overloaded',
    words:
      /\b(?:429|529)\b|too many requests|rate[_ -]?limit|overloaded|at capacity|resource[_ ](?:has been )?exhausted|no capacity available/i,
  },
  {
    because: 'signed out',
    words:
      /\b401\b|\b403\b|unauthorized|invalid (?:x-)?api[_ -]?key|incorrect api key|authentication[_ ](?:error|failed)|not logged in|please (?:run )?\/?log ?in|(?:oauth )?token (?:has )?expired|api key not (?:found|valid)|must specify the .*API_KEY|set an auth method|api key is missing|permission_error/i,
  },
  {
    because: 'model unknown',
    words:
      /model\b.{0,80}(?:does not exist|not found|is not supported|not available)|model_not_found|ModelNotFound|not_found_error|may not (?:exist|have access)|unknown model/i,
  },
  { because: 'provider unreachable', words: /waiting for network|ENOTFOUND|ECONNREFUSED|getaddrinfo/i },
  {
    because: 'overloaded',
    words:
      /high demand|internal server error|internal_server_error|server had an error|\b50[0234]\b|service unavailable|bad gateway/i,
    heals: true,
  },
  {
    because: 'provider unreachable',
    words:
      /stream (?:disconnected|closed)|error sending request|cannot connect to api|unable to connect|connection (?:error|reset|refused|closed)|ECONNRESET|ETIMEDOUT|socket (?:hang up|connection)|network error|fetch failed|JSON parsing failed|terminated|premature close/i,
    heals: true,
  },
];

export interface Context {
  /** More of what the program said, which is too long for a reason. */
  details?: string | undefined;
  /** What the provider's `retry-after` says: seconds, or a date. */
  retryAfter?: string | undefined;
  now?: number;
}

/** Whether these words of a program say that it cannot work for now, and why. */
export function unavailable(
  words: string,
  { details = '', retryAfter, now = Date.now() }: Context = {},
): Unavailable | undefined {
  const all = `${words} ${details}`;
  const rule = RULES.find(({ words: known }) => known.test(all));
  if (!rule) return undefined;
  const until = timeOf(retryAfter, now) ?? timeIn(all, now);
  return {
    because: `${rule.because}: ${oneLine(words)}`,
    ...(until !== undefined && { until }),
    ...(rule.heals && { heals: true }),
  };
}

const oneLine = (words: string): string => words.replace(/\s+/g, ' ').trim().slice(0, 300);

const iso = (time: number): string | undefined =>
  Number.isFinite(time) && Math.abs(time) < 8.64e15 ? new Date(time).toISOString() : undefined;

function timeOf(retryAfter: string | undefined, now: number): string | undefined {
  if (retryAfter === undefined || retryAfter.trim() === '') return undefined;
  return /^\d+(?:\.\d+)?$/.test(retryAfter.trim())
    ? iso(now + Number(retryAfter) * 1_000)
    : iso(Date.parse(retryAfter));
}

const UNITS: [RegExp, number][] = [
  [/(\d+)\s*d(?:ays?)?\b/i, 86_400_000],
  [/(\d+)\s*h(?:ours?|r|rs)?\b/i, 3_600_000],
  [/(\d+)\s*m(?:in(?:ute)?s?)?\b/i, 60_000],
  [/(\d+(?:\.\d+)?)\s*s(?:ec(?:ond)?s?)?\b/i, 1_000],
];
const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/**
 * The time that the words name: seconds since 1970, ISO 8601, "in 3 hours 5 minutes", or a time of day of this machine's
 * zone, with or without a date.
 */
function timeIn(words: string, now: number): string | undefined {
  const seconds = /(?:reached\||resets?_?at"?[:=]\s*)(\d{10})\b/i.exec(words)?.[1];
  if (seconds !== undefined) return iso(Number(seconds) * 1_000);
  const stamp = /\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)/.exec(words)?.[0];
  if (stamp !== undefined) return iso(Date.parse(stamp));
  const duration =
    /(?:again|retry|resets?(?: after)?|reset after) (?:in )?((?:\d+(?:\.\d+)?\s*[a-z]+[\s,]*(?:and )?)+)/i.exec(
      words,
    )?.[1];
  if (duration !== undefined) {
    const span = UNITS.reduce((sum, [unit, length]) => sum + Number(unit.exec(duration)?.[1] ?? 0) * length, 0);
    if (span > 0) return iso(now + span);
  }
  return timeOfDay(words, now);
}

const TIME_OF_DAY =
  /(?:again|resets?)(?: at)? (?:(?<month>[A-Z][a-z]{2})[a-z]* (?<day>\d{1,2})(?:st|nd|rd|th)?,? (?:(?<year>\d{4}),? )?(?:at )?)?(?<hour>\d{1,2})(?::(?<minute>\d\d))? ?(?<half>[ap]m)\b/i;

function timeOfDay(words: string, now: number): string | undefined {
  const found = TIME_OF_DAY.exec(words)?.groups;
  if (!found) return undefined;
  const hour = (Number(found['hour']) % 12) + (/p/i.test(found['half'] ?? '') ? 12 : 0);
  const at = new Date(now);
  at.setHours(hour, Number(found['minute'] ?? 0), 0, 0);
  const month = found['month'] === undefined ? -1 : MONTHS.toLowerCase().indexOf(found['month'].toLowerCase());
  if (month >= 0) at.setFullYear(Number(found['year'] ?? at.getFullYear()), month / 3, Number(found['day']));
  else if (at.getTime() <= now) at.setDate(at.getDate() + 1);
  return iso(at.getTime());
}
