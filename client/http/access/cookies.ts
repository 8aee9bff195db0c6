import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LASTS_MS } from './sign-ins.ts';

/**
 * The names of the session's cookie. Browsers take a `__Host-` cookie over TLS only, so that nobody on the way, and no other
 * host of the domain, can set it. Over plain HTTP, on this machine, it has no such protection.
 */
const NAMES = { secure: '__Host-gatehouse', plain: 'gatehouse' };

/** Whether the browser reached us over TLS, as far as we or `GATEHOUSE_URL` know. */
export function isSecure(request: FastifyRequest, url: string | undefined): boolean {
  if (request.protocol === 'https') return true;
  return url !== undefined && new URL(url).protocol === 'https:' && request.headers.host === new URL(url).host;
}

const nameOf = (secure: boolean) => (secure ? NAMES.secure : NAMES.plain);

/** The secret of the session that a request brings. */
export const secretIn = (request: FastifyRequest, url: string | undefined): string | undefined =>
  request.cookies[nameOf(isSecure(request, url))] || undefined;

/** Gives the browser a session, until it is closed or the session ends. */
export function giveSession(
  request: FastifyRequest,
  reply: FastifyReply,
  url: string | undefined,
  secret: string,
): void {
  const secure = isSecure(request, url);
  void reply.setCookie(nameOf(secure), secret, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure,
    maxAge: LASTS_MS.most / 1_000,
  });
}

/** Takes the session from the browser. */
export function takeSession(request: FastifyRequest, reply: FastifyReply, url: string | undefined): void {
  const secure = isSecure(request, url);
  void reply.clearCookie(nameOf(secure), { path: '/', httpOnly: true, sameSite: 'lax', secure });
}

/** The token against forged requests, which only pages of this session know. It needs no row, and tells nothing of the secret. */
export const csrfTokenOf = (secret: string): string =>
  createHash('sha256').update(`csrf:${secret}`).digest('base64url');

/**
 * Why a request that changes something may be forged. Undefined: it comes from a page of this session. The token comes as the
 * header `x-csrf-token`, or as the field `csrf` of a form.
 */
export function forged({ headers }: FastifyRequest, secret: string, field?: unknown): string | undefined {
  const site = headers['sec-fetch-site'];
  const foreign = headers.origin !== undefined && hostOf(headers.origin) !== headers.host;
  if (foreign || (site !== undefined && site !== 'same-origin')) return 'This request comes from another page.';
  const given = headers['x-csrf-token'] ?? field;
  const [token, expected] = [Buffer.from(typeof given === 'string' ? given : ''), Buffer.from(csrfTokenOf(secret))];
  if (token.length === expected.length && timingSafeEqual(token, expected)) return undefined;
  return 'This form is not from your present session. Load the page again.';
}

const hostOf = (origin: string): string | undefined => (URL.canParse(origin) ? new URL(origin).host : undefined);
