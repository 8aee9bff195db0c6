import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { NotFound } from '../../errors.ts';
import { callerOf } from '../access/arriving.ts';
import { answer, answered, mayCall, parse, Place } from './answering.ts';
import { once } from './idempotency.ts';
import { describing } from './openapi.ts';
import { RUN, type ApiParts } from './parts.ts';
import { peeking } from './peeking.ts';
import { pageOf, RunsWanted } from './rows.ts';
import { aboutOf, seenAt, sightOf } from './seeing.ts';
import * as schemas from './schemas.ts';

/** All routes below `/api/v1`. Each asks first what its caller may. */
export function routes(api: FastifyInstance, parts: ApiParts): void {
  reading(api, parts);
  peeking(api, parts);
  starting(api, parts);
  acting(api, parts);
  api.get(
    `${RUN}/events`,
    describing('Follows a run: server-sent events `run` and `end`.', { params: Place }),
    (request, reply) =>
      answered(async () => parts.events.follow(request, reply, await seenAt(request, parts)))(request, reply),
  );
  api.get('/events', describing('Follows all runs: server-sent events `row`.', {}), (request, reply) =>
    answered(async () => {
      const { workspace } = mayCall(request, 'see');
      return parts.events.all(request, reply, { workspace, sees: sightOf(request) });
    })(request, reply),
  );
}

function reading(api: FastifyInstance, parts: ApiParts): void {
  const { runs, state } = parts;
  api.get(
    '/runs',
    describing('Lists runs, newest first; with `waitingOn=person` the oldest wait first.', {
      query: RunsWanted,
      answers: { 200: schemas.Page },
    }),
    answered(async (request, reply) => {
      const { workspace } = mayCall(request, 'see');
      const wanted = parse(RunsWanted, request.query);
      if (workspace !== undefined && wanted.workspace !== undefined)
        mayCall(request, 'see', { workspace: wanted.workspace });
      return answer(
        request,
        reply,
        await pageOf(state, { ...wanted, workspace: workspace ?? wanted.workspace }, sightOf(request)),
      );
    }),
  );
  api.get(
    RUN,
    describing('Reads a run.', { params: Place, answers: { 200: schemas.Run } }),
    answered(async (request, reply) => answer(request, reply, (await runs.read(await seenAt(request, parts))).run)),
  );
  api.get(
    `${RUN}/actions`,
    describing('The actions on a run, including refused ones.', { params: Place, answers: { 200: schemas.Log } }),
    answered(async (request, reply) =>
      answer(request, reply, { actions: await runs.actions(await seenAt(request, parts)) }),
    ),
  );
  const Step = Place.extend({ step: z.coerce.number().int().min(1).max(1_000) });
  api.get(
    `${RUN}/steps/:step/output`,
    describing('The full output of a step.', { params: Step, answers: { 200: schemas.Output } }),
    answered(async (request, reply) => {
      const workflowId = await seenAt(request, parts);
      const { step } = parse(Step, request.params);
      const output = await runs.output(workflowId, step);
      if (output === null) throw new NotFound(`${workflowId}: step ${step} has no output.`);
      return answer(request, reply, output);
    }),
  );
}

function starting(api: FastifyInstance, parts: ApiParts): void {
  const { runs, state } = parts;
  api.post(
    '/runs',
    describing('Starts a run, or retries the task’s last run if it failed or was stopped.', {
      query: schemas.StartQuery,
      body: schemas.StartBody,
      answers: { 201: schemas.Begun, 200: schemas.Begun },
    }),
    answered(async (request, reply) => {
      const { name } = mayCall(request, 'start');
      const { fresh } = parse(schemas.StartQuery, request.query);
      const { workspace, change } = parse(schemas.StartBody, request.body);
      const about = { workspace, repository: change.repository, base: change.base ?? '' };
      mayCall(request, 'start', about);
      if (isLocal(change.repository)) mayCall(request, 'start:local', about);
      return once(state, request, reply, async () => {
        const wish = { ...(request.body as object), startedBy: name };
        const { workflowId, runId, examined } = await runs.start(wish, { fresh: fresh === 'true' });
        return { status: 201, body: { workflowId, runId, examined } };
      });
    }),
  );
  api.post(
    `${RUN}/retry`,
    describing('Continues a closed run from where it failed, or from an earlier step.', {
      params: Place,
      body: schemas.RetryBody,
      answers: { 201: schemas.Begun },
    }),
    answered(async (request, reply) => {
      const workflowId = await seenAt(request, parts);
      mayCall(request, 'start', await aboutOf(parts, callerOf(request), workflowId));
      const from = parse(schemas.RetryBody, request.body ?? {});
      return once(state, request, reply, async () => ({ status: 201, body: await runs.retry(workflowId, from) }));
    }),
  );
}

/** Whether a repository is a path on the machines of workers. */
const isLocal = (repository: string): boolean => repository.startsWith('/') || /^file:/i.test(repository);

function acting(api: FastifyInstance, parts: ApiParts): void {
  const Named = Place.extend({ action: schemas.Action });
  api.post(
    `${RUN}/actions/:action`,
    describing('Acts on a run. 200: taken. 202: queued, until a worker handles it.', {
      params: Named,
      answers: { 200: schemas.Taken, 202: schemas.Taken },
    }),
    answered((request, reply) => act(parts, Named, request, reply)),
  );
}

/** Acts with the caller's name. The `Idempotency-Key` becomes the action's id, by which the run takes it once. */
async function act(
  parts: ApiParts,
  Named: z.ZodType<{ workspace: string; task: string; action: z.output<typeof schemas.Action> }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { workspace, task, action } = parse(Named, request.params);
  const workflowId = runIdOf(workspace, task);
  mayCall(request, action, { workspace });
  const caller = callerOf(request);
  const { name, id, via } = mayCall(request, action, await aboutOf(parts, caller, workflowId));
  const body = request.body ?? {};
  const said: { actionId?: unknown } = parse(schemas.actionBody(action), body);
  const key = request.headers['idempotency-key'];
  const own = typeof said.actionId === 'string' ? said.actionId : undefined;
  const actionId = own ?? (typeof key === 'string' ? `${id}:${key}`.slice(0, 128) : randomUUID());
  const done = await parts.runs.act(workflowId, action, { ...said, actionId, by: name, via });
  const visit = done.is === 'taken' && done.visit !== undefined ? { visit: done.visit } : {};
  return reply.code(done.is === 'taken' ? 200 : 202).send({ actionId: done.actionId, ...visit });
}
