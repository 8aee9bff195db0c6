import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { BadField } from '../../workflows/contracts/activities.ts';

/** An error as a client of the door reads it (RFC 9457), with a code for programs. */
export interface Problem {
  status: number;
  code: string;
  detail: string;
  fields?: readonly BadField[] | undefined;
  /** The live run, where there may be no other one. */
  workflowId?: string | undefined;
  /** What is on offer instead of a refused action, at which visit and head. */
  offers?: readonly string[] | undefined;
  visit?: string | undefined;
  head?: string | undefined;
}

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Too slow',
  409: 'Conflict',
  413: 'Too large',
  415: 'Wrong media type',
  422: 'Invalid input',
  429: 'Too many requests',
  500: 'An error of ours',
  503: 'Not available now',
};

/** Answers with a problem. */
export const refuse = (reply: FastifyReply, { status, ...problem }: Problem): FastifyReply =>
  reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type: 'about:blank', title: TITLES[status] ?? 'Refused', status, ...problem }));

const CODES: Record<string, Problem> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, code: 'too_large', detail: 'The body is too large.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { status: 415, code: 'media_type', detail: 'The body must be application/json.' },
  FST_ERR_CTP_EMPTY_JSON_BODY: { status: 400, code: 'bad_json', detail: 'The body is empty. It must be JSON.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, code: 'bad_request', detail: 'The Content-Length is wrong.' },
};

/** Answers with what went wrong. Only errors of the request are described: others may name what nobody may see. */
export function failed(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = CODES[error.code];
  if (known) return refuse(reply, known);
  if (error instanceof SyntaxError)
    return refuse(reply, { status: 400, code: 'bad_json', detail: 'The body is not JSON.' });
  if (error.name === 'StateUnavailable')
    return refuse(reply, { status: 503, code: 'unavailable', detail: 'The database does not answer now.' });
  const { statusCode = 500 } = error;
  if (statusCode === 429) return refuse(reply, { status: 429, code: 'rate', detail: error.message });
  if (statusCode >= 400 && statusCode < 500)
    return refuse(reply, { status: statusCode, code: 'bad_request', detail: error.message });
  request.log.error({ err: error }, 'a request failed');
  return refuse(reply, { status: 500, code: 'internal', detail: `The log says more: request ${request.id}.` });
}
