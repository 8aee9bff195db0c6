import { createHmac } from 'node:crypto';
import type { Notifier } from '../../ports.ts';

const TIMEOUT_MS = 10_000;
/** Client errors that are transient: request timeout, too early, too many requests. */
const PASSING = [408, 425, 429];

export interface Webhook {
  url: string;
  secret?: string | undefined;
  log: (fields: object, message: string) => void;
}

/**
 * Posts each notice as JSON. Repeated posts of a notice have the same `gatehouse-delivery`, so that a receiver can drop
 * them. The signature covers time and body, so that nobody else can post notices or replay them later. The address may
 * contain a token, and is never logged.
 */
export const webhookNotifier = ({ url, secret, log }: Webhook): Notifier => ({
  async deliver({ key, workflowId, task, notice }, signal) {
    const body = JSON.stringify({ workflowId, task, ...notice });
    const deadline = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'gatehouse-delivery': encodeURI(key), ...signed(body, secret) },
      body,
      // A redirect would send the notice to an address that nobody has configured.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    await response.body?.cancel();
    const { ok, status } = response;
    if (ok) return;
    if (status < 400 || status >= 500 || PASSING.includes(status)) throw new Unanswered(response);
    log({ delivery: key, notice: notice.type, status }, 'the webhook refuses a notice for good: it is dropped');
  },
});

function signed(body: string, secret: string | undefined): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  if (secret === undefined) return { 'gatehouse-timestamp': timestamp };
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return { 'gatehouse-timestamp': timestamp, 'gatehouse-signature': `sha256=${signature}` };
}

class Unanswered extends Error {
  override readonly name = 'Unanswered';
  readonly retryAfterMs: number | undefined;

  constructor({ status, headers }: Response) {
    super(`The webhook answers ${status}.`);
    const after = headers.get('retry-after') ?? '';
    // Seconds, or a date (RFC 9110, 10.2.3).
    const ms = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - Date.now();
    this.retryAfterMs = ms > 0 ? ms : undefined;
  }
}
