import type { FastifyReply, FastifyRequest } from 'fastify';
import { forbids, May, type Caller } from '../access/permissions.ts';
import { Forbidden } from '../api/answering.ts';

/** Who looks at a page, and the proof that a form was ours. */
export interface Visitor {
  caller: Caller;
  /** Sent along with every form. */
  csrf: string;
}

/** Finds out who looks at pages, and whether what they send comes from our own forms. */
export interface PageAccess {
  /** Undefined: the reply has been sent, such as one that asks them to sign in. */
  visitor(request: FastifyRequest, reply: FastifyReply): Promise<Visitor | undefined>;
  /** Whether the token of a form belongs to the visitor. */
  isOurs(request: FastifyRequest, token: string | undefined): boolean | Promise<boolean>;
}

/** The run that somebody wants to see or to act on. */
export interface About {
  workspace?: string | undefined;
  repository?: string | undefined;
  base?: string | undefined;
}

/** Whether somebody may do something to a run. What is no action of ours, nobody may. */
export function mayDo(caller: Caller, what: string, about: About): boolean {
  const { data } = May.safeParse(what);
  return data !== undefined && forbids(caller, data, about) === undefined;
}

/** Throws `Forbidden` if somebody may not do something to a run. */
export function mustMay(caller: Caller, what: May, about: About): void {
  const because = forbids(caller, what, about);
  if (because !== undefined) throw new Forbidden(because);
}

/** What of a run decides who may do something to it. */
export const aboutOf = ({
  workspace,
  change,
}: {
  workspace?: string | undefined;
  change?: { repository?: string | undefined; base?: string | undefined } | undefined;
}): About => ({ workspace, repository: change?.repository ?? '', base: change?.base ?? '' });
