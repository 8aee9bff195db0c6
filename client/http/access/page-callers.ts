import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf, personOf, type Configuration } from '../../../activities/adapters/configuration/configuration.ts';
import { ALL, grantsOf } from '../../../activities/adapters/configuration/rights.ts';
import { refuse } from '../problems.ts';
import { csrfTokenOf, forged, secretIn } from './cookies.ts';
import type { Caller } from './permissions.ts';
import type { SignedIn, SignIns } from './sign-ins.ts';

/** What the page needs to know of people. */
export interface People {
  signIns: SignIns;
  configuration: () => Pick<Configuration, 'people' | 'roles'>;
  /** Where people reach the door. */
  url?: string | undefined;
  /** Whether this is the door of a local stack, whose links sign in. */
  local?: boolean | undefined;
}

/** Somebody who is signed in, and what their forms must bring. */
export interface Visitor {
  caller: Caller;
  csrf: string;
}

/**
 * Who somebody is here, by the configuration file as it is now: whoever has been removed from it is out at once. Undefined:
 * they may not get in.
 */
export function callerFor({ configuration, local }: People, { through, login }: SignedIn): Caller | undefined {
  const id = `${through}:${login}`;
  if (through === 'link') return local ? { name: login, id, via: 'page', grants: ALL } : undefined;
  const present = configuration();
  const account = { through, login };
  const grants = grantsOf(present, personOf(present, account));
  return grants.length > 0 ? { name: actorOf(present, account), id, via: 'page', grants } : undefined;
}

/** Who sends a request, by its session. Undefined: nobody is signed in. */
export async function visitorOf(people: People, request: FastifyRequest): Promise<Visitor | undefined> {
  const secret = secretIn(request, people.url);
  const session = secret === undefined ? undefined : await people.signIns.find(secret);
  const caller = session && callerFor(people, session);
  return caller && { caller, csrf: csrfTokenOf(secret!) };
}

/** What pages ask of sign-in. */
export interface PageAccess {
  /** Who asks for a page. Undefined: it has been answered, by sending them to the sign-in. */
  visitor(request: FastifyRequest, reply: FastifyReply): Promise<Visitor | undefined>;
  /** Whether a form with this token comes from a page of this session. */
  isOurs(request: FastifyRequest, token: string | undefined): boolean | Promise<boolean>;
}

export const pageAccess = (people: People): PageAccess => ({
  async visitor(request, reply) {
    const visitor = await visitorOf(people, request);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (!visitor) void reply.redirect(`/sign-in?to=${encodeURIComponent(reads ? request.url : '/')}`, 303);
    return visitor;
  },
  isOurs(request, token) {
    const secret = secretIn(request, people.url);
    return secret !== undefined && forged(request, secret, token) === undefined;
  },
});

/** Who posts a form. Undefined: it has been answered, by sending them to the sign-in or by refusing a forged form. */
export async function poster(
  people: People,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Visitor | undefined> {
  const visitor = await pageAccess(people).visitor(request, reply);
  if (!visitor) return undefined;
  const because = forged(request, secretIn(request, people.url)!, fieldOf(request.body));
  if (because === undefined) return visitor;
  void refuse(reply, { status: 403, code: 'csrf', detail: because });
  return undefined;
}

const fieldOf = (body: unknown): unknown =>
  typeof body === 'object' && body !== null ? (body as { csrf?: unknown }).csrf : undefined;

/** A path of this page to which somebody may be sent, or `/`. Anything that a browser could read as another host is none. */
export function localPath(to: unknown): string {
  if (typeof to !== 'string' || to.length > 2_000 || !/^\/(?![/\\])[\x21-\x7e]*$/.test(to) || to.includes('\\'))
    return '/';
  const base = 'http://gatehouse.invalid';
  return URL.canParse(to, base) && new URL(to, base).origin === base ? to : '/';
}
