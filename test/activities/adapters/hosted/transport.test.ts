import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import {
  CredentialsRefused,
  ForgeUnavailable,
  NotThere,
  PermissionMissing,
  RateLimited,
  Refused,
} from '../../../../activities/adapters/hosted/failures.ts';
import { Transport, type Asking, type TransportOptions } from '../../../../activities/adapters/hosted/transport.ts';

interface Asked {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
}
type Reply = (request: Asked, response: ServerResponse) => void;

/** A server whose answers are scripted, one function for all paths. */
async function serving() {
  const asked: Asked[] = [];
  const script: { reply: Reply } = { reply: (_, response) => response.end('{}') };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      asked.push({ method, path, headers, body });
      script.reply(asked.at(-1)!, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<unknown>((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { asked, script, close, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

let forge: Awaited<ReturnType<typeof serving>>;
let other: Awaited<ReturnType<typeof serving>>;
let now: number;
const clock = { now: () => now, sleep: async (ms: number) => void (now += ms) };
beforeEach(async () => {
  [forge, other] = [await serving(), await serving()];
  now = Date.now();
});
afterEach(async () => {
  await Promise.all([forge.close(), other.close()]);
});

const open = (options: Partial<TransportOptions> = {}) =>
  new Transport({ vendor: 'Forge', timeoutMs: 2_000, clock, ...options });
const ask = (transport: Transport, more: Partial<Asking> = {}) =>
  transport.ask({ as: 'token', method: 'GET', url: `${forge.url}/api/thing`, ...more });
const answering = (status: number, headers: Record<string, string> = {}, body: unknown = {}): Reply => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return (_, response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
};
const failureOf = async (asking: Promise<unknown>): Promise<Error & { retryAfterMs?: number }> =>
  asking.then(
    () => Promise.reject(new Error('It was answered.')),
    (failure: Error) => failure,
  );

describe('what an answer means', () => {
  const minute = 60_000;
  const reset = () => String(Math.floor(Date.now() / 1_000) + 120);
  it.each<[string, Reply, new (...args: never[]) => Error, number | undefined]>([
    ['401', answering(401, {}, { message: 'Bad credentials' }), CredentialsRefused, 5_000],
    ['403', answering(403, {}, { message: 'Resource not accessible' }), PermissionMissing, undefined],
    ['403 with retry-after', answering(403, { 'retry-after': '7' }), RateLimited, 7_000],
    [
      '403 whose text says so',
      answering(403, {}, { message: 'You have exceeded a secondary rate limit' }),
      RateLimited,
      minute,
    ],
    [
      '403 of a secondary limit that asks for less than a minute',
      answering(403, { 'retry-after': '7' }, { message: 'You have exceeded a secondary rate limit' }),
      RateLimited,
      minute,
    ],
    ['429 with a time', answering(429, { 'retry-after': '90' }), RateLimited, 90_000],
    ['429 without', answering(429), RateLimited, minute],
    ['429 as a page', answering(429, { 'content-type': 'text/html' }, '<html>slow</html>'), RateLimited, minute],
    ['404', answering(404, {}, { message: 'Not Found' }), NotThere, undefined],
    ['410', answering(410), NotThere, undefined],
    ['423', answering(423), NotThere, undefined],
    [
      '404 as a page of a proxy',
      answering(404, { 'content-type': 'text/html' }, '<html>404</html>'),
      ForgeUnavailable,
      undefined,
    ],
    ['403 as a page of a proxy', answering(403, {}, '<!doctype html>'), ForgeUnavailable, undefined],
    ['405', answering(405, {}, { message: 'Not mergeable' }), Refused, undefined],
    ['409', answering(409), Refused, undefined],
    ['422', answering(422), Refused, undefined],
    ['500', answering(500), ForgeUnavailable, undefined],
    ['502 as a page', answering(502, {}, '<html>Bad gateway</html>'), ForgeUnavailable, undefined],
    ['a success that is no JSON', answering(200, {}, '<html>Welcome</html>'), ForgeUnavailable, undefined],
    ['half a JSON', answering(200, {}, '{"half":'), ForgeUnavailable, undefined],
    ['a reset', (_, response) => response.socket!.destroy(), ForgeUnavailable, undefined],
    [
      'a reset within the body',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"a":', () => response.socket!.destroy());
      },
      ForgeUnavailable,
      undefined,
    ],
  ])('%s', async (_, reply, kind, retryAfterMs) => {
    forge.script.reply = reply;
    const failure = await failureOf(ask(open()));
    expect(failure).toBeInstanceOf(kind);
    expect(failure.retryAfterMs).toBe(retryAfterMs);
  });

  it('waits until the reset by the clock of the forge, whatever ours says', async () => {
    const date = new Date(Date.now() - 3_600_000);
    const at = String(Math.floor(date.getTime() / 1_000) + 300);
    const headers = { date: date.toUTCString(), 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': at };
    forge.script.reply = answering(403, headers);
    const failure = await failureOf(ask(open()));
    expect(failure).toBeInstanceOf(RateLimited);
    expect(failure.retryAfterMs).toBe(300_000);
  });

  it("has the forge's words, what the call needs, and no query", async () => {
    const body = {
      message: 'Validation Failed',
      errors: [{ message: 'A pull request exists' }, { field: 'base', code: 'invalid' }],
    };
    forge.script.reply = answering(422, {}, body);
    const refused = await failureOf(ask(open(), { url: `${forge.url}/api/thing?secret=1` }));
    expect(refused).toMatchObject({ status: 422, words: 'Validation Failed A pull request exists base invalid' });
    expect(refused.message).toBe(
      'Forge refuses GET /api/thing (422): Validation Failed A pull request exists base invalid',
    );
    forge.script.reply = answering(403, { 'x-needs': 'checks=read' }, { message: 'Not accessible' });
    const missing = await failureOf(ask(open({ needs: (headers) => headers.get('x-needs') ?? undefined })));
    expect(missing.message).toBe('We may not GET /api/thing at Forge (403): Not accessible. It needs checks=read.');
  });

  it('gives expected statuses as answers', async () => {
    forge.script.reply = answering(404, {}, { message: 'Not Found' });
    const answer = await ask(open(), { expected: [404] });
    expect(answer).toMatchObject({ status: 404, body: { message: 'Not Found' } });
  });

  it('never takes a rate limit for an expected answer', async () => {
    forge.script.reply = answering(403, { 'x-ratelimit-remaining': '0' });
    await expect(ask(open(), { expected: [403] })).rejects.toThrow(RateLimited);
  });

  it('never takes a 401 for an expected answer', async () => {
    forge.script.reply = answering(401);
    await expect(ask(open(), { expected: [401] })).rejects.toThrow(CredentialsRefused);
  });

  it('ends a call that takes too long', async () => {
    forge.script.reply = (_, response) => response.writeHead(200).write('{');
    const failure = await failureOf(ask(open({ timeoutMs: 100 })));
    expect(failure).toBeInstanceOf(ForgeUnavailable);
    expect(failure.message).toBe('Forge: No answer to GET /api/thing in time.');
  });

  it('refuses an answer that would fill the memory', async () => {
    forge.script.reply = (_, response) => response.writeHead(200).end(`"${'x'.repeat(33_000_000)}"`);
    const failure = await failureOf(ask(open({ timeoutMs: 20_000 })));
    expect(failure.message).toBe('Forge: the answer to GET /api/thing is too large.');
  });

  it('throws what the caller aborts with', async () => {
    forge.script.reply = () => undefined;
    const stop = new AbortController();
    const asking = failureOf(ask(open(), { signal: stop.signal }));
    stop.abort(new Error('Stopped.'));
    expect((await asking).message).toBe('Stopped.');
  });

  it('checks a body against its schema', () => {
    const schema = z.object({ id: z.number() });
    const transport = open();
    expect(transport.fitting(schema, { id: 1 }, 'GET /x')).toEqual({ id: 1 });
    expect(() => transport.fitting(schema, { id: 'a' }, 'GET /x')).toThrow(ForgeUnavailable);
    expect(() => transport.fitting(schema, undefined, 'GET /x')).toThrow(
      'Forge answers GET /x in an unknown form: it:',
    );
  });

  it('says the reset of a limit that is near', async () => {
    forge.script.reply = answering(200, {
      'x-ratelimit-limit': '60',
      'x-ratelimit-remaining': '41',
      'x-ratelimit-reset': reset(),
    });
    const transport = open();
    await ask(transport);
    expect(transport.left('token')).toMatchObject({ left: 41, of: 60 });
    expect(transport.left('another')).toBeUndefined();
  });
});

describe('redirects', () => {
  const headers = { authorization: 'Bearer secret', 'x-own': 'kept' };

  it.each([301, 302, 307, 308])('follows %i with method, body and credentials within the same host', async (status) => {
    forge.script.reply = ({ path }, response) =>
      path === '/api/thing' ? response.writeHead(status, { location: '/moved' }).end() : response.end('{"ok":true}');
    const answer = await ask(open(), { method: 'POST', body: { a: 1 }, headers });
    expect(answer.body).toEqual({ ok: true });
    expect(forge.asked[1]).toMatchObject({ method: 'POST', path: '/moved', body: '{"a":1}' });
    expect(forge.asked[1]!.headers).toMatchObject({
      authorization: 'Bearer secret',
      'content-type': 'application/json',
    });
  });

  it('sends no credentials to another port, not even on the way back', async () => {
    forge.script.reply = ({ path }, response) =>
      path === '/api/thing' ? response.writeHead(302, { location: `${other.url}/a` }).end() : response.end('{}');
    other.script.reply = (_, response) => response.writeHead(302, { location: `${forge.url}/back` }).end();
    await ask(open(), { headers });
    expect(other.asked[0]!.headers).toMatchObject({ 'x-own': 'kept' });
    expect(other.asked[0]!.headers).not.toHaveProperty('authorization');
    expect(forge.asked[1]).toMatchObject({ path: '/back' });
    expect(forge.asked[1]!.headers).not.toHaveProperty('authorization');
  });

  it('keeps a body with a secret within the host', async () => {
    forge.script.reply = (_, response) => response.writeHead(307, { location: `${other.url}/a` }).end();
    const asking = ask(open(), { method: 'POST', body: { secret: 's' }, stay: true });
    await expect(asking).rejects.toThrow(ForgeUnavailable);
    expect(other.asked).toEqual([]);
  });

  it('ends a loop', async () => {
    forge.script.reply = (_, response) => response.writeHead(302, { location: '/api/thing' }).end();
    await expect(ask(open())).rejects.toThrow('Forge: GET /api/thing is redirected more than 5 times.');
    expect(forge.asked).toHaveLength(6);
  });
});

describe('waiting together', () => {
  it('asks nothing with limited credentials until the limit is over', async () => {
    forge.script.reply = answering(429, { 'retry-after': '30' });
    const transport = open();
    await failureOf(ask(transport));
    forge.script.reply = answering(200);
    now += 10_000;
    const failure = await failureOf(ask(transport, { url: `${forge.url}/else`, method: 'POST' }));
    expect(failure).toBeInstanceOf(RateLimited);
    expect(failure.retryAfterMs).toBe(20_000);
    expect(forge.asked).toHaveLength(1);
    expect((await ask(transport, { as: 'other token' })).status).toBe(200);
    now += 21_000;
    expect((await ask(transport)).status).toBe(200);
  });

  it('asks once in a while with refused credentials: every 5 s at first, then every minute', async () => {
    forge.script.reply = answering(401, {}, { message: 'Bad credentials' });
    const transport = open();
    const from = now;
    const tries: number[] = [];
    for (; now <= from + 180_000; now += 1_000) {
      const [before, failure] = [forge.asked.length, await failureOf(ask(transport))];
      expect(failure).toBeInstanceOf(CredentialsRefused);
      if (forge.asked.length > before) tries.push((now - from) / 1_000);
    }
    expect(tries).toEqual([0, 5, 10, 15, 20, 25, 30, 90, 150]);
  });

  it('goes on once refused credentials are good again, or new ones are there', async () => {
    forge.script.reply = answering(401);
    const transport = open();
    await failureOf(ask(transport));
    forge.script.reply = answering(200);
    await expect(ask(transport)).rejects.toThrow(CredentialsRefused);
    transport.renewed('token');
    await ask(transport);
    forge.script.reply = answering(401);
    await failureOf(ask(transport));
    forge.script.reply = answering(200);
    now += 5_000;
    await ask(transport);
    await ask(transport);
    expect(forge.asked).toHaveLength(5);
  });

  it('checks refused credentials once for all who ask at the same time', async () => {
    forge.script.reply = answering(401);
    const transport = open();
    await failureOf(ask(transport));
    now += 5_000;
    await Promise.all([failureOf(ask(transport)), failureOf(ask(transport)), failureOf(ask(transport))]);
    expect(forge.asked).toHaveLength(2);
  });

  it('reads with at most half of what the limit leaves, spread until the reset, and always writes', async () => {
    let left = 400;
    const reset = Math.floor(now / 1_000) + 3_600;
    forge.script.reply = (request, response) => {
      left -= 1;
      const limits = {
        'x-ratelimit-limit': '500',
        'x-ratelimit-remaining': `${left}`,
        'x-ratelimit-reset': `${reset}`,
      };
      answering(200, { ...limits, date: new Date(now).toUTCString() })(request, response);
    };
    const transport = open();
    const from = now;
    const reads: number[] = [];
    for (; now < from + 3_590_000; now += 5_000) {
      const done = await ask(transport).then(
        () => true,
        () => false,
      );
      if (done) reads.push(now - from);
    }
    expect(reads.length).toBeGreaterThan(170);
    expect(reads.length).toBeLessThanOrEqual(200);
    expect(reads.filter((at) => at < 600_000).length).toBeLessThan(90);
    expect((await ask(transport, { method: 'POST' })).status).toBe(200);
  });
});

describe('conditional requests', () => {
  beforeEach(() => {
    forge.script.reply = (request, response) =>
      request.headers['if-none-match'] === '"1"'
        ? response.writeHead(304, { 'x-ratelimit-remaining': '7' }).end()
        : response
            .writeHead(200, { etag: '"1"', link: '<x>; rel="next"', 'content-type': 'application/json' })
            .end('{"n":1}');
  });

  it('gives the known answer again, with its links', async () => {
    const transport = open();
    await ask(transport);
    const again = await ask(transport);
    expect(again).toMatchObject({ status: 200, body: { n: 1 } });
    expect(again.headers.get('link')).toBe('<x>; rel="next"');
    expect(transport.counts()).toEqual([
      { method: 'GET', status: 200, count: 1 },
      { method: 'GET', status: 304, count: 1 },
    ]);
  });

  it('knows answers by credentials', async () => {
    const transport = open();
    await ask(transport);
    await ask(transport, { as: 'other token' });
    expect(forge.asked[1]!.headers).not.toHaveProperty('if-none-match');
  });
});

describe('a library that is given the fetch', () => {
  it('gets answers as responses, and failures as they are', async () => {
    forge.script.reply = answering(201, {}, { made: true });
    const transport = open();
    const response = await transport.fetchFor({ as: 'token' })(`${forge.url}/x`, { method: 'POST', body: '{}' });
    expect([response.status, await response.json()]).toEqual([201, { made: true }]);
    forge.script.reply = answering(204, {}, '');
    expect((await transport.fetchFor({ as: 'token' })(`${forge.url}/x`, { method: 'DELETE' })).status).toBe(204);
    forge.script.reply = answering(500);
    await expect(transport.fetchFor({ as: 'token' })(`${forge.url}/x`)).rejects.toThrow(ForgeUnavailable);
  });

  it('gets texts as they are', async () => {
    forge.script.reply = answering(200, { 'content-type': 'text/plain' }, 'a log');
    expect(await ask(open(), { read: 'text' })).toMatchObject({ body: 'a log' });
  });
});

it('counts calls without an answer, and ends calls when it is closed', async () => {
  forge.script.reply = (_, response) => response.socket!.destroy();
  const transport = open();
  await failureOf(ask(transport));
  expect(transport.counts()).toEqual([{ method: 'GET', status: 0, count: 1 }]);
  forge.script.reply = () => undefined;
  const asking = failureOf(ask(transport));
  transport.close();
  expect((await asking).message).toBe('This worker is stopping.');
  await expect(ask(transport)).rejects.toThrow('This worker is stopping.');
});
