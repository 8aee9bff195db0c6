import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import swagger from '@fastify/swagger';
import { z } from 'zod';
import { ProblemBody } from './schemas.ts';

interface Described {
  params?: z.ZodType | undefined;
  query?: z.ZodType | undefined;
  body?: z.ZodType | undefined;
  /** Answers by status. Every route may also answer with a problem. */
  answers?: Record<number, z.ZodType>;
}

/** The JSON Schema of what is sent, as OpenAPI 3.1 takes it. */
const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): object => {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  void $schema;
  return rest;
};

/** What a route takes and answers, for `/openapi.json`. Handlers parse with the same schemas, for errors in our words. */
export const describing = (
  summary: string,
  { params, query, body, answers = {} }: Described,
): RouteShorthandOptions => ({
  schema: {
    summary,
    ...(params && { params: schemaOf(params, 'input') }),
    ...(query && { querystring: schemaOf(query, 'input') }),
    ...(body && { body: schemaOf(body, 'input') }),
    response: Object.fromEntries([
      ...Object.entries(answers).map(([status, schema]) => [status, schemaOf(schema, 'output')]),
      ['4xx', PROBLEM],
      ['5xx', PROBLEM],
    ]) as object,
  } as object,
  validatorCompiler: () => () => true,
  serializerCompiler: () => (data) => JSON.stringify(data),
});

/** A route that answers with text. */
export function describingText(
  summary: string,
  type: string,
  described: Omit<Described, 'answers'>,
): RouteShorthandOptions {
  const { schema, ...rest } = describing(summary, described);
  const { response, ...sent } = schema as { response: object };
  const text = { description: summary, content: { [type]: { schema: { type: 'string' } } } };
  return { ...rest, schema: { ...sent, response: { ...response, 200: text } } as object };
}

const PROBLEM = {
  description: 'A problem (RFC 9457)',
  content: { 'application/problem+json': { schema: schemaOf(ProblemBody, 'output') } },
};

/** Describes the routes that are added after it at `/openapi.json`. */
export async function describe(door: FastifyInstance): Promise<void> {
  await door.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'gatehouse',
        version: '1',
        description: 'Runs of pipelines: start, read, follow and act on them.',
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
  });
}
