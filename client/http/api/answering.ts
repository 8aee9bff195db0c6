import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { badFields } from '../../../workflows/contracts/bad-fields.ts';
import { Id } from '../../../workflows/contracts/pipeline-run.ts';
import { InvalidInput, LiveRun, NotFound, NothingToRetry, Refused, Unreachable } from '../../errors.ts';
import { callerOf } from '../access/arriving.ts';
import { forbids, type About, type Caller, type May } from '../access/permissions.ts';
import { refuse, type Problem } from '../problems.ts';

/** The place of a run in addresses. */
export const Place = z.object({ workspace: Id, task: Id });

/** Parses what somebody has sent. Throws `InvalidInput` with every wrong field. */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(value);
  if (error) throw new InvalidInput(badFields(error, value));
  return data;
}

/** The caller may not do this. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
}

/** The caller, if they may do this. Throws `Forbidden`. */
export function mayCall(request: FastifyRequest, what: May, about: About = {}): Caller {
  const caller = callerOf(request);
  const because = forbids(caller, what, about);
  if (because !== undefined) throw new Forbidden(because);
  return caller;
}

/** The problem that an error of the client's library is, or undefined. */
export function problemOf(failure: unknown): Problem | undefined {
  if (!(failure instanceof Error)) return undefined;
  const detail = failure.message;
  if (failure instanceof Forbidden) return { status: 403, code: 'not_allowed', detail };
  if (failure instanceof InvalidInput)
    return { status: 422, code: failure.code, detail, fields: failure.fields.slice(0, 100) };
  if (failure instanceof LiveRun) return { status: 409, code: failure.code, detail, workflowId: failure.workflowId };
  if (failure instanceof NothingToRetry) return { status: 409, code: failure.code, detail };
  if (failure instanceof NotFound) return { status: 404, code: failure.code, detail };
  if (failure instanceof Unreachable) return { status: 503, code: failure.code, detail };
  if (failure instanceof Refused) {
    const status = failure.code === 'invalid' ? 422 : failure.code === 'not_allowed' ? 403 : 409;
    const { offers, visit, head } = failure.details;
    return { status, code: failure.code, detail, offers, visit, head };
  }
  return undefined;
}

/** Answers with JSON and its ETag, or with 304 if the client has the same. */
export function answer(request: FastifyRequest, reply: FastifyReply, body: object): FastifyReply {
  const text = JSON.stringify(body);
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
  void reply.header('etag', tag).header('cache-control', 'private, no-cache');
  const known = String(request.headers['if-none-match'] ?? '').split(/\s*,\s*/);
  if (known.includes(tag) || known.includes(`W/${tag}`)) return reply.code(304).send();
  return reply.type('application/json').send(text);
}

/** Runs a handler, and answers with the problem if the client's library refuses. */
export const answered =
  (handler: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) =>
  async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    try {
      return await handler(request, reply);
    } catch (failure) {
      const problem = problemOf(failure);
      if (!problem) throw failure;
      return refuse(reply, problem);
    }
  };
