import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { refuse } from '../problems.ts';
import { namedBy } from './events.ts';
import type { PassingOn } from './passing-on.ts';
import { isSigned, type Sender } from './signatures.ts';
import { receiveSlack, type SlackParts } from './slack.ts';

/** GitHub's limit for the body of a webhook, in bytes (docs.github.com/webhooks/webhook-events-and-payloads). */
const MOST_BYTES = 25 * 1_024 * 1_024;
/** The largest interaction of Slack that we read, in bytes. */
const SLACK_BYTES = 1_024 * 1_024;

export type Secrets = Partial<Record<Sender, string>>;

/** Receives webhooks. A forge without a configured secret has no address here. */
export const receiving =
  (secrets: Secrets, passing: PassingOn, slack?: SlackParts) =>
  async (door: FastifyInstance): Promise<void> => {
    // The signature is over the bytes as they were sent, whatever their media type says.
    door.removeAllContentTypeParsers();
    door.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MOST_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    if (slack) door.post('/webhooks/slack', { bodyLimit: SLACK_BYTES }, receiveSlack(slack));
    for (const sender of ['github', 'gitea'] as const) {
      const secret = secrets[sender];
      if (secret === undefined) continue;
      door.post(`/webhooks/${sender}`, { bodyLimit: MOST_BYTES }, (request, reply) =>
        receive({ sender, secret, passing }, request, reply),
      );
    }
  };

interface Sent {
  sender: Sender;
  secret: string;
  passing: PassingOn;
}

async function receive({ sender, secret, passing }: Sent, request: FastifyRequest, reply: FastifyReply) {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (!isSigned(sender, request.headers, body, secret)) {
    return refuse(reply, { status: 401, code: 'signature', detail: 'The signature is missing or wrong.' });
  }
  const event = headerOf(request, ['x-github-event', 'x-gitea-event', 'x-forgejo-event']);
  const id = headerOf(request, ['x-github-delivery', 'x-gitea-delivery', 'x-forgejo-delivery']);
  const named = event === undefined ? undefined : namedBy(event, jsonOf(body, request.headers['content-type']));
  if (event === undefined || id === undefined || !named) {
    request.log.debug({ sender, event, delivery: id }, 'a webhook without an effect');
    return reply.code(202).send();
  }
  const delivery = { sender, id: id.slice(0, 200), event, named };
  if (await passing.deliveries.accept(delivery)) {
    // Whoever sends it only learns that it was kept. What is down meanwhile delays what follows, and loses nothing.
    void passing.take(delivery);
  }
  return reply.code(202).send();
}

const headerOf = ({ headers }: FastifyRequest, names: readonly string[]): string | undefined => {
  for (const name of names) if (typeof headers[name] === 'string') return headers[name];
  return undefined;
};

/** The body as JSON, also from a form, which forges offer as the other media type. Undefined: it is neither. */
function jsonOf(body: Buffer, type = ''): unknown {
  const text = body.toString('utf8');
  try {
    return JSON.parse(
      type.startsWith('application/x-www-form-urlencoded') ? (new URLSearchParams(text).get('payload') ?? '') : text,
    );
  } catch {
    return undefined;
  }
}
