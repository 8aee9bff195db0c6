import type { z } from 'zod';
import { failureOf, limitedMs, parsed, type BadAnswer } from './answers.ts';
import { isEmpty, isRaw, pathOf, plain, reasonOf, skewOf, textOf } from './bodies.ts';
import { EtagCache } from './etags.ts';
import { CredentialsRefused, ForgeFailure, ForgeUnavailable, RateLimited } from './failures.ts';
import { Waits, type Clock } from './waits.ts';

/** How long one call may take, its redirects and its body included, in milliseconds. */
const TIMEOUT_MS = 30_000;
const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 307, 308];
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];

export interface TransportOptions {
  /** The name of the forge for people, as in `GitHub`. */
  vendor: string;
  /** In milliseconds. */
  timeoutMs?: number;
  /** What a refused call needs, if the forge says so in its answer. */
  needs?: (headers: Headers) => string | undefined;
  /** Default: the system's. */
  clock?: Clock;
}

/** On whose behalf a call is made, and what may be answered. */
export interface Calling {
  /**
   * A name of the credentials in use, such as `token` or `installation 17`. Calls with the same name share their waits.
   * It is no secret.
   */
  as: string;
  /** Statuses that are answers and no failures, such as 404 where something may be missing. */
  expected?: readonly number[] | undefined;
  signal?: AbortSignal | undefined;
}

export interface Asking extends Calling {
  method: string;
  url: string;
  headers?: Record<string, string> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  /** `text`: the answer need not be JSON. Default: `json`. */
  read?: 'json' | 'text' | undefined;
  /** Follows redirects only within the same host and port, because the body has a secret. */
  stay?: boolean | undefined;
}

/** An answer that is no failure: a success, or an expected status. */
export interface Answer {
  status: number;
  headers: Headers;
  /** The parsed JSON, or the text. Undefined: no content. */
  body: unknown;
}

/** How often a method of HTTP was answered with a status. 0: no answer. */
export interface Count {
  method: string;
  status: number;
  count: number;
}

/**
 * Calls to the API of one forge: time limits, redirects, conditional requests, rate limits, and what an answer means. Nothing
 * is repeated here, because whoever asks is retried.
 */
export class Transport {
  private readonly waits: Waits;
  private readonly etags = new EtagCache();
  private readonly counted = new Map<string, Count>();
  private readonly closing = new AbortController();
  private skew = 0;

  constructor(private readonly options: TransportOptions) {
    this.waits = new Waits(options.clock);
  }

  /**
   * A `fetch` for a library that makes the requests. It throws a failure of `failures.ts` for what is neither a success nor
   * expected.
   */
  fetchFor(calling: Calling): typeof fetch {
    return (input, init) => this.fetch(input instanceof Request ? input.url : String(input), init ?? {}, calling);
  }

  /** One call. It throws a failure of `failures.ts` for what is neither a success nor expected. */
  async ask({ method, url, headers = {}, body, read = 'json', stay = false, ...calling }: Asking): Promise<Answer> {
    const response = await this.fetch(
      url,
      {
        method,
        headers: {
          accept: read === 'json' ? 'application/json' : '*/*',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        redirect: stay ? 'error' : 'follow',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
      calling,
    );
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: read === 'json' ? parsed(text) : text };
  }

  /** Checks a body. One that does not fit is a transient failure. `call`: what was asked, for people. */
  fitting<Of>(schema: z.ZodType<Of>, body: unknown, call: string): Of {
    const { data, error } = schema.safeParse(body);
    if (!error) return data;
    const { path = [], message = '' } = error.issues[0] ?? {};
    const where = path.length === 0 ? 'it' : path.join('.');
    throw new ForgeUnavailable(`${this.options.vendor} answers ${call} in an unknown form: ${where}: ${message}`);
  }

  /** The credentials of this name have been replaced, so they are tried at once. */
  renewed(as: string): void {
    this.waits.forget(as);
  }

  /** What was left of the rate limit at the last answer. Undefined: the forge has not said. */
  left(as: string): { left: number; of: number; until: string } | undefined {
    return this.waits.left(as);
  }

  /** How far the forge's clock is ahead of ours, in milliseconds, as its last answer showed it. */
  get skewMs(): number {
    return this.skew;
  }

  /** What was left of the rate limit of each credentials at the last answer. */
  limits(): { as: string; left: number }[] {
    return this.waits.limits();
  }

  /** All calls so far, by method and status. */
  counts(): Count[] {
    return [...this.counted.values()].map((each) => ({ ...each }));
  }

  /** Ends the calls that are under way, and refuses new ones. */
  close(): void {
    this.closing.abort(new ForgeUnavailable('This worker is stopping.'));
  }

  private async fetch(url: string, init: RequestInit, calling: Calling): Promise<Response> {
    const { as } = calling;
    const method = (init.method ?? 'GET').toUpperCase();
    const given = [calling.signal, init.signal].filter((each) => each instanceof AbortSignal);
    const timeout = AbortSignal.timeout(this.options.timeoutMs ?? TIMEOUT_MS);
    const signal = AbortSignal.any([...given, timeout, this.closing.signal]);
    const headers = new Headers(init.headers);
    const key = method === 'GET' ? `${as} ${headers.get('accept')} ${url}` : undefined;
    const known = key === undefined ? undefined : this.etags.get(key);
    if (known) headers.set('if-none-match', known.etag);
    const call = `${method} ${pathOf(url)}`;
    signal.throwIfAborted();
    await this.waits.before(as, { reads: method === 'GET', signal });
    try {
      const response = await this.follow(url, { ...init, method, headers, signal }, call);
      const text = await textOf(response, call, this.options.vendor);
      this.count(method, response.status);
      this.skew = skewOf(response.headers) ?? this.skew;
      return this.judge({ response, text, call, calling, json: !isRaw(headers), key });
    } catch (error) {
      throw this.failure(error, { method, call, timeout, given });
    }
  }

  /** Follows redirects with method and body. Credentials go to the same host and port only. */
  private async follow(first: string, init: RequestInit & { headers: Headers }, call: string): Promise<Response> {
    let url = first;
    const { origin } = new URL(first);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const response = await fetch(url, { ...init, redirect: 'manual' });
      const location = response.headers.get('location');
      if (!REDIRECTS.includes(response.status) || location === null || !URL.canParse(location, url)) return response;
      await response.body?.cancel();
      const next = new URL(location, url);
      [next.username, next.password] = ['', ''];
      if (!/^https?:$/.test(next.protocol)) return response;
      if (next.origin !== origin) {
        if (init.redirect === 'error') throw this.unavailable(`${call} is redirected to another host, ${next.host}.`);
        for (const name of CREDENTIALS) init.headers.delete(name);
        init.headers.delete('if-none-match');
      }
      url = next.href;
    }
    throw this.unavailable(`${call} is redirected more than ${MOST_REDIRECTS} times.`);
  }

  private judge(given: {
    response: Response;
    text: string;
    call: string;
    calling: Calling;
    json: boolean;
    key: string | undefined;
  }): Response {
    const { response, text, call, json, key } = given;
    const { as, expected = [] } = given.calling;
    const { status, headers } = response;
    const known = status === 304 && key !== undefined ? this.etags.get(key) : undefined;
    if (status < 500 && status !== 401) this.waits.after(as, headers, { free: status === 304 });
    if (known) return known.again(headers);
    const limited = limitedMs({ status, headers, text }) !== undefined;
    if (response.ok || (expected.includes(status) && status !== 401 && !limited)) {
      if (json && text !== '' && parsed(text) === undefined)
        throw this.unavailable(`The answer to ${call} is no JSON.`);
      if (response.ok && key !== undefined) this.etags.keep(key, headers, text);
      return new Response(isEmpty(status) ? null : text, { status, headers: plain(headers) });
    }
    const needs = this.options.needs?.(headers);
    const bad: BadAnswer = { vendor: this.options.vendor, call, status, headers, text, needs, json };
    const failure = failureOf(bad);
    if (failure instanceof RateLimited) this.waits.limit(as, failure);
    throw failure instanceof CredentialsRefused ? this.waits.refuse(as, failure) : failure;
  }

  private failure(
    error: unknown,
    { method, call, timeout, given }: { method: string; call: string; timeout: AbortSignal; given: AbortSignal[] },
  ): unknown {
    if (error instanceof ForgeFailure) return error;
    if (given.some(({ aborted }) => aborted)) return error;
    this.count(method, 0);
    if (this.closing.signal.aborted) return this.closing.signal.reason;
    if (timeout.aborted) return this.unavailable(`No answer to ${call} in time.`, error);
    return this.unavailable(`No answer to ${call}: ${reasonOf(error)}.`, error);
  }

  private unavailable(message: string, cause?: unknown): ForgeUnavailable {
    return new ForgeUnavailable(`${this.options.vendor}: ${message}`, { cause });
  }

  private count(method: string, status: number): void {
    const key = `${method} ${status}`;
    const { count } = this.counted.get(key) ?? { count: 0 };
    this.counted.set(key, { method, status, count: count + 1 });
  }
}
