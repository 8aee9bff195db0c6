import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { serveCodec, type CodecServer } from '../../client/codec-server.ts';

const UI = 'http://127.0.0.1:8233';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const hello = { metadata: { encoding: base64('json/plain') }, data: base64('"hello"') };

let server: CodecServer;
beforeAll(async () => {
  const keys = [{ id: 'k1', key: randomBytes(32).toString('base64') }];
  server = await serveCodec(keys, { port: 0, ui: UI });
});
afterAll(() => server.close());

const ask = async (path: string, body: unknown, headers: Record<string, string> = {}, method = 'POST') => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${server.endpoint}${path}`, { method, headers, ...(method === 'POST' && { body: text }) });
};

it.each(['', '/default'])('encrypts and decrypts for Temporal’s tools, with the path prefix %j', async (prefix) => {
  const encrypted: any = await (await ask(`${prefix}/encode`, { payloads: [hello] })).json();
  expect(encrypted.payloads).toMatchObject([{ metadata: { encoding: base64('binary/encrypted') } }]);
  expect(JSON.stringify(encrypted)).not.toContain(hello.data);
  expect(await (await ask(`${prefix}/decode`, encrypted)).json()).toEqual({ payloads: [hello] });
});

it('returns payloads unchanged if it has no key for them, so that the rest of a history is shown', async () => {
  const other = {
    metadata: { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('k0') },
    data: base64('x'),
  };
  expect(await (await ask('/decode', { payloads: [other, hello] })).json()).toEqual({ payloads: [other, hello] });
});

it('answers only the configured Web UI, and no other page', async () => {
  const asked = await ask('/decode', '', { origin: UI, 'access-control-request-method': 'POST' }, 'OPTIONS');
  expect(asked.status).toBe(204);
  expect(asked.headers.get('access-control-allow-origin')).toBe(UI);
  expect(asked.headers.get('access-control-allow-headers')).toContain('x-namespace');
  for (const origin of ['http://evil.example', 'http://127.0.0.1:8234', 'null']) {
    expect((await ask('/decode', { payloads: [] }, { origin })).status).toBe(403);
  }
});

it('listens on this machine only, and refuses a page whose host name was pointed to it', async () => {
  expect(new URL(server.endpoint).hostname).toBe('127.0.0.1');
  const status = await new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { host: 'evil.example' } };
    request(`${server.endpoint}/decode`, options, (answer) => resolve(answer.resume().statusCode))
      .once('error', reject)
      .end('{"payloads":[]}');
  });
  expect(status).toBe(403);
});

it.each([
  ['/decode', 'no JSON', 400],
  ['/decode', '{"payloads":[{"data":1}]}', 400],
  ['/other', '{"payloads":[]}', 404],
])('refuses %s with the body %s', async (path, body, status) => {
  expect((await ask(path, body)).status).toBe(status);
});

it('names the variable to change if its port is taken', async () => {
  const port = Number(new URL(server.endpoint).port);
  await expect(serveCodec([], { port, ui: UI })).rejects.toThrow('set GATEHOUSE_CODEC_PORT to a free one');
});
