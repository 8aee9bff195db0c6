import { createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { jest } from '@jest/globals';
import type { Client } from '@temporalio/client';
import { readConfig } from '../../client/config.ts';
import { connect } from '../../client/connection.ts';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

/** Every variable that may hold a secret, except for the codec's keys: encryption would make the search pointless. */
const SECRETS = {
  GATEHOUSE_WEBHOOK_SECRET: 'planted-webhook-secret',
  TEMPORAL_API_KEY: 'planted-api-key',
  TEMPORAL_GRPC_META_AUTHORIZATION: 'planted-grpc-meta',
  TEMPORAL_TLS_CLIENT_KEY_DATA: 'planted-tls-key',
  TEMPORAL_CODEC_AUTH: 'planted-codec-auth',
  GATEHOUSE_OF_TOMORROW: 'planted-unknown',
};
/** A webhook's address may contain a token. */
const TOKEN = 'planted-address-token';
/** Not secret: a variable for agents, and the title of the task. The search has to find both, or it proves nothing. */
const [GIVEN, TITLE] = ['control-of-the-environment', 'control-of-the-title'];

/** Prints and returns its whole environment, our variables first. */
const TELLTALE = `
import { readFileSync, writeFileSync } from 'node:fs';
const job = JSON.parse(readFileSync(process.env.GATEHOUSE_JOB, 'utf8'));
const first = ([name]) => (/^(GATEHOUSE|TEMPORAL|SHOP)_/.test(name) ? 0 : 1);
const all = Object.entries(process.env).sort((a, b) => first(a) - first(b)).map((pair) => pair.join('=')).join('\\n');
console.log(all);
console.error(all);
const output = {
  reviewer: { rating: 0.9, summary: all.slice(0, 900) },
  merger: { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: all.slice(0, 900) },
}[job.role] ?? { all };
if (job.role === 'coder') writeFileSync('made.txt', all);
writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify({ summary: all, output }));
`;
const SETTINGS = `
checks: { test: 'env; env >&2' }
environment: { start: 'env; env >&2; exec node server.mjs .', ready: /healthz }
agents: { default: 'node telltale.mjs' }
`;

let stack: TestStack;
let client: Client;
let receiver: Server;
const posts: { url: string; headers: Record<string, unknown>; body: string }[] = [];

beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += String(data)));
    request.on('end', () => {
      posts.push({ url: request.url!, headers: request.headers, body });
      // Fails twice, in two ways: reports of the failures must not contain a secret either.
      if (posts.length === 1) return void request.socket.destroy();
      response.writeHead(posts.length === 2 ? 503 : 200).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  stack = await TestStack.create({
    ...SECRETS,
    GATEHOUSE_NOTIFY: 'log,file,webhook',
    GATEHOUSE_WEBHOOK_URL: `http://127.0.0.1:${port}/hook/${TOKEN}`,
    GATEHOUSE_LOG_LEVEL: 'debug',
    SHOP_CONTROL: GIVEN,
  });
  await stack.start();
  client = await connect(readConfig(stack.environment));
  const shop = await TestRepository.create(stack.home, 'shop', SETTINGS);
  await shop.write({ 'telltale.mjs': TELLTALE });
  const other = await TestRepository.create(stack.home, 'other');
  const begin = (task: string, { path }: TestRepository) =>
    stack.gatehouse('start', path, '--task', task, '--title', TITLE, '--pipeline', 'human-review');
  const begun = await Promise.all([begin('LEAK-1', shop), begin('BIG-1', other)]);
  expect(begun).toMatchObject([{ code: 0 }, { code: 0 }]);
});
afterAll(async () => {
  await client?.connection.close();
  await stack?.remove();
  receiver?.close();
});

const handleOf = (task: string) => client.workflow.getHandle(`run/default/${task}`);

/** All text in a message of the server, including payloads. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value instanceof Uint8Array) return [Buffer.from(value).toString()];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [key, ...textsOf(each)]);
}

/** What the server stores and returns about one workflow: history, memo, search attributes, and queries. */
async function reported(workflowId: string): Promise<Record<string, string>> {
  const handle = client.workflow.getHandle(workflowId);
  const questions: [string, ...unknown[]][] = [['__temporal_workflow_metadata']];
  if (workflowId.startsWith('run/')) {
    questions.push(['run'], ['actions'], ['waitingOn']);
    for (let step = 1; step <= 6; step += 1) questions.push(['output', { step }]);
  }
  const answers = await Promise.all(
    questions.map(async ([name, ...args]) => [
      `${workflowId} ${[name, ...args.map((each) => JSON.stringify(each))].join(' ')}`,
      JSON.stringify(await handle.query(name, ...args)),
    ]),
  );
  return {
    [`${workflowId} history`]: textsOf(await handle.fetchHistory()).join('\n'),
    [`${workflowId} description`]: textsOf((await handle.describe()).raw).join('\n'),
    ...Object.fromEntries(answers),
  };
}

async function filesBelow(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => path.join(parentPath, name));
  const read = files.map(async (file) => [path.relative(folder, file), await readFile(file, 'latin1')]);
  return Object.fromEntries(await Promise.all(read));
}

it('no secret of the worker appears anywhere that a run leaves data', async () => {
  await stack.parked('LEAK-1', 'human-test');
  await until('a notice is out', () => posts.length > 2);
  const alive = await reported('run/default/LEAK-1');
  await handleOf('LEAK-1').signal('confirm', { by: 'ana' });
  expect((await stack.ended('LEAK-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });

  const ids = new Set<string>();
  for await (const { workflowId } of client.workflow.list()) ids.add(workflowId);
  const places: Record<string, string> = await filesBelow(path.join(stack.home, 'data'));
  for (const [place, text] of Object.entries(alive)) places[`${place}, while parked`] = text;
  for (const id of ids) Object.assign(places, await reported(id));
  for (const [n, { headers, body }] of posts.entries()) places[`notice ${n}`] = JSON.stringify({ headers, body });
  const holding = (text: string) => Object.keys(places).filter((place) => places[place]!.includes(text));

  // The secret is in use, and the search finds the control values wherever agents leave data.
  const { url, headers, body } = posts.at(-1)!;
  const signed = createHmac('sha256', SECRETS.GATEHOUSE_WEBHOOK_SECRET).update(
    `${String(headers['gatehouse-timestamp'])}.${body}`,
  );
  expect(headers['gatehouse-signature']).toBe(`sha256=${signed.digest('hex')}`);
  expect(url).toBe(`/hook/${TOKEN}`);
  expect(holding(TITLE)).toEqual(
    expect.arrayContaining([
      'run/default/LEAK-1 history',
      'run/default/LEAK-1 description',
      'run/default/LEAK-1 run',
      'temporal.db',
      'notices.jsonl',
      'notice 2',
    ]),
  );
  expect(holding(GIVEN)).toEqual(
    expect.arrayContaining([
      'run/default/LEAK-1 history',
      'run/default/LEAK-1 run',
      'run/default/LEAK-1 output {"step":1}',
      'temporal.db',
      expect.stringMatching(/^jobs\/.*stdout\.log$/),
      expect.stringMatching(/^jobs\/.*stderr\.log$/),
    ]),
  );
  for (const place of ['logs/worker.log', 'logs/temporal.log']) expect(Object.keys(places)).toContain(place);
  expect([...ids].some((id) => id.startsWith('env/'))).toBe(true);

  for (const secret of [...Object.values(SECRETS), TOKEN]) expect([secret, holding(secret)]).toEqual([secret, []]);
});

it('a signal of 1.9 MB is refused by the run, one of more than 2 MB by the server, and the run continues', async () => {
  await stack.parked('BIG-1', 'human-test');
  const handle = handleOf('BIG-1');
  const send = (bytes: number) => handle.signal('requestFix', { findings: 'x'.repeat(bytes), by: 'mallory' });

  await send(1_900_000);
  await expect(send(2 * 1_024 * 1_024 + 1)).rejects.toMatchObject({
    cause: { details: expect.stringMatching(/exceed|limit|too large/i) },
  });
  const log = () => handle.query<{ input?: string }[]>('actions');
  const [entry] = await until('it is judged', async () => (await log()).length > 0 && log());
  expect(entry).toMatchObject({ action: 'requestFix', verdict: 'refused', code: 'invalid', by: 'mallory' });
  expect(entry!.input).toMatch(/^\{"findings":"x+$/);
  expect(entry!.input!.length).toBeLessThanOrEqual(12_000);

  await stack.parked('BIG-1', 'human-test');
  await handle.signal('confirm', { by: 'ana' });
  expect((await stack.ended('BIG-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
  expect(await log()).toMatchObject([{ verdict: 'refused' }, { action: 'confirm', verdict: 'taken' }]);
});
