import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { jest } from '@jest/globals';
import { workflowRun } from '../support/github/ci.ts';
import type { StubRepository } from '../support/github/repository.ts';
import { GithubStub } from '../support/github/stub.ts';
import { isolationHere } from '../support/isolation.ts';
import { freePort } from '../support/ports.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

const SAMPLE = fileURLToPath(new URL('../../client/local-stack/sample/', import.meta.url));
const SECRET = 'planted-secret-of-the-webhook';
const ID = 'run/default/SHOP-1';

let stub: GithubStub;
let shop: StubRepository;
let stack: TestStack;
let tokens: Record<'bot' | 'ana' | 'eve', string>;

beforeAll(async () => {
  const [{ works }, httpPort] = [await isolationHere(), await freePort()];
  stack = await TestStack.create({ GATEHOUSE_HTTP_PORT: String(httpPort), GATEHOUSE_GITHUB_WEBHOOK_SECRET: SECRET });
  stub = await GithubStub.start(path.join(stack.home, 'git'));
  shop = await stub.repository('acme/shop', await sampleFiles());
  tokens = { bot: stub.token('gatebot'), ana: stub.token('ana'), eve: stub.token('eve') };
  for (const login of ['gatebot', 'ana']) shop.collaborators.set(login, 'write');
  shop.collaborators.set('eve', 'read');
  const url = `http://127.0.0.1:${httpPort}/webhooks/github`;
  shop.hooks.push({ id: 1, active: true, events: ['*'], url, secret: SECRET });
  Object.assign(stack.variables, {
    GATEHOUSE_GITHUB_API_URL: stub.api,
    GATEHOUSE_GITHUB_TOKEN: tokens.bot,
    // A webhook is what makes runs quick here: without one they would be asked about every minute.
    GATEHOUSE_LOOK_SECONDS: '60',
    SAMPLE_PACE_MS: '0',
    ...(!works && { GATEHOUSE_ISOLATION: 'none' }),
  });
  await stack.start();
});

afterAll(async () => {
  await stack.remove();
  await stub.close();
});

async function sampleFiles(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(SAMPLE, { recursive: true, withFileTypes: true })) {
    const at = path.join(entry.parentPath, entry.name);
    if (entry.isFile()) files[path.relative(SAMPLE, at)] = await readFile(at, 'utf8');
  }
  return files;
}

const run = () => stack.run('SHOP-1');
const call = async (token: string, method: string, at: string, body?: object) => {
  const headers = { authorization: `token ${token}`, 'content-type': 'application/json', 'user-agent': 'a person' };
  const answer = await fetch(`${stub.api}/repos/acme/shop${at}`, { method, headers, body: JSON.stringify(body) });
  return (await answer.json()) as { id: number };
};

/** Comments as a person does on the page of the pull request, and delivers the webhook for it. */
async function comments(who: 'ana' | 'eve', text: string): Promise<number> {
  const { id } = await call(tokens[who], 'POST', '/issues/1/comments', { body: text });
  const issue = { number: 1, pull_request: {} };
  await stub.deliver(shop, 'issue_comment', { action: 'created', issue, comment: { id, body: text } });
  return id;
}
const reactionOn = (id: number) =>
  until(`an answer to comment ${id}`, async () => shop.comments.find((each) => each.id === id)?.reactions[0]);

it('a change goes from its start to its merge on GitHub, by comments of a person who may write there', async () => {
  const started = await stack.gatehouse(
    ...['start', 'acme/shop', '--task', 'SHOP-1', '--title', 'Show totals with tax', '--pipeline', 'human-review'],
  );
  expect(started).toMatchObject({ code: 0, out: { workflowId: ID, examined: true } });
  const { change } = await stack.parked('SHOP-1', 'human-test');
  expect(change).toMatchObject({ repository: `${stub.pages}/acme/shop`, branch: 'gatehouse/SHOP-1', pullRequest: 1 });
  expect(shop.pulls).toMatchObject([{ number: 1, branch: 'gatehouse/SHOP-1', base: 'main', state: 'open' }]);

  const shown = () => shop.comments.filter(({ by }) => by.login === 'gatebot');
  await until('our comment offers to confirm', async () => shown()[0]?.body.includes('/gatehouse confirm'));
  expect(await reactionOn(await comments('eve', '/gatehouse confirm'))).toBe('confused');
  expect((await run()).current.kind).toBe('human-test');

  // CI of the head is red at first: a job that the helper cannot mend is run again by a person, and a webhook tells of it.
  const head = change.head as string;
  const red = workflowRun(stub, shop, head, { jobs: [{ name: 'build' }] });
  expect(await reactionOn(await comments('ana', '/gatehouse confirm It adds up.'))).toBe('+1');
  await until('it waits for the checks', async () => (await run()).waitingOn.what === 'checks');
  for (const job of red.jobs) Object.assign(job, { status: 'completed', conclusion: 'success' });
  Object.assign(red, { status: 'completed', conclusion: 'success' });
  for (const check of shop.checkRuns) Object.assign(check, { status: 'completed', conclusion: 'success' });
  await stub.deliver(shop, 'check_run', { check_run: { head_sha: head, check_suite: { head_branch: change.branch } } });

  const { end } = await stack.ended('SHOP-1');
  expect(end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
  expect(stub.merges).toEqual(['acme/shop#1']);
  expect(await shop.headOf('gatehouse/SHOP-1')).toBeUndefined();
  await until('the pull request says so', async () => /passed/.test(shown()[0]!.body));
  expect(shown()).toHaveLength(1);
  expect(shop.statuses.filter(({ context }) => context === 'gatehouse').at(-1)).toMatchObject({ state: 'success' });
  expect(stub.breaches).toEqual([]);
  expect(stub.deliveries.every(({ status }) => status === 202)).toBe(true);

  const { out } = await stack.gatehouse('log', 'SHOP-1');
  const [confirmed] = out.actions ?? out;
  expect(confirmed).toMatchObject({ action: 'confirm', by: 'github:ana', via: 'pull-request' });
});

it('no secret is in a file, or in the history', async () => {
  const shown = await stack.temporal('workflow', 'show', '--workflow-id', ID, '--output', 'json');
  const payloads = [...shown.matchAll(/"data": "([A-Za-z0-9+/=]+)"/g)].map(([, data]) => data!);
  const history = [shown, ...payloads.map((data) => Buffer.from(data, 'base64').toString('utf8'))].join('\n');
  const secrets = [tokens.bot, SECRET, Buffer.from(`x-access-token:${tokens.bot}`).toString('base64')];
  for (const secret of secrets) expect(history).not.toContain(secret);
  expect(history).toContain('Show totals with tax');
  const files = await readdir(path.join(stack.home, 'data'), { recursive: true, withFileTypes: true });
  let read = 0;
  for (const file of files.filter((each) => each.isFile())) {
    const text = await readFile(path.join(file.parentPath, file.name), 'latin1').catch(() => '');
    read += text.length;
    for (const secret of secrets) expect([file.name, text.includes(secret)]).toEqual([file.name, false]);
  }
  expect(read).toBeGreaterThan(10_000);
});
