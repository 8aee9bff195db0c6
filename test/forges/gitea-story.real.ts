import { jest } from '@jest/globals';
import { GiteaRepository } from '../support/gitea/repository.ts';
import { ActionsRunner } from '../support/gitea/runner.ts';
import { GiteaServer } from '../support/gitea/server.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(600_000);

/** The coder breaks the CI of the repository, and the helper mends what the log of its job says. */
const AGENT = `
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
const job = JSON.parse(readFileSync(process.env.GATEHOUSE_JOB, 'utf8'));
const outputs = {
  reviewer: { rating: 0.9, summary: 'fine' },
  merger: { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'small' },
};
if (job.role === 'coder') writeFileSync('price.txt', 'price: wrong\\n');
if (job.role === 'ci-fixer') {
  if (!/price\\.txt:1: is wrong/.test(JSON.stringify(job))) throw new Error('the log of the red check is missing');
  writeFileSync('price.txt', 'price: right\\n');
}
writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify({ summary: job.role + ' is done', output: outputs[job.role] }));
`;

const SERVER = `
import { createServer } from 'node:http';
createServer((request, response) => response.end('the change')).listen(Number(process.env.PORT), '127.0.0.1');
`;

const WORKFLOW = `
name: CI
on: [push, pull_request]
jobs:
  prices:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          if grep -q wrong price.txt 2>/dev/null; then echo "price.txt:1: is wrong"; exit 1; fi
`;

const FILES = {
  '.gatehouse.yml': [
    `environment: { start: 'exec node server.mjs', ready: / }`,
    `agents: { default: 'node agent.mjs' }`,
    '',
  ].join('\n'),
  'agent.mjs': AGENT,
  'server.mjs': SERVER,
  '.gitea/workflows/ci.yml': WORKFLOW,
};

let server: GiteaServer;
let runner: ActionsRunner;
let stack: TestStack;
let shop: GiteaRepository;

beforeAll(async () => {
  server = await GiteaServer.start();
  runner = await ActionsRunner.start(server);
  shop = await GiteaRepository.create(server, 'ana', 'shop', { files: FILES });
  const bot = await shop.collaborator('gatehouse', 'write');
  await shop.collaborator('cy', 'write');
  await shop.protect('main', {
    enable_status_check: true,
    status_check_contexts: ['CI / *'],
    required_approvals: 1,
  });
  stack = await TestStack.started({
    GATEHOUSE_GITEA_URL: server.address,
    GATEHOUSE_GITEA_TOKEN: bot.token,
    GATEHOUSE_LOOK_SECONDS: '1',
    GATEHOUSE_ISOLATION: 'none',
  });
});

afterAll(async () => {
  await stack?.remove();
  await runner.stop();
  await server.stop();
});

const start = (task: string) =>
  stack.gatehouse(
    ...['start', `${server.address}/ana/shop`, '--task', task, '--title', 'Right prices'],
    ...['--pipeline', 'human-review', '--started-by', 'ana'],
  );

it('human-review: a push while parked, a server that is killed, red CI that is mended, and a protected base', async () => {
  expect(await start('PAY-1')).toMatchObject({ code: 0 });
  const parked = await stack.parked('PAY-1', 'human-test');
  expect(parked.change).toMatchObject({ repository: `${server.address}/ana/shop`, base: 'main' });
  const { branch } = parked.change;
  expect(await shop.head(branch)).toBe(parked.change.head);

  // Somebody else pushes: what was shown is void, and the new head is asked about.
  const pushed = await shop.commit({ branch, files: { 'note.txt': 'by cy\n' }, as: await server.account('cy') });
  const again = await until('the new head to be asked about', async () => {
    const run = await stack.run('PAY-1');
    return run?.status === 'parked' && run.change.head === pushed && run;
  });
  expect(again.current.visit).not.toBe(parked.current.visit);

  // The server dies, and the run waits for it once it has something to ask. No attempt is used.
  await server.kill();
  const confirmed = await stack.gatehouse('confirm', 'PAY-1', '--by', 'bo');
  expect(confirmed).toMatchObject({ code: 0, out: { is: 'taken' } });
  await until('the run to wait for the forge', async () => {
    const run = await stack.run('PAY-1');
    return run?.status === 'running' && run.waitingOn?.what === 'forge';
  });
  await server.restart();

  const { number } = await until('the pull request', async () => (await shop.do('GET', '/pulls?state=all'))[0]);
  await shop.review(number, 'APPROVED', await server.account('cy'));
  await until('red CI that is mended', () => runner.ran.some((line) => line.includes('RESULT_FAILURE')));
  await until('the merge', async () => (await shop.pullRequest(number)).merged === true);
  const { end, steps } = await stack.ended('PAY-1');
  expect(end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
  expect(await shop.head()).toBe(end.result.mergeCommit);
  expect(await shop.pullRequest(number)).toMatchObject({ merged: true, merge_commit_sha: end.result.mergeCommit });
  const raw = await server.call('GET', `${shop.path}/raw/price.txt?ref=main`);
  expect(raw.body).toBe('price: right\n');
  const ci = steps.find(({ kind }: { kind: string }) => kind === 'ci');
  expect(ci.attempts).toHaveLength(1);
  expect(runner.ran.filter((line) => line.includes('RESULT_FAILURE')).length).toBeGreaterThan(0);
  // The branch that we made is gone.
  expect((await server.call('GET', `${shop.path}/branches/${branch}`)).status).toBe(404);
});
