import type { FastifyReply, FastifyRequest } from 'fastify';
import { parse, Place, problemOf } from '../api/answering.ts';
import { mustMay, type PageAccess, type Visitor } from './access.ts';
import type { Html } from './html.ts';
import { notePage, type View } from './layout.ts';

export type Handler = (request: FastifyRequest, reply: FastifyReply, visitor: Visitor) => Promise<Html | FastifyReply>;

/** What a page is drawn with for this visitor. */
export const viewOf = ({ caller, csrf }: Visitor): View => ({ who: caller.name, csrf, now: Date.now() });

/** Answers a visitor who has signed in with a page, or with one that says why there is none. */
export const shown =
  (access: PageAccess, handler: Handler) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const visitor = await access.visitor(request, reply);
    if (!visitor) return reply;
    try {
      const said = await handler(request, reply, visitor);
      return isPage(said) ? sendPage(reply, said) : said;
    } catch (failure) {
      const problem = problemOf(failure);
      if (!problem) throw failure;
      void reply.code(problem.status);
      return sendPage(reply, notePage(viewOf(visitor), titleOf(problem.status), problem.detail));
    }
  };

const isPage = (said: Html | FastifyReply): said is Html => (said as unknown) instanceof String;

const titleOf = (status: number): string =>
  status === 404 ? 'There is no such run' : status === 403 ? 'You may not do this' : 'This cannot be shown now';

/** Sends a page. It is of one visitor at one time, so nobody else may keep it. */
export function sendPage(reply: FastifyReply, page: Html): FastifyReply {
  const text = page.toString();

  return reply.header('cache-control', 'private, no-store').type('text/html; charset=utf-8').send(text);
}

/** The run that an address names, if the visitor may see it. Throws `Forbidden`, and `InvalidInput`. */
export function placeIn(request: FastifyRequest, { caller }: Visitor): { workspace: string; task: string } {
  const { workspace, task } = parse(Place.loose(), request.params);
  mustMay(caller, 'see', { workspace });
  return { workspace, task };
}
