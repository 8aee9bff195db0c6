import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import { NotFound } from '../../errors.ts';
import { forbids } from '../access/permissions.ts';
import { parse } from '../api/answering.ts';
import { aboutOf } from '../api/seeing.ts';
import type { Visitor } from './access.ts';
import { placeIn, shown, viewOf } from './answering.ts';
import { html, type Content, type Html } from './html.ts';
import { page, type View } from './layout.ts';
import { HIDDEN, RUN, type PageParts } from './parts.ts';
import { drawDiff } from './run/diff.ts';

/** Beyond every log, so that the end is shown, where something has just happened. */
const END = Number.MAX_SAFE_INTEGER;
const Step = z.looseObject({ step: z.coerce.number().int().min(1).max(1_000) });
const Attempt = Step.extend({ attempt: z.coerce.number().int().min(0).max(10_000) });

/** The pages of what may be long: the diff, the logs of agents and checks, and the outputs of steps. */
export function details(door: FastifyInstance, parts: PageParts): void {
  const { runs, access } = parts;
  door.get(
    `${RUN}/diff`,
    HIDDEN,
    shown(access, async (request, _reply, visitor) => {
      const place = await seenIn(parts, request, visitor);
      const { text, truncated } = await runs.diff(runIdOf(place.workspace, place.task));
      return detailPage(viewOf(visitor), place, 'The change', html`<div id="diff">${drawDiff(text, truncated)}</div>`);
    }),
  );
  door.get(
    `${RUN}/log/:step/:attempt`,
    HIDDEN,
    shown(access, async (request, _reply, visitor) => {
      const place = await seenIn(parts, request, visitor);
      const { step, attempt } = parse(Attempt, request.params);
      const { text, ended } = await runs.log(runIdOf(place.workspace, place.task), { step, attempt, offset: END });
      return detailPage(viewOf(visitor), place, `Log of step ${step}, attempt ${attempt}`, drawLog(text, ended));
    }),
  );
  door.get(
    `${RUN}/steps/:step`,
    HIDDEN,
    shown(access, async (request, _reply, visitor) => {
      const place = await seenIn(parts, request, visitor);
      const { step } = parse(Step, request.params);
      const made = await runs.output(runIdOf(place.workspace, place.task), step);
      if (!made) throw new NotFound(`Step ${step} has made nothing.`);
      const title = `What ${made.kind} made`;
      return detailPage(
        viewOf(visitor),
        place,
        title,
        html`<p>${made.summary}</p>
          ${drawOutput(made.output)}`,
      );
    }),
  );
}

/** The run that an address names. To those who may not see its repository, there is no such run. */
async function seenIn(
  parts: PageParts,
  request: FastifyRequest,
  visitor: Visitor,
): Promise<ReturnType<typeof placeIn>> {
  const place = placeIn(request, visitor);
  const workflowId = runIdOf(place.workspace, place.task);
  const about = await aboutOf(parts, visitor.caller, workflowId);
  if (forbids(visitor.caller, 'see', about) !== undefined) throw new NotFound(`${workflowId}: there is no such run.`);
  return place;
}

const drawLog = (text: string, ended: boolean): Html =>
  html`<p class="soft">${ended ? 'It has ended. This is its end.' : 'It is at work.'}</p>
    <pre class="text" id="log" tabindex="0" role="region" aria-label="The log" data-live="${ended ? '' : 'log'}">
${text === '' ? 'Nothing yet.' : text}</pre>`;

const drawOutput = (output: unknown): Content =>
  output !== undefined &&
  html`<pre class="text" tabindex="0" role="region" aria-label="The output">
${typeof output === 'string' ? output : JSON.stringify(output, null, 2)}</pre>`;

function detailPage(
  view: View,
  { workspace, task }: Record<'workspace' | 'task', string>,
  title: string,
  content: Content,
): Html {
  const run = `/runs/${encodeURIComponent(workspace)}/${encodeURIComponent(task)}`;
  return page(view, {
    title: `${title} of ${task}`,
    place: 'runs',
    content: html`<p class="crumbs"><a href="${run}">Back to ${task}</a></p>
      <h1>${title}</h1>
      ${content}`,
  });
}
