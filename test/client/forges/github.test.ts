import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { readConfig } from '../../../client/config.ts';
import { PullRequestRows } from '../../../activities/adapters/hosted/pull-request/rows.ts';
import { markerLine } from '../../../activities/adapters/hosted/pull-request/marker.ts';
import { initText } from '../../../client/cli/commands/init.ts';
import { dryRun, type DryRun } from '../../../client/forges/dry-run.ts';
import { forgesFound } from '../../../client/forges/findings.ts';
import { setUpSteps } from '../../../client/forges/init.ts';
import { createWebhook, webhookAt, webhookSetUp } from '../../../client/forges/webhooks.ts';
import { openForgesToLook } from '../../../worker/looking/opening.ts';
import { removeFolder } from '../../support/folders.ts';
import { stateIn } from '../../support/state/databases.ts';
import { GithubStub } from '../../support/github/stub.ts';
import type { StubRepository } from '../../support/github/repository.ts';

jest.setTimeout(90_000);

const SECRET = 'a planted secret';
const SETTINGS = `checks: { lint: npm run lint }
environment: { start: npm start }
agents: { default: node agent.mjs, merger: { use: codex } }
`;

let folder: string;
let stub: GithubStub;
let shop: StubRepository;
let repository: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-ways-'));
  stub = await GithubStub.start(path.join(folder, 'git'));
  shop = await stub.repository('acme/shop', { 'a.txt': 'a\n', 'agent.mjs': '', '.gatehouse.yml': SETTINGS });
  shop.collaborators.set('ana', 'admin').set('bo', 'read');
  repository = `${stub.pages}/acme/shop`;
});
afterEach(async () => {
  await stub.close();
  await removeFolder(folder);
});

const configFor = (token: string, more: Record<string, string> = {}) => ({
  ...readConfig({
    PATH: process.env['PATH'],
    GATEHOUSE_DATA: path.join(folder, 'data'),
    GATEHOUSE_ISOLATION: 'none',
    GATEHOUSE_GITHUB_API_URL: stub.api,
    GATEHOUSE_GITHUB_TOKEN: token,
    ...more,
  }),
  cache: path.join(folder, 'cache'),
});
const withHooks = (token: string) =>
  configFor(token, { GATEHOUSE_URL: 'https://gate.example/', GATEHOUSE_GITHUB_WEBHOOK_SECRET: SECRET });
const writes = () =>
  stub.calls.filter(({ method }) => method !== 'GET').map(({ method, path: at }) => `${method} ${at}`);

/** A pull request of `work`, whose head is returned. */
async function pullOf(files: Record<string, string>): Promise<string> {
  const head = await shop.commit('work', files);
  shop.pulls.push({
    number: 17,
    branch: 'work',
    base: 'main',
    title: 'Totals with tax',
    body: 'As asked.',
    author: stub.account('ana'),
    draft: false,
    state: 'open',
    merged: false,
    updatedAt: new Date(0).toISOString(),
    head,
    approvals: 0,
    changesRequested: false,
    computed: new Map(),
  });
  return head;
}

type SeenRun = Extract<DryRun, { is: 'seen' }>;
const look = async (token: string, change: object): Promise<SeenRun> => {
  const run = await dryRun(configFor(token), { change });
  if (run.is !== 'seen') throw new Error(JSON.stringify(run));
  return run;
};
const stepOf = ({ steps }: SeenRun, kind: string) => steps.find((each) => each.kind === kind)!;

describe('a dry run', () => {
  it('says what each step would meet, and writes nothing', async () => {
    const head = await pullOf({ '.github/workflows/ci.yml': 'on: push' });
    const before = await shop.git('for-each-ref');
    const run = await look(stub.token('ana'), { repository, pullRequest: 17 });
    expect(run).toMatchObject({ head, title: 'Totals with tax', pipeline: 'human-review', waitsAt: 1 });
    expect(stepOf(run, 'coder')).toMatchObject({
      waits: 'agent',
      roles: [{ role: 'coder', agent: 'node agent.mjs', lacks: [] }],
    });
    expect(stepOf(run, 'human-test')).toMatchObject({ waits: 'person', would: [expect.stringContaining('npm start')] });
    expect(stepOf(run, 'conflicts').would).toEqual([`${head.slice(0, 8)} merges into main.`]);
    expect(stepOf(run, 'ci').would[0]).toContain('lint');
    expect(stepOf(run, 'merger').would.join(' ')).toContain('because it changes .github/workflows/ci.yml');
    expect(stepOf(run, 'merger').would.at(-1)).toBe(`${head.slice(0, 8)} is merged into main by merge.`);
    expect(writes()).toEqual([]);
    expect(await shop.git('for-each-ref')).toBe(before);
    expect(shop.statuses).toEqual([]);
  });

  it('sees a conflict, red checks, and what the branch rules demand', async () => {
    const head = await pullOf({ 'a.txt': 'b\n' });
    await shop.commit('main', { 'a.txt': 'c\n' });
    shop.methods = { merge: false, squash: true, rebase: false };
    const app = { id: 1, slug: 'actions' };
    const output = { title: null, summary: null, text: null };
    const red = { id: 1, sha: head, name: 'build', status: 'completed', conclusion: 'failure', app, suite: 1 };
    shop.checkRuns.push({ ...red, output, annotations: [] });
    const run = await look(stub.token('ana'), { repository, pullRequest: 17 });
    expect(stepOf(run, 'conflicts')).toMatchObject({ waits: 'agent', would: [expect.stringContaining('in a.txt')] });
    expect(stepOf(run, 'ci')).toMatchObject({ waits: 'agent' });
    expect(stepOf(run, 'ci').would.join(' ')).toContain('build (failure)');
    expect(stepOf(run, 'merger').would.at(-1)).toContain('by squash');
    expect(writes()).toEqual([]);
  });

  it('goes on where we may only read, and says that a run would be refused', async () => {
    await pullOf({ 'b.txt': 'b' });
    const run = await look(stub.token('bo'), { repository, pullRequest: 17 });
    expect(run.refused).toEqual([{ path: 'change.repository', expected: expect.stringContaining('only read') }]);
    expect(run.missing.join(' ')).toContain('may not write');
    expect(stepOf(run, 'conflicts').would).toHaveLength(1);
  });

  it('of a repository that nobody shows us is refused', async () => {
    const run = await dryRun(configFor(stub.token('ana')), { change: { repository: `${stub.pages}/acme/none` } });
    expect(run).toMatchObject({ is: 'refused', refused: [{ path: 'change.repository' }] });
  });

  it('knows its own installation’s comment from that of another one', async () => {
    await pullOf({ 'b.txt': 'b' });
    const state = stateIn(path.join(folder, 'data'));
    const own = await new PullRequestRows(state).installation();
    await state.close();
    const says = (installation: string) => {
      const body = markerLine({ installation, workflowId: 'run/default/T', live: true, at: new Date().toISOString() });
      return shop.comments.push({
        ...{ id: stub.id(), number: 17, by: stub.account('ana'), body, reactions: [] },
        ...{ createdAt: stub.iso(), updatedAt: stub.iso() },
      });
    };
    says(own);
    const refused = async () => {
      const run = await dryRun(configFor(stub.token('ana')), { change: { repository, pullRequest: 17 } });
      return run.refused.filter((field) => field.path === 'change.pullRequest');
    };
    expect(await refused()).toEqual([]);
    says('another');
    expect(await refused()).toEqual([
      { path: 'change.pullRequest', expected: expect.stringContaining('of another installation gates 17') },
    ]);
  });

  it('names agents that are not there', async () => {
    const config = { ...configFor(stub.token('ana')) };
    const environment = { ...config.environment, PATH: '/usr/bin:/bin' };
    const run = await dryRun({ ...config, environment }, { change: { repository } });
    if (run.is !== 'seen') throw new Error(JSON.stringify(run));
    const [merger] = stepOf(run, 'merger').roles;
    expect(merger).toMatchObject({ agent: 'codex', lacks: [expect.stringContaining("'codex', on PATH")] });
  });
});

describe('webhooks', () => {
  it('are made once, with the events and the secret that are not shown', async () => {
    const config = withHooks(stub.token('ana'));
    const forges = await openForgesToLook(config);
    try {
      const found = forges.find('acme/shop');
      if ('expected' in found) throw new Error(found.expected);
      const make = () => createWebhook(config.variables, found.forge, found.repository);
      expect(await make()).toEqual({ is: 'created' });
      expect(await make()).toEqual({ is: 'there' });
      expect(shop.hooks).toMatchObject([{ url: 'https://gate.example/webhooks/github', secret: SECRET, active: true }]);
      const setUp = webhookSetUp(config.variables, 'github', repository);
      expect(setUp.page).toBe(`${repository}/settings/hooks/new`);
      expect(JSON.stringify(setUp)).not.toContain(SECRET);
      expect(await webhookAt(found.forge, found.repository, setUp)).toEqual({ is: 'there', active: true, lacks: [] });
      shop.hooks[0]!.events = ['push'];
      expect(await webhookAt(found.forge, found.repository, setUp)).toMatchObject({
        lacks: expect.arrayContaining(['check_run', 'issue_comment']),
      });
    } finally {
      await forges.close();
    }
  });

  it('cannot be made without the right', async () => {
    const config = withHooks(stub.token('bo'));
    const forges = await openForgesToLook(config);
    try {
      const found = forges.find('acme/shop');
      if ('expected' in found) throw new Error(found.expected);
      expect(await createWebhook(config.variables, found.forge, found.repository)).toMatchObject({ is: 'refused' });
      expect(shop.hooks).toEqual([]);
    } finally {
      await forges.close();
    }
  });
});

describe('init', () => {
  it.each([
    ['acme/shop', /^Next: .*start acme\/shop --task/m],
    ['acme/none', /^Next: mend what a run would be refused for/m],
  ])('of %s says what comes next', async (written, next) => {
    await shop.commit('main', { '.gatehouse.yml': 'agents: { default: node agent.mjs }' });
    const run = await dryRun(configFor(stub.token('ana')), { change: { repository: written } });
    expect(initText([], run, written)).toMatch(next);
  });

  const states = async (token: string) =>
    Object.fromEntries(
      (await setUpSteps(withHooks(token), 'github', repository)).map(({ name, state }) => [name, state]),
    );

  it('checks every step', async () => {
    const token = stub.token('ana');
    expect(await states(token)).toEqual({
      variables: 'done',
      credentials: 'done',
      rights: 'done',
      webhook: 'open',
      settings: 'done',
    });
    shop.hooks.push({
      id: 1,
      url: 'https://gate.example/webhooks/github',
      secret: SECRET,
      events: ['*'],
      active: true,
    });
    expect(await states(token)).toMatchObject({ webhook: 'done' });
    expect(writes()).toEqual([]);
  });

  it('says what is open', async () => {
    await shop.commit('main', { '.gatehouse.yml': 'agent: codex' });
    expect(await states(stub.token('bo'))).toMatchObject({ rights: 'open', webhook: 'open', settings: 'open' });
    expect(await states('ghp_wrong')).toMatchObject({ variables: 'done', credentials: 'open', rights: 'unchecked' });
  });
});

describe('the doctor', () => {
  it('says who we are, what is left, and what is missing', async () => {
    const [forge, rights] = await forgesFound(withHooks(stub.token('bo')), repository);
    expect(forge).toMatchObject({ about: 'forge github', ok: true });
    expect(forge!.detail).toMatch(/^we are bo at .*; \d+ of \d+ calls left until .*; webhooks: none has come$/);
    expect(rights).toMatchObject({ about: repository, ok: false, detail: expect.stringContaining('may not write') });
  });

  it('says what to do about refused credentials and a missing file', async () => {
    const [refused] = await forgesFound(configFor('ghp_wrong'), undefined);
    expect(refused).toMatchObject({ about: 'forge github', ok: false, mend: expect.stringContaining('init github') });
    const none = path.join(folder, 'none');
    const config = configFor('x');
    const variables = { ...config.variables, GATEHOUSE_GITHUB_TOKEN: undefined, GATEHOUSE_GITHUB_TOKEN_FILE: none };
    const lacking = { ...config, variables };
    expect(await forgesFound(lacking, undefined)).toEqual([
      { about: 'forge github', ok: false, detail: expect.stringContaining(none), mend: expect.any(String) },
    ]);
  });
});
