import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { LogStream } from '../../../workflows/contracts/run/peek.ts';
import { answered, parse, Place } from './answering.ts';
import { describingText } from './openapi.ts';
import { RUN, type ApiParts } from './parts.ts';
import { seenAt } from './seeing.ts';

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const LogWanted = z.strictObject({
  step: whole(1, 1_000).optional().describe('Default: the last step with a job.'),
  attempt: whole(0, 10_000).optional().describe('Default: the last one of the step.'),
  stream: LogStream.default('stdout').describe('Which output of the job.'),
  offset: whole(0, Number.MAX_SAFE_INTEGER).default(0).describe('The first byte that is wanted.'),
});

/** The routes of what no history keeps: the diff of a change, and the logs of jobs. Both are plain text. */
export function peeking(api: FastifyInstance, parts: ApiParts): void {
  const { runs } = parts;
  api.get(
    `${RUN}/diff`,
    describingText(
      'What the change is, against its base: at most 1 MB, else with `x-truncated: true`.',
      'text/x-diff',
      {
        params: Place,
      },
    ),
    answered(async (request, reply) => {
      const { text, truncated } = await runs.diff(await seenAt(request, parts));
      if (truncated) void reply.header('x-truncated', 'true');
      return reply.header('cache-control', 'private, no-store').type('text/x-diff; charset=utf-8').send(text);
    }),
  );
  api.get(
    `${RUN}/log`,
    describingText(
      'The log of a job, in parts: `x-offset` is the first byte of this one, `x-next` that of the following one, and `x-ended: true` says that none follows.',
      'text/plain',
      { params: Place, query: LogWanted },
    ),
    answered(async (request, reply) => {
      const wanted = parse(LogWanted, request.query);
      const { text, offset, next, ended } = await runs.log(await seenAt(request, parts), wanted);
      void reply.headers({ 'x-offset': String(offset), 'x-next': String(next), 'x-ended': String(ended) });
      return reply.header('cache-control', 'private, no-store').type('text/plain; charset=utf-8').send(text);
    }),
  );
}
