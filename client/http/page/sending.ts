import formbody from '@fastify/formbody';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actions, type ActionName } from '../../../workflows/contracts/messages.ts';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { z } from 'zod';
import { InvalidInput, NotFound } from '../../errors.ts';
import { Forbidden, parse, problemOf } from '../api/answering.ts';
import { Action, actionBody } from '../api/schemas.ts';
import { aboutOf, mustMay, type Visitor } from './access.ts';
import { placeIn, shown } from './answering.ts';
import { inputOf, sentOf, type Sent } from './forms/typed.ts';
import type { Html } from './html.ts';
import { HIDDEN, RUN, type FactsOf, type PageParts } from './parts.ts';
import { placeOf } from './run/facts.ts';
import { runPage } from './run/run.ts';

/** What forms send. Each is answered with an address to read, so that reloading sends nothing again. */
export function sending(door: FastifyInstance, parts: PageParts, facts: FactsOf): void {
  void door.register(async (forms) => {
    forms.removeAllContentTypeParsers();
    await forms.register(formbody, { parser: (body) => sentOf(new URLSearchParams(body)) });
    forms.post(
      `${RUN}/actions/:action`,
      HIDDEN,
      shown(parts.access, (request, reply, visitor) => act({ parts, facts, request, reply, visitor })),
    );
    forms.post(
      `${RUN}/retry`,
      HIDDEN,
      shown(parts.access, async (request, reply, visitor) => {
        await mustBeOurs(parts, request);
        const { workspace, task } = placeIn(request, visitor);
        const { run } = await parts.runs.read(runIdOf(workspace, task));
        mustMay(visitor.caller, 'start', aboutOf({ ...run, workspace }));
        await parts.runs.retry(runIdOf(workspace, task));
        return reply.redirect(placeOf({ workspace, workflowId: runIdOf(workspace, task) }), 303);
      }),
    );
  });
}

interface Acting {
  parts: PageParts;
  facts: FactsOf;
  request: FastifyRequest;
  reply: FastifyReply;
  visitor: Visitor;
}

/** Acts as the visitor. A refused action is answered with the page, the reason, and what was typed. */
async function act(acting: Acting): Promise<Html | FastifyReply> {
  const { parts, request, reply, visitor } = acting;
  const { workspace, task } = placeIn(request, visitor);
  const { data: action } = Action.safeParse((request.params as { action?: unknown }).action);
  if (action === undefined) throw new NotFound('There is no such action.');
  const sent = sentBy(request);
  try {
    await mustBeOurs(parts, request);
    const { run } = await parts.runs.read(runIdOf(workspace, task));
    mustMay(visitor.caller, action, aboutOf({ ...run, workspace }));
    const input = parse(actionBody(action), { ...typedIn(action, sent, run.current?.proposal), ...envelopeOf(sent) });
    const said = { ...input, by: visitor.caller.name, via: 'page' };
    const { actionId } = await parts.runs.act(runIdOf(workspace, task), action, said);
    return reply.redirect(
      `${placeOf({ workflowId: runIdOf(workspace, task) })}?sent=${encodeURIComponent(actionId)}`,
      303,
    );
  } catch (failure) {
    const problem = problemOf(failure);
    if (!problem || problem.status === 404) throw failure;
    const facts = await acting.facts(request, visitor);
    void reply.code(problem.status);
    const because = failure instanceof InvalidInput ? failure.message.replaceAll('\n', '. ') : problem.detail;
    return runPage({ ...facts, refused: { action, code: problem.code, because, typed: sent } });
  }
}

/** The body that the parser has made. */
const sentBy = (request: FastifyRequest): Sent => (request.body ?? {}) as Sent;

/** Throws `Forbidden` if a form is not of the visitor's own page. */
async function mustBeOurs({ access }: PageParts, request: FastifyRequest): Promise<void> {
  if (await access.isOurs(request, sentBy(request)['csrf']?.[0])) return;
  throw new Forbidden('This form is too old, or not from this page. Send it once more.');
}

/** What was typed. An output that was shown for approval, and that nobody changed, is not sent back. */
function typedIn(action: ActionName, sent: Sent, proposal: string | undefined): Record<string, unknown> {
  const schema = z.toJSONSchema(actions[action].input, { io: 'input' });
  return inputOf(schema, sent, action === 'approve' ? { proposal } : {});
}

/** What the form sent along: its own id, and what its reader had seen. */
const envelopeOf = (sent: Sent): Record<string, string> =>
  Object.fromEntries(
    ['actionId', 'visit', 'head'].flatMap((name) => {
      const value = sent[name]?.[0];
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
