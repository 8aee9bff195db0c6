import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { giveSession, secretIn, takeSession } from './cookies.ts';
import { localPath, poster, visitorOf, type People } from './page-callers.ts';

/** How many sign-ins one address may try per minute. */
const TRIES = { max: 30, timeWindow: 60_000 };

/** What the page at `/sign-in` shows. */
export interface SignInView {
  /** The ways to sign in: what their button says, and where it leads. */
  ways: readonly { label: string; href: string }[];
  /** Why somebody did not get in, or what has just happened. */
  notice?: string | undefined;
}

export interface SigningIn extends People {
  /** The ways to sign in that are configured. `to`: where they lead afterwards. */
  ways: (to: string) => SignInView['ways'];
  /** Draws the page at `/sign-in`. */
  render: (view: SignInView) => string;
}

/** The routes of people who come and go. None of them is for another page to frame, or to send. */
export function signingIn(door: FastifyInstance, parts: SigningIn): void {
  const { signIns, ways, render } = parts;
  const show = (reply: FastifyReply, status: number, to: string, notice?: string) =>
    reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('text/html; charset=utf-8')
      .send(render({ ways: ways(to), notice }));

  door.get('/sign-in', HIDDEN, async (request, reply) => {
    const { to, out } = request.query as { to?: unknown; out?: unknown };
    const path = localPath(to);
    if (await visitorOf(parts, request)) return reply.redirect(path, 303);
    return show(reply, 200, path, out === undefined ? undefined : 'You are signed out.');
  });
  // A preview or a probe of a link must not use it up: so only a GET of a person does.
  const once = { ...HIDDEN, exposeHeadRoute: false, config: { rateLimit: TRIES } };
  door.get('/sign-in/link/:secret', once, async (request, reply) => {
    const { secret } = request.params as { secret: string };
    if (!parts.local || isPreview(request)) return show(reply, 404, '/', 'This link does not sign in here.');
    const link = await signIns.useLink(secret);
    if (link.is === 'used')
      return show(reply, 410, '/', 'This link was used already. Start the stack again for a new one.');
    if (link.is === 'unknown') return show(reply, 404, '/', 'There is no such link, or it is over a day old.');
    await renew(parts, request, reply, { through: 'link', login: link.login });
    return reply.header('cache-control', 'no-store').redirect('/', 303);
  });
  for (const [path, everywhere] of [
    ['/sign-out', false],
    ['/sign-out/everywhere', true],
  ] as const)
    door.post(path, HIDDEN, async (request, reply) => {
      if (!(await poster(parts, request, reply))) return reply;
      const secret = secretIn(request, parts.url)!;
      const session = everywhere ? await signIns.find(secret) : undefined;
      await signIns.end(secret);
      if (session) await signIns.endAll(session);
      takeSession(request, reply, parts.url);
      return reply.redirect('/sign-in?out=', 303);
    });
}

/** Begins a session with a new secret, and ends the one that the browser had before. */
export async function renew(
  { signIns, url }: People,
  request: FastifyRequest,
  reply: FastifyReply,
  who: Parameters<SignIns['begin']>[0],
): Promise<void> {
  const before = secretIn(request, url);
  if (before !== undefined) await signIns.end(before);
  giveSession(request, reply, url, await signIns.begin(who));
}
type SignIns = People['signIns'];

const isPreview = ({ headers }: FastifyRequest): boolean =>
  /prefetch|preview/i.test(`${String(headers['sec-purpose'] ?? '')} ${String(headers['purpose'] ?? '')}`);

const HIDDEN = { schema: { hide: true } };
