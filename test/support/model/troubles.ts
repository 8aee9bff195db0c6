import type { ServerResponse } from 'node:http';
import type { Trouble } from './script.ts';

interface Refusal {
  status: number;
  headers?: Record<string, string>;
  error: object;
}

/** When a usage limit ends, in Unix seconds: a whole minute, because Codex names no seconds. */
export const RESETS_AT = Math.floor(Date.now() / 60_000) * 60 + 3 * 86_400;

const refusal = (status: number, error: object, headers?: Record<string, string>): Refusal => ({
  status,
  error,
  ...(headers && { headers }),
});

const REFUSALS: Partial<Record<Trouble, Refusal>> = {
  unauthorized: refusal(401, {
    message: 'Incorrect API key provided.',
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  }),
  forbidden: refusal(403, { message: 'Your organization has no access.', type: 'permission_error', code: 'forbidden' }),
  modelNotFound: refusal(404, {
    message: 'The model `fake` does not exist or you do not have access to it.',
    type: 'invalid_request_error',
    code: 'model_not_found',
  }),
  rateLimited: refusal(
    429,
    { message: 'Rate limit reached for requests.', type: 'requests', code: 'rate_limit_exceeded' },
    { 'retry-after': '5' },
  ),
  rateLimitedForAnHour: refusal(
    429,
    { message: 'Rate limit reached for requests.', type: 'requests', code: 'rate_limit_exceeded' },
    { 'retry-after': '3600' },
  ),
  insufficientQuota: refusal(429, {
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  }),
  usageLimitReached: refusal(429, {
    message: 'The usage limit has been reached',
    type: 'usage_limit_reached',
    plan_type: 'plus',
    resets_at: RESETS_AT,
  }),
  unavailable: refusal(503, {
    message: 'The server is overloaded.',
    type: 'server_error',
    code: 'server_is_overloaded',
  }),
  overloaded: refusal(529, { message: 'Overloaded', type: 'overloaded_error' }),
  internalError: refusal(500, { message: 'The server had an error.', type: 'server_error' }),
  badRequest: refusal(400, {
    message: 'Unknown parameter: fancy.',
    type: 'invalid_request_error',
    code: 'unknown_parameter',
  }),
  contextTooLong: refusal(400, {
    message: 'Your input exceeds the context window of this model.',
    type: 'invalid_request_error',
    code: 'context_length_exceeded',
  }),
};

export const EVENT_STREAM = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };

/** Answers badly. `begin` is how a stream of this provider begins, for those that are cut. */
export function misbehave(response: ServerResponse, trouble: Trouble, begin: string): void {
  const refused = REFUSALS[trouble];
  if (refused) {
    response.writeHead(refused.status, { 'content-type': 'application/json', ...refused.headers });
    response.end(JSON.stringify({ error: refused.error }));
    return;
  }
  switch (trouble) {
    case 'cut':
      response.writeHead(200, EVENT_STREAM);
      response.write(begin, () => response.destroy());
      return;
    case 'silence':
      response.writeHead(200, EVENT_STREAM);
      response.flushHeaders();
      return;
    case 'reset':
      response.socket?.resetAndDestroy();
      return;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end('<html><body><h1>Captive portal</h1>Please sign in.</body></html>');
      return;
    default: // an empty stream
      response.writeHead(200, EVENT_STREAM);
      response.end();
  }
}
