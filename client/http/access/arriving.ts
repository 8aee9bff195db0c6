import type { FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from '../problems.ts';
import { forged, secretIn } from './cookies.ts';
import { visitorOf, type People } from './page-callers.ts';
import type { Caller } from './permissions.ts';
import type { Tokens } from './tokens.ts';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
/** Probes and webhooks are answered under any name: probes know only an address, and webhooks are signed. */
const ANY_NAME = /^\/(?:healthz|readyz|webhooks\/)/;
/** A token in an address, which logs and histories of browsers would keep. */
const IN_ADDRESS = /[?&](?:access_)?token=|gatehouse_[\w-]{20}/i;
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

export interface Names {
  /** The host on which the door listens. */
  host: string;
  /** Where people reach it. */
  url: string | undefined;
  /** Whether a proxy in front of it may say who asks. */
  trustsProxy: boolean;
}

/**
 * Refuses requests that were not meant for us: under a foreign name, to which a page elsewhere has pointed its readers, from
 * a foreign page, and through a proxy that nobody has told us about.
 */
export function mustBeOurs({ host, url, trustsProxy }: Names) {
  const hosts = new Set([...LOOPBACK, host, ...(url === undefined ? [] : [new URL(url).hostname])]);
  const nameOf = (address: string) => (URL.canParse(address) ? new URL(address).hostname : undefined);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (ANY_NAME.test(request.url)) return undefined;
    const { headers } = request;
    if (IN_ADDRESS.test(request.url))
      return refuse(reply, {
        status: 400,
        code: 'token_in_address',
        detail: 'Logs keep addresses: send the token as a header.',
      });
    const name = nameOf(`http://${headers.host ?? ''}`);
    if (name === undefined || !hosts.has(name))
      return refuse(reply, { status: 403, code: 'host', detail: 'This host is not ours. See GATEHOUSE_URL.' });
    if (headers.origin !== undefined && !hosts.has(nameOf(headers.origin) ?? ''))
      return refuse(reply, { status: 403, code: 'origin', detail: 'This page is not ours.' });
    const forwarded = trustsProxy ? undefined : FORWARDED.find((each) => headers[each] !== undefined);
    if (forwarded === undefined) return undefined;
    const detail = `The header ${forwarded} is refused, because GATEHOUSE_TRUST_PROXY names no proxy.`;
    return refuse(reply, { status: 400, code: 'forwarded', detail });
  };
}

const callers = new WeakMap<FastifyRequest, Caller>();

/** Who makes the request, found before its handler runs. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (!caller) throw new Error('A route without sign-in asked for its caller.');
  return caller;
}

/**
 * Finds out who makes a request: by its bearer token, or else by the session of the page, whose requests that change something
 * must also bring its token against forged ones. Answers 401 if nobody makes it.
 */
export const signIn =
  (tokens: Tokens, people: People) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { authorization } = request.headers;
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    const byToken = token === undefined ? undefined : await tokens.callerOf(token);
    const caller = authorization === undefined ? (await visitorOf(people, request))?.caller : byToken;
    if (!caller) {
      void reply.header('www-authenticate', 'Bearer');
      const detail = 'Send Authorization: Bearer with a token that is valid. Make one with: gatehouse token create';
      return refuse(reply, { status: 401, code: 'unauthenticated', detail });
    }
    callers.set(request, caller);
    if (authorization !== undefined || request.method === 'GET' || request.method === 'HEAD') return undefined;
    const because = forged(request, secretIn(request, people.url)!);
    return because === undefined ? undefined : refuse(reply, { status: 403, code: 'csrf', detail: because });
  };
