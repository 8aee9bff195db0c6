import {
  CredentialsRefused,
  ForgeUnavailable,
  NotThere,
  PermissionMissing,
  RateLimited,
  Refused,
  type ForgeFailure,
} from './failures.ts';

/** An answer of a forge that is no success. */
export interface BadAnswer {
  /** The name of the forge, as in `GitHub`. */
  vendor: string;
  /** The call, as in `GET /repos/acme/shop`. It contains no credentials. */
  call: string;
  status: number;
  headers: Headers;
  /** The body as text. */
  text: string;
  /** What the call needs, if the forge says so. */
  needs?: string | undefined;
  /** Whether the answer should have been JSON. */
  json: boolean;
}

/** The longest text of a forge that goes into a message, in characters. */
const MOST_WORDS = 300;
/** What a secondary rate limit costs at least, in milliseconds. */
const SECONDARY_MS = 60_000;
const LIMIT_WORDS = /rate limit|abuse detection|too many requests/i;

/** What an answer means that is no success. It means the same for every method. */
export function failureOf(answer: BadAnswer): ForgeFailure {
  const { vendor, call, status, headers, text, needs, json } = answer;
  const words = wordsOf(text);
  const said = words === '' ? '' : `: ${words}`;
  const limited = limitedMs(answer);
  if (limited !== undefined) {
    return new RateLimited(`${vendor} limits our calls for ${Math.ceil(limited / 1_000)} s.`, {
      retryAfterMs: limited,
    });
  }
  if (status >= 500 || status === 408 || status < 400)
    return new ForgeUnavailable(`${vendor} answers ${status} to ${call}${said}`);
  // The page of a proxy, say. Whatever its status is, the forge has not said it.
  if (json && isPage(headers, text))
    return new ForgeUnavailable(`${vendor} answers ${call} with a page instead of JSON (${status}).`);
  if (status === 401) return new CredentialsRefused(`${vendor} refuses our credentials (401)${said}`);
  if (status === 403) {
    const need = needs === undefined ? '' : ` It needs ${needs}.`;
    return new PermissionMissing(`We may not ${call} at ${vendor} (403)${ended(said)}${need}`);
  }
  if (status === 404 || status === 410 || status === 423) {
    const because = status === 423 ? 'is archived or locked' : 'is not there, or not visible to us';
    return new NotThere(`What ${call} asks of ${vendor} ${because} (${status})${said}`);
  }
  return new Refused(`${vendor} refuses ${call} (${status})${said}`, status, words);
}

/**
 * How long calls must wait, in milliseconds, if an answer says that they are limited. A 403 may be a rate limit too, and
 * sometimes only its text says so.
 */
export function limitedMs({
  status,
  headers,
  text,
}: Pick<BadAnswer, 'status' | 'headers' | 'text'>): number | undefined {
  if (status !== 429 && status !== 403) return undefined;
  const after = retryAfterMs(headers);
  const usedUp = headers.get('x-ratelimit-remaining') === '0';
  const isNamed = LIMIT_WORDS.test(wordsOf(text));
  if (status === 403 && after === undefined && !usedUp && !isNamed) return undefined;
  if (after !== undefined) return isNamed && /secondary/i.test(text) ? Math.max(after, SECONDARY_MS) : after;
  const reset = usedUp ? resetMs(headers) : undefined;
  return reset ?? SECONDARY_MS;
}

/** Until the rate limit is reset, in milliseconds, by the forge's own clock. */
export function resetMs(headers: Headers): number | undefined {
  const reset = Number(headers.get('x-ratelimit-reset') ?? NaN) * 1_000;
  const date = Date.parse(headers.get('date') ?? '');
  const ms = reset - (Number.isNaN(date) ? Date.now() : date);
  return Number.isNaN(ms) ? undefined : Math.max(1_000, ms);
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(headers: Headers): number | undefined {
  const after = headers.get('retry-after');
  if (after === null || after.trim() === '') return undefined;
  const ms = /^\d+$/.test(after.trim()) ? Number(after) * 1_000 : Date.parse(after) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(1_000, ms);
}

/** The forge's own words in a body: its message, and the messages of its errors. */
export function wordsOf(text: string): string {
  const body = parsed(text);
  if (typeof body !== 'object' || body === null) return isMarkup(text) ? '' : short(text);
  const { message, errors } = body as { message?: unknown; errors?: unknown };
  const more = Array.isArray(errors) ? errors.map(wordsOfError) : [];
  return short([message, ...more].filter((each) => typeof each === 'string' && each !== '').join(' '));
}

function wordsOfError(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return error;
  const { message, field, code } = error as Record<string, unknown>;
  return message ?? [field, code].filter((each) => typeof each === 'string').join(' ');
}

/** The JSON of a text. Undefined if it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const isMarkup = (text: string) => text.trimStart().startsWith('<');
const isPage = (headers: Headers, text: string) =>
  isMarkup(text) || (headers.get('content-type') ?? '').includes('text/html');
const ended = (said: string) => (/[.!?]$/.test(said) ? said : `${said}.`);
const short = (text: string) => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > MOST_WORDS ? `${line.slice(0, MOST_WORDS)}…` : line;
};
