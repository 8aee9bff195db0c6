import { setTimeout as sleep } from 'node:timers/promises';
import { resetMs } from './answers.ts';
import { CredentialsRefused, RateLimited, type ForgeFailure } from './failures.ts';

/** Waits up to this are waited for in place, in milliseconds. For longer ones the error says when to ask again. */
const IN_PLACE_MS = 2_000;
/** Refused credentials are checked this often, in milliseconds: a busy forge may refuse good ones for a moment. */
const CHECK_MS = { first: 5_000, later: 60_000 };
/** How long the first pace lasts, in milliseconds. */
const FIRST_MS = 30_000;
/** The part of our share of the rate limit that may be used at once. The rest is spread until the reset. */
const BURST = 0.25;
/** Forges round the time of a reset, so that it varies by some seconds within one window. In milliseconds. */
const SAME_RESET_MS = 10_000;

/** In milliseconds. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};

/** A window of the rate limit, and our share of it: half of what was left. Times in milliseconds. */
interface Window {
  since: number;
  until: number;
  of: number;
  left: number;
  spent: number;
  most: number;
}

/**
 * Which calls must wait. All calls with the same credentials wait together: for a rate limit until it is over, and for
 * refused credentials until they are checked again. Reading calls never use more than half of what the limit leaves.
 */
export class Waits {
  private readonly held = new Map<string, { until: number; failure: ForgeFailure }>();
  private readonly refused = new Map<string, { since: number; until: number; message: string }>();
  private readonly windows = new Map<string, Window>();

  constructor(private readonly clock: Clock = systemClock) {}

  /** Throws if calls with these credentials must wait for more than a moment. `reads`: the call changes nothing. */
  async before(credentials: string, { reads, signal }: { reads: boolean; signal?: AbortSignal }): Promise<void> {
    const held = this.held.get(credentials);
    if (held) await this.pause(held.until - this.clock.now(), (ms) => this.again(held.failure, ms), signal);
    this.check(credentials);
    const window = this.windowOf(credentials);
    if (!window) return;
    const paced = (ms: number) =>
      new RateLimited('We use at most half of what the rate limit leaves, and our half is used up for now.', {
        retryAfterMs: ms,
      });
    if (reads) await this.pause(dueAt(window) - this.clock.now(), paced, signal);
    window.spent += 1;
  }

  /** Notes what an answer says of the limit. `free`: it did not count. */
  after(credentials: string, headers: Headers, { free }: { free: boolean }): void {
    this.refused.delete(credentials);
    const [of, left] = ['limit', 'remaining'].map((name) => Number(headers.get(`x-ratelimit-${name}`) ?? NaN));
    const ms = resetMs(headers);
    const window = this.windowOf(credentials);
    if (free && window) window.spent -= 1;
    if (ms === undefined || Number.isNaN(of) || Number.isNaN(left)) return;
    const [now, half] = [this.clock.now(), Math.floor(left! / 2)];
    if (!window || Math.abs(window.until - (now + ms)) > SAME_RESET_MS) {
      this.windows.set(credentials, { since: now, until: now + ms, of: of!, left: left!, spent: 0, most: half });
    } else {
      // Others may use the same credentials.
      Object.assign(window, { of, left, most: Math.min(window.most, window.spent + half) });
    }
  }

  /** The rate limit is used up. */
  limit(credentials: string, failure: ForgeFailure): void {
    const until = this.clock.now() + (failure.retryAfterMs ?? 0);
    if (until > (this.held.get(credentials)?.until ?? 0)) this.held.set(credentials, { until, failure });
  }

  /** The credentials were refused. Returns the failure that says when they are checked again. */
  refuse(credentials: string, { message }: CredentialsRefused): CredentialsRefused {
    const now = this.clock.now();
    const since = this.refused.get(credentials)?.since ?? now;
    const every = now - since < FIRST_MS ? CHECK_MS.first : CHECK_MS.later;
    this.refused.set(credentials, { since, until: now + every, message });
    return new CredentialsRefused(message, { retryAfterMs: every });
  }

  /** The credentials have been replaced. */
  forget(credentials: string): void {
    this.refused.delete(credentials);
  }

  /** What was left of the rate limit at the last answer. */
  left(credentials: string): { left: number; of: number; until: string } | undefined {
    const window = this.windowOf(credentials);
    return window && { left: window.left, of: window.of, until: new Date(window.until).toISOString() };
  }

  /** The same of all credentials in use whose limit is known and not over. */
  limits(): { as: string; left: number }[] {
    return [...this.windows.keys()].flatMap((as) => {
      const window = this.windowOf(as);
      return window ? [{ as, left: window.left }] : [];
    });
  }

  /** One call at a time finds out whether refused credentials are good again. */
  private check(credentials: string): void {
    const refused = this.refused.get(credentials);
    if (!refused) return;
    const now = this.clock.now();
    if (refused.until > now) throw new CredentialsRefused(refused.message, { retryAfterMs: refused.until - now });
    refused.until = now + (now - refused.since < FIRST_MS ? CHECK_MS.first : CHECK_MS.later);
  }

  private windowOf(credentials: string): Window | undefined {
    const window = this.windows.get(credentials);
    if (window && window.until <= this.clock.now()) this.windows.delete(credentials);
    return this.windows.get(credentials);
  }

  private async pause(ms: number, failure: (ms: number) => ForgeFailure, signal?: AbortSignal): Promise<void> {
    if (ms <= 0) return;
    if (ms > IN_PLACE_MS) throw failure(ms);
    await this.clock.sleep(ms, signal);
  }

  private again({ message }: ForgeFailure, retryAfterMs: number): RateLimited {
    return new RateLimited(message, { retryAfterMs });
  }
}

/** When the next reading call is due. */
function dueAt({ since, until, spent, most }: Window): number {
  if (most < 1 || spent >= most) return until;
  const beyond = (spent + 1) / most - BURST;
  return beyond <= 0 ? since : since + (beyond / (1 - BURST)) * (until - since);
}
