import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { parse } from '../api/answering.ts';
import { RunsWanted } from '../api/rows.ts';
import { NotFound } from '../../errors.ts';
import { aboutOf, mayDo } from './access.ts';
import { placeIn, shown, viewOf } from './answering.ts';
import { serveAssets } from './assets.ts';
import { inboxPage } from './lists/inbox.ts';
import { search, valuesOf, waits } from './lists/reading.ts';
import { listPage } from './lists/runs.ts';
import { HIDDEN, RUN, type FactsOf, type PageParts } from './parts.ts';
import { runPage } from './run/run.ts';
import { sending } from './sending.ts';
import { details } from './details.ts';

/** All pages. Each asks first who looks, and what they may. */
export function pages(door: FastifyInstance, parts: PageParts): void {
  serveAssets(door);
  door.get('/', HIDDEN, (_request, reply) => reply.redirect('/inbox', 303));
  lists(door, parts);
  const facts = factsFor(parts);
  door.get(
    RUN,
    HIDDEN,
    shown(parts.access, async (request, _reply, visitor) => runPage(await facts(request, visitor))),
  );
  details(door, parts);
  sending(door, parts, facts);
}

const InboxQuery = z.object({
  repository: z.string().max(255).optional(),
  gate: z.string().max(64).optional(),
  show: z.string().max(20).optional(),
});
const ListQuery = RunsWanted.pick({ repository: true, status: true, step: true, cursor: true }).extend({
  text: z.string().trim().max(200).default(''),
});

function lists(door: FastifyInstance, { state, access }: PageParts): void {
  door.get(
    '/inbox',
    HIDDEN,
    shown(access, async (request, _reply, visitor) => {
      const { repository, gate, show } = parse(InboxQuery, filled(request.query));
      const { caller } = visitor;
      return inboxPage({
        ...viewOf(visitor),
        rows: (await waits(state, caller.workspace)).filter((row) => mayDo(caller, 'see', aboutOf(row))),
        filters: { repository, gate, all: show === 'all' },
        may: (row, action) => mayDo(caller, action, aboutOf(row)),
      });
    }),
  );
  door.get(
    '/runs',
    HIDDEN,
    shown(access, async (request, _reply, visitor) => {
      const query = filled(request.query);
      const { text, ...wanted } = parse(ListQuery, query);
      const { workspace } = visitor.caller;
      const [found, repositories, steps] = await Promise.all([
        search(state, { ...wanted, workspace, waitingOn: undefined, since: undefined }, text),
        valuesOf(state, 'repository', workspace),
        valuesOf(state, 'step', workspace),
      ]);
      const runs = found.runs.filter((row) => mayDo(visitor.caller, 'see', aboutOf(row)));
      return listPage({ ...viewOf(visitor), ...found, runs, wanted: query, repositories, steps });
    }),
  );
}

/** The fields of a query that are filled in: a form sends empty ones too. */
const filled = (query: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(query as Record<string, unknown>).flatMap(([name, value]) =>
      typeof value === 'string' && value !== '' ? [[name, value]] : [],
    ),
  );

/** Reads everything that the page of a run is drawn from. */
const factsFor =
  ({ runs, webUi }: PageParts): FactsOf =>
  async (request, visitor) => {
    const { workspace, task } = placeIn(request, visitor);
    const workflowId = runIdOf(workspace, task);
    const [read, log] = await Promise.all([runs.read(workflowId), runs.actions(workflowId).catch(() => [])]);
    const about = aboutOf({ ...read.run, workspace });
    if (!mayDo(visitor.caller, 'see', about)) throw new NotFound(`${read.run.workflowId}: there is no such run.`);
    const { sent } = request.query as { sent?: unknown };
    return {
      ...viewOf(visitor),
      read,
      log,
      may: (action) => mayDo(visitor.caller, action, about),
      sent: typeof sent === 'string' ? sent : undefined,
      webUi,
      newId: () => `page:${randomUUID()}`,
    };
  };
