import { notNowIn, type NotNow } from '../not-now.ts';

/** What a program said of something that went wrong. */
export interface Trouble {
  words: string;
  /** More of it, which is too long for a reason. */
  details?: string | undefined;
  /** The provider's HTTP status, and its `retry-after`. */
  status?: number | undefined;
  retryAfter?: string | undefined;
}

/** Often over within a minute, so a program that tries again by itself may do so a few times. */
const HEALS =
  /high demand|internal server error|server_error|server had an error|\b50[024]\b|stream (?:disconnected|closed)|error sending request|connection (?:error|reset|closed)|(?:cannot|unable to) connect|ECONNRESET|ETIMEDOUT|socket|network error|fetch failed|JSON parsing failed|premature close/i;

/** Whether the words say that the program cannot work for now. `heals`: perhaps it can within a minute. */
export function unavailable(trouble: Trouble, now = new Date()): (NotNow & { heals: boolean }) | undefined {
  const { words, details = '', status, retryAfter } = trouble;
  const all = `${words} ${details}`;
  const [said, meant] = [notNowIn(words, status, retryAfter, now), notNowIn(all, status, retryAfter, now)];
  const because =
    said?.because ?? (meant || HEALS.test(all) ? `Its provider does not answer: ${oneLine(words)}` : undefined);
  if (because === undefined) return undefined;
  const until = said?.until ?? meant?.until;
  const isKnown = /usage limit|no credit|signed out|know its model/.test(because);
  return { because, ...(until !== undefined && { until }), heals: !isKnown && HEALS.test(all) };
}

/** A program that tries again by itself is ended after so many troubles in a row that often heal. */
const TROUBLES = 4;

/** Decides when a program that tries again by itself cannot work for now. */
export class TroubleCounter {
  private troubles = 0;

  /** It works. */
  reset(): void {
    this.troubles = 0;
  }

  /** What it said went wrong, if that is reason enough to end it. */
  after(trouble: Trouble): NotNow | undefined {
    const unknown = { because: `Its provider does not answer: ${oneLine(trouble.words)}`, heals: true };
    const { heals, ...notNow } = unavailable(trouble) ?? unknown;
    return heals && (this.troubles += 1) < TROUBLES ? undefined : notNow;
  }
}

export const oneLine = (words: string): string => words.replace(/\s+/g, ' ').trim().slice(0, 300);
