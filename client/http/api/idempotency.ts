import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { State } from '../../../activities/adapters/state/state.ts';
import { callerOf } from '../access/arriving.ts';
import { refuse } from '../problems.ts';
import { problemOf } from './answering.ts';

/** How long a key is remembered, in milliseconds. */
const KEPT_MS = 7 * 86_400_000;
/** After this time, a request without an answer counts as lost, in milliseconds, and its repeat does the work again. */
const LOST_MS = 60_000;

export interface Made {
  status: number;
  body: object;
}

/**
 * Does the work of a request once per `Idempotency-Key`. A repeat gets the same answer, and a request with the same key and
 * another body is refused. The work itself must bear a repeat, because a door may die before it keeps the answer.
 */
export async function once(
  state: State,
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<Made>,
): Promise<FastifyReply> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return send(reply, await work());
  if (typeof key !== 'string' || key.length < 1 || key.length > 128)
    return refuse(reply, {
      status: 422,
      code: 'invalid_input',
      detail: 'Idempotency-Key: expected 1 to 128 characters',
    });
  const place = { caller: callerOf(request).id, key };
  const digest = digestOf(request);
  const before = await begin(state, place, digest, Date.now());
  if (before && before.request !== digest)
    return refuse(reply, {
      status: 422,
      code: 'key_reused',
      detail: 'This Idempotency-Key came with another request.',
    });
  if (before && before.status === null)
    return refuse(reply, { status: 409, code: 'in_progress', detail: 'The request with this key is still answered.' });
  if (before?.status) return send(reply, { status: before.status, body: before.answer });
  try {
    const made = await work();
    await keep(state, place, made);
    return await send(reply, made);
  } catch (failure) {
    const problem = problemOf(failure);
    // A refusal of the input is the answer. What could not be asked may be asked again with the same key.
    await forget(state, place);
    if (!problem) throw failure;
    return refuse(reply, problem);
  }
}

const send = async (reply: FastifyReply, { status, body }: Made): Promise<FastifyReply> =>
  reply.code(status).type('application/json').send(JSON.stringify(body));

const digestOf = ({ method, url, body }: FastifyRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([method, url, body ?? null]))
    .digest('hex');

interface At {
  caller: string;
  key: string;
}

/** Notes that a request has begun. Returns the earlier one with its key. */
async function begin(state: State, { caller, key }: At, request: string, now: number) {
  return state.transaction(async (db) => {
    await db
      .deleteFrom('requests')
      .where('at', '<', now - KEPT_MS)
      .execute();
    const own = db.selectFrom('requests').selectAll().where('caller', '=', caller).where('key', '=', key);
    const before = await own.executeTakeFirst();
    const isLost = before?.status === null && before.at < now - LOST_MS;
    if (before && !(isLost && before.request === request)) {
      const text = before.answer;
      return { ...before, answer: text === null ? {} : (JSON.parse(state.cipher.decrypt(text)) as object) };
    }
    await db
      .insertInto('requests')
      .values({ caller, key, request, at: now })
      .onConflict((conflict) => conflict.columns(['caller', 'key']).doUpdateSet({ at: now }))
      .execute();
    return undefined;
  });
}

const keep = (state: State, { caller, key }: At, { status, body }: Made): Promise<unknown> =>
  state.query((db) =>
    db
      .updateTable('requests')
      .set({ status, answer: state.cipher.encrypt(JSON.stringify(body)) })
      .where('caller', '=', caller)
      .where('key', '=', key)
      .execute(),
  );

const forget = (state: State, { caller, key }: At): Promise<unknown> =>
  state.query((db) => db.deleteFrom('requests').where('caller', '=', caller).where('key', '=', key).execute());
