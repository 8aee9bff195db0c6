import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Posted {
  channel: string;
  ts: string;
  text: string;
  blocks: { type: string; text?: { text: string }; elements?: Element[] }[];
  metadata: { event_payload: Record<string, string> };
}
interface Element {
  action_id: string;
  value: string;
  text: { text: string };
}

/** Slack's limits, by the type of a block. */
const MOST = { header: 150, section: 3_000 } as const;

/** A stand-in for Slack's API. It checks methods, tokens, fields and the limits of blocks as Slack does. */
export async function slackServer() {
  const calls: { method: string; fields: Record<string, string> }[] = [];
  const messages: Posted[] = [];
  /** Every content that was shown, in order: posts and updates. */
  const shown: Posted[] = [];
  const script: {
    method: string;
    status?: number;
    headers?: Record<string, string>;
    error?: string;
    lost?: boolean;
  }[] = [];
  const answer = (method: string, fields: Record<string, string>): object => {
    const fault = faultOf(fields);
    switch (method) {
      case 'auth.test':
        return { ok: true, user_id: 'UBOT' };
      case 'conversations.open':
        return { ok: true, channel: { id: `D${fields['users']}` } };
      case 'conversations.list':
        return { ok: true, channels: [{ id: 'CSHIP', name: 'ship' }], response_metadata: { next_cursor: '' } };
      case 'conversations.history':
        return { ok: true, messages: messages.filter(({ channel }) => channel === fields['channel']) };
      case 'chat.postMessage': {
        if (fault) return { ok: false, error: fault };
        const channel = fields['channel'] === '#ship' ? 'CSHIP' : (fields['channel'] ?? '').replace(/^U/, 'DU');
        const message = contentOf(fields, channel, `${1_700_000_000 + messages.length}.000100`);
        messages.push(message);
        shown.push(structuredClone(message));
        return { ok: true, channel, ts: message.ts };
      }
      case 'chat.update': {
        if (fault) return { ok: false, error: fault };
        const found = messages.find(({ channel, ts }) => channel === fields['channel'] && ts === fields['ts']);
        if (!found) return { ok: false, error: 'message_not_found' };
        Object.assign(found, contentOf(fields, found.channel, found.ts));
        shown.push(structuredClone(found));
        return { ok: true, channel: found.channel, ts: found.ts };
      }
      default:
        return { ok: false, error: 'unknown_method' };
    }
  };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const method = (request.url ?? '').replace(/^\/api\//, '');
      const fields = Object.fromEntries(new URLSearchParams(body));
      calls.push({ method, fields });
      const planned = script[0]?.method === method ? script.shift() : undefined;
      if (planned?.status) return response.writeHead(planned.status, planned.headers).end();
      const isOurs = request.headers.authorization === 'Bearer xoxb-good';
      const said = !isOurs
        ? { ok: false, error: 'invalid_auth' }
        : planned?.error
          ? { ok: false, error: planned.error }
          : answer(method, fields);
      if (planned?.lost) return request.socket.destroy(); // it was done, and the answer is lost
      return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
  const close = () =>
    new Promise<unknown>((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url, calls, messages, shown, script, close };
}

const contentOf = (fields: Record<string, string>, channel: string, ts: string): Posted => ({
  channel,
  ts,
  text: fields['text'] ?? '',
  blocks: JSON.parse(fields['blocks'] ?? '[]') as Posted['blocks'],
  metadata: JSON.parse(fields['metadata'] ?? '{}') as Posted['metadata'],
});

/** Why Slack would refuse a message. */
function faultOf({ blocks: text = '[]', text: fallback = '' }: Record<string, string>): string | undefined {
  const blocks = JSON.parse(text) as Posted['blocks'];
  const isBad = blocks.some(({ type, text, elements = [] }) => {
    const most = MOST[type as keyof typeof MOST];
    if (most !== undefined && (text === undefined || text.text.length === 0 || text.text.length > most)) return true;
    const ids = elements.map(({ action_id }) => action_id);
    return (
      elements.length > 25 ||
      new Set(ids).size < ids.length ||
      elements.some((each) => each.value.length > 2_000 || each.text.text.length > 75)
    );
  });
  if (isBad || blocks.length > 50) return 'invalid_blocks';
  return fallback.length > 40_000 ? 'msg_too_long' : undefined;
}
