import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { State } from '../../../activities/adapters/state/state.ts';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { NotFound } from '../../errors.ts';
import type { Runs } from '../../runs.ts';
import { answer, answered, mayCall, parse, Place } from './answering.ts';
import type { Events } from './events.ts';
import { once } from './idempotency.ts';
import { describing } from './openapi.ts';
import { pageOf, RunsWanted } from './rows.ts';
import * as schemas from './schemas.ts';

export interface ApiParts {
  runs: Runs;
  state: State;
  events: Events;
}

const RUN = '/runs/:workspace/:task';

/** All routes below `/api/v1`. Each asks first what its caller may. */
export function routes(api: FastifyInstance, parts: ApiParts): void {
  reading(api, parts);
  starting(api, parts);
  acting(api, parts);
  api.get(
    `${RUN}/events`,
    describing('Follows a run: server-sent events `run` and `end`.', { params: Place }),
    (request, reply) => answered(async () => parts.events.follow(request, reply, placeOf(request)))(request, reply),
  );
  api.get('/events', describing('Follows all runs: server-sent events `row`.', {}), (request, reply) =>
    answered(async () => parts.events.all(request, reply, mayCall(request, 'see').workspace))(request, reply),
  );
}

/** The run that an address names, if the caller may see it. */
function placeOf(request: FastifyRequest): string {
  const { workspace, task } = parse(Place, request.params);
  mayCall(request, 'see', workspace);
  return runIdOf(workspace, task);
}

function reading(api: FastifyInstance, { runs, state }: ApiParts): void {
  api.get(
    '/runs',
    describing('Lists runs, newest first; with `waitingOn=person` the oldest wait first.', {
      query: RunsWanted,
      answers: { 200: schemas.Page },
    }),
    answered(async (request, reply) => {
      const { workspace } = mayCall(request, 'see');
      const wanted = parse(RunsWanted, request.query);
      if (workspace !== undefined && wanted.workspace !== undefined) mayCall(request, 'see', wanted.workspace);
      return answer(request, reply, await pageOf(state, { ...wanted, workspace: workspace ?? wanted.workspace }));
    }),
  );
  api.get(
    RUN,
    describing('Reads a run.', { params: Place, answers: { 200: schemas.Run } }),
    answered(async (request, reply) => answer(request, reply, (await runs.read(placeOf(request))).run)),
  );
  api.get(
    `${RUN}/actions`,
    describing('The actions on a run, including refused ones.', { params: Place, answers: { 200: schemas.Log } }),
    answered(async (request, reply) => answer(request, reply, { actions: await runs.actions(placeOf(request)) })),
  );
  const Step = Place.extend({ step: z.coerce.number().int().min(1).max(1_000) });
  api.get(
    `${RUN}/steps/:step/output`,
    describing('The full output of a step.', { params: Step, answers: { 200: schemas.Output } }),
    answered(async (request, reply) => {
      const workflowId = placeOf(request);
      const { step } = parse(Step, request.params);
      const output = await runs.output(workflowId, step);
      if (output === null) throw new NotFound(`${workflowId}: step ${step} has no output.`);
      return answer(request, reply, output);
    }),
  );
}

function starting(api: FastifyInstance, { runs, state }: ApiParts): void {
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
      mayCall(request, 'start', workspace);
      if (isLocal(change.repository)) mayCall(request, 'start:local', workspace);
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
      const workflowId = placeOf(request);
      mayCall(request, 'start');
      const from = parse(schemas.RetryBody, request.body ?? {});
      return once(state, request, reply, async () => ({ status: 201, body: await runs.retry(workflowId, from) }));
    }),
  );
}

/** Whether a repository is a path on the machines of workers. */
const isLocal = (repository: string): boolean => repository.startsWith('/') || /^file:/i.test(repository);

function acting(api: FastifyInstance, { runs }: ApiParts): void {
  const Named = Place.extend({ action: schemas.Action });
  api.post(
    `${RUN}/actions/:action`,
    describing('Acts on a run. 200: taken. 202: queued, until a worker handles it.', {
      params: Named,
      answers: { 200: schemas.Taken, 202: schemas.Taken },
    }),
    answered((request, reply) => act(runs, Named, request, reply)),
  );
}

/** Acts with the caller's name. The `Idempotency-Key` becomes the action's id, by which the run takes it once. */
async function act(
  runs: Runs,
  Named: z.ZodType<{ workspace: string; task: string; action: z.output<typeof schemas.Action> }>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { workspace, task, action } = parse(Named, request.params);
  const { name, id } = mayCall(request, action, workspace);
  const body = request.body ?? {};
  const said: { actionId?: unknown } = parse(schemas.actionBody(action), body);
  const key = request.headers['idempotency-key'];
  const own = typeof said.actionId === 'string' ? said.actionId : undefined;
  const actionId = own ?? (typeof key === 'string' ? `${id}:${key}`.slice(0, 128) : randomUUID());
  const done = await runs.act(runIdOf(workspace, task), action, { ...said, actionId, by: name, via: 'http' });
  const visit = done.is === 'taken' && done.visit !== undefined ? { visit: done.visit } : {};
  return reply.code(done.is === 'taken' ? 200 : 202).send({ actionId: done.actionId, ...visit });
}
