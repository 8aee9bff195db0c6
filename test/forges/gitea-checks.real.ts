import type { HostedApi, HostedRepository } from '../../activities/adapters/hosted/api.ts';
import { NotThere, PermissionMissing } from '../../activities/adapters/hosted/failures.ts';
import { apiOf, seen } from '../support/gitea/api.ts';
import { GiteaRepository } from '../support/gitea/repository.ts';
import { ActionsRunner } from '../support/gitea/runner.ts';
import { GiteaServer, type Account } from '../support/gitea/server.ts';
import { until } from '../support/until.ts';

const WORKFLOW = `
name: CI
on: [push, pull_request]
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: |
          grep -q good a.txt || { echo "a.txt:1: not good"; exit 1; }
  lint:
    runs-on: ubuntu-latest
    steps:
      - run: echo linted
`;

let server: GiteaServer;
let runner: ActionsRunner;
let shop: GiteaRepository;
let bo: Account;
let api: HostedApi;
let repository: HostedRepository;

beforeAll(async () => {
  server = await GiteaServer.start();
  runner = await ActionsRunner.start(server);
  const files = { 'a.txt': 'good\n', '.gitea/workflows/ci.yml': WORKFLOW };
  shop = await GiteaRepository.create(server, 'ana', 'shop', { open: true, files });
  bo = await shop.collaborator('bo', 'write');
  api = apiOf(server, bo);
  repository = await seen(api, shop);
});

afterAll(async () => {
  await api.close();
  await runner.stop();
  await server.stop();
});

const states = async (head: string) =>
  Object.fromEntries((await api.checks(repository, head)).map(({ name, state }) => [name, state]));
const named = async (head: string, name: string) =>
  (await api.checks(repository, head)).find((check) => check.name === name)!;
const settled = (head: string) =>
  until('the checks to end', async () => {
    const all = Object.values(await states(head));
    return all.length > 0 && !all.includes('pending');
  });

/** A commit that is on no branch with a workflow that would report on it. */
let made = 0;
const bare = () =>
  shop.commit({ files: { [`b${++made}.txt`]: 'b\n', '.gitea/workflows/ci.yml': null }, newBranch: `b${made}` });

it('reads each context once, the latest, and never our own', async () => {
  const head = await bare();
  expect(await api.checks(repository, head)).toEqual([]);
  const reported = ['pending', 'success', 'error', 'failure', 'warning', 'skipped'];
  for (const state of reported) await shop.status(head, state, state, { description: `It is ${state}.` });
  await shop.status(head, 'twice', 'failure');
  await shop.status(head, 'twice', 'success', { target_url: 'https://ci.example/1' });
  await api.setStatus(repository, head, { context: 'gatehouse', state: 'failure', description: 'Ours' });
  await api.setStatus(repository, head, { context: 'gatehouse/test', state: 'failure', description: 'Ours' });
  const checks = await api.checks(repository, head);
  expect(Object.fromEntries(checks.map(({ name, state }) => [name, state]))).toEqual({
    pending: 'pending',
    success: 'green',
    error: 'red',
    failure: 'red',
    warning: 'green',
    skipped: 'green',
    twice: 'green',
  });
  const of = (name: string) => checks.find((check) => check.name === name)!;
  expect(of('warning')).toMatchObject({ redIfRequired: true, conclusion: 'warning', summary: 'It is warning.' });
  expect(of('skipped').redIfRequired).toBeUndefined();
  expect(of('twice')).toMatchObject({ url: 'https://ci.example/1', from: { kind: 'status' } });
  // Nobody's log but what it says of itself.
  expect(await api.logOf(repository, of('failure'))).toBe('It is failure.');
  expect(await api.logOf(repository, of('twice'))).toBeUndefined();
  expect(await api.rerun(repository, head, checks)).toEqual([]);
});

it('reads all pages', async () => {
  const head = await bare();
  for (let index = 0; index < 57; index++) await shop.status(head, `check ${index}`, 'success');
  expect(await api.checks(repository, head)).toHaveLength(57);
});

it('reads its Actions: pending, red with the log, and green again by a rerun of the red ones alone', async () => {
  runner.held = true;
  const head = await shop.commit({ files: { 'a.txt': 'bad\n' }, newBranch: 'work' });
  const number = await shop.open('work');
  const four = ['CI / build (push)', 'CI / build (pull_request)', 'CI / lint (push)', 'CI / lint (pull_request)'];
  await until('four jobs', async () => (await api.checks(repository, head)).length === 4);
  expect(await states(head)).toEqual(Object.fromEntries(four.map((name) => [name, 'pending'])));
  runner.held = false;
  await settled(head);
  expect(await states(head)).toEqual({
    'CI / build (push)': 'red',
    'CI / build (pull_request)': 'red',
    'CI / lint (push)': 'green',
    'CI / lint (pull_request)': 'green',
  });
  const red = await named(head, 'CI / build (push)');
  expect(red.url).toMatch(new RegExp(`^${shop.address}/actions/runs/\\d+/jobs/\\d+$`));
  const log = await api.logOf(repository, red);
  expect(log).toMatch(/a\.txt:1: not good/);
  expect(log).toMatch(/exit code 1/);

  const before = runner.ran.length;
  expect(await api.rerun(repository, head, [red])).toEqual(['CI / build (push)']);
  await until('the rerun', () => runner.ran.length === before + 1);
  await settled(head);
  expect(runner.ran.slice(before)).toEqual(['ana/shop build RESULT_FAILURE']);

  // Mended by a push: the new head has checks of its own.
  const mended = await shop.commit({ branch: 'work', files: { 'a.txt': 'good again\n' } });
  await until('four jobs', async () => (await api.checks(repository, mended)).length === 4);
  await settled(mended);
  expect(new Set(Object.values(await states(mended)))).toEqual(new Set(['green']));
  expect((await api.pullRequest(repository, number))!.head).toBe(mended);
});

it('has all red jobs of a run run again by one call', async () => {
  const both = WORKFLOW.replace('echo linted', 'test -e /nowhere').replace('[push, pull_request]', 'push');
  const files = { 'a.txt': 'bad\n', '.gitea/workflows/ci.yml': both };
  const head = await shop.commit({ files, newBranch: 'both-red' });
  await until('two jobs', async () => (await api.checks(repository, head)).length === 2);
  await settled(head);
  const before = runner.ran.length;
  const red = await api.checks(repository, head);
  runner.held = true;
  expect((await api.rerun(repository, head, red)).sort()).toEqual(['CI / build (push)', 'CI / lint (push)']);
  expect(await states(head)).toEqual({ 'CI / build (push)': 'pending', 'CI / lint (push)': 'pending' });
  // They run already, and are not started a second time.
  expect((await api.rerun(repository, head, red)).sort()).toEqual(['CI / build (push)', 'CI / lint (push)']);
  runner.held = false;
  await until('both reruns', () => runner.ran.length === before + 2);
  await settled(head);
  expect(runner.ran.slice(before)).toHaveLength(2);
});

it('tells a cancelled job from a red one', async () => {
  runner.held = true;
  const slow = WORKFLOW.replace('[push, pull_request]', 'push\nconcurrency: { group: one, cancel-in-progress: true }');
  const files = { '.gitea/workflows/ci.yml': slow };
  const first = await shop.commit({ files, newBranch: 'cancelled' });
  await until('its jobs', async () => (await api.checks(repository, first)).length === 2);
  const second = await shop.commit({ branch: 'cancelled', files: { 'c.txt': 'c\n' } });
  await until('the next jobs', async () => (await api.checks(repository, second)).length === 2);
  await until('the first to be cancelled', async () => !Object.values(await states(first)).includes('pending'));
  expect(await named(first, 'CI / build (push)')).toMatchObject({ state: 'again', conclusion: 'cancelled' });
  runner.held = false;
  await settled(second);
  const again = await api.checks(repository, first);
  expect((await api.rerun(repository, first, again)).sort()).toEqual(['CI / build (push)', 'CI / lint (push)']);
  await until('it to be green', async () => Object.values(await states(first)).every((state) => state === 'green'));
});

it('names the runs of a fork that wait for an approval', async () => {
  const fork = await shop.fork('cy');
  const head = await fork.commit({ files: { 'f.txt': 'f\n' }, newBranch: 'from-fork' });
  await shop.open('cy:from-fork', { as: fork.owner });
  const held = await until('the run', async () => {
    const all = await api.heldRuns(repository, head);
    return all.length > 0 && all;
  });
  expect(held).toEqual([{ name: 'ci.yml', url: expect.stringContaining(`${shop.address}/actions/runs/`) }]);
  expect(await states(head)).toEqual({ 'CI / build (pull_request)': 'pending', 'CI / lint (pull_request)': 'pending' });
  expect(await api.heldRuns(repository, await shop.head())).toEqual([]);
});

describe('our status', () => {
  it('is set, and set again', async () => {
    const head = await bare();
    const ours = { context: 'gatehouse', description: 'x'.repeat(200), url: 'https://gatehouse.example/runs/1' };
    await api.setStatus(repository, head, { ...ours, state: 'pending' });
    await api.setStatus(repository, head, { ...ours, state: 'success' });
    const { statuses } = await shop.do('GET', `/commits/${head}/status`);
    expect(statuses).toMatchObject([{ context: 'gatehouse', status: 'success', target_url: ours.url }]);
    expect(statuses[0].description).toBe('x'.repeat(140));
  });

  it('cannot be set on a commit that is not there, nor without the right', async () => {
    const ours = { context: 'gatehouse', state: 'success', description: 'Done' } as const;
    await expect(api.setStatus(repository, 'a'.repeat(40), ours)).rejects.toThrow(NotThere);
    const narrowed = apiOf(server, await server.narrowed('bo', ['read:repository']));
    const head = await bare();
    await expect(narrowed.setStatus(repository, head, ours)).rejects.toThrow(PermissionMissing);
    expect(await narrowed.checks(repository, head)).toEqual([]);
    await shop.collaborator('dee', 'read');
    const reader = apiOf(server, await server.account('dee'));
    await expect(reader.setStatus(repository, head, ours)).rejects.toThrow(PermissionMissing);
  });
});

it('cannot run a check again without the right', async () => {
  const head = await shop.head('both-red');
  const red = await api.checks(repository, head);
  const reader = apiOf(server, await server.account('dee'));
  expect(await reader.rerun(repository, head, red)).toEqual([]);
});
