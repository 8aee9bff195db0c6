import type { HostedApi } from '../../activities/adapters/hosted/api.ts';
import { NotThere, PermissionMissing, Refused } from '../../activities/adapters/hosted/failures.ts';
import { apiOf, seen } from '../support/gitea/api.ts';
import { GiteaRepository } from '../support/gitea/repository.ts';
import { GiteaServer, SCOPES, type Account } from '../support/gitea/server.ts';
import { until } from '../support/until.ts';

let server: GiteaServer;
let shop: GiteaRepository;
let bo: Account;
let api: HostedApi;

beforeAll(async () => {
  server = await GiteaServer.start();
  shop = await GiteaRepository.create(server, 'ana', 'shop', { files: { 'a.txt': 'one\n' } });
  bo = await shop.collaborator('bo', 'write');
  api = apiOf(server, bo);
});

afterAll(async () => {
  await api.close();
  await server.stop();
});

/** A branch of its own with one commit. */
let made = 0;
async function work(name = `work-${++made}`): Promise<{ branch: string; head: string }> {
  const head = await shop.commit({ files: { [`${name.replace('/', '-')}.txt`]: 'new\n' }, newBranch: name });
  return { branch: name, head };
}

const wish = (branch: string, base = 'main') => ({ branch, base, title: 'A change', body: 'It is made.' });

it('opens a pull request once, and reads it', async () => {
  const repository = await seen(api, shop);
  const { branch, head } = await work('task/PAY-1');
  const opened = await api.openPullRequest(repository, wish(branch));
  expect(opened).toMatchObject({
    url: `${shop.address}/pulls/${opened.number}`,
    title: 'A change',
    body: 'It is made.',
    state: 'open',
    draft: false,
    head,
    branch,
    base: 'main',
    fork: false,
    author: 'bo',
  });
  expect(Date.parse(opened.updatedAt)).toBeGreaterThan(Date.now() - 60_000);
  expect((await api.openPullRequest(repository, wish(branch))).number).toBe(opened.number);
  await shop.mergeable(opened.number);
  expect(await api.pullRequest(repository, opened.number)).toMatchObject({ number: opened.number, mergeable: true });
  expect(await api.pullRequest(repository, 999)).toBeUndefined();
});

it('never calls a conflict what may be a late answer', async () => {
  const repository = await seen(api, shop);
  await shop.commit({ files: { 'a.txt': 'ours\n' }, newBranch: 'conflicting' });
  await shop.commit({ files: { 'a.txt': 'theirs\n' } });
  const { number } = await api.openPullRequest(repository, wish('conflicting'));
  await until('Gitea to see the conflict', async () => (await shop.pullRequest(number)).mergeable === false);
  expect((await api.pullRequest(repository, number))!.mergeable).toBeUndefined();
});

it('refuses in words what cannot be a pull request, and waits for a branch that is not known yet', async () => {
  const repository = await seen(api, shop);
  await expect(api.openPullRequest(repository, wish('main'))).rejects.toThrow(Refused);
  await expect(api.openPullRequest(repository, wish('main'))).rejects.toThrow(/no changes between/);
  const late = api.openPullRequest(repository, wish('late'));
  await new Promise((resolve) => setTimeout(resolve, 700));
  await work('late');
  expect(await late).toMatchObject({ branch: 'late', state: 'open' });
  await expect(api.openPullRequest(repository, wish('never'))).rejects.toThrow(NotThere);
});

it('finds the pull request of a branch: the open one, else the newest that is closed', async () => {
  const repository = await seen(api, shop);
  const { branch } = await work();
  expect(await api.pullRequestOf(repository, { branch, base: 'main' })).toBeUndefined();
  const first = await shop.open(branch);
  await shop.edit(first, { state: 'closed' });
  const second = await shop.open(branch);
  await shop.edit(second, { state: 'closed' });
  const heads = [{ branch }, { branch, base: 'main' }];
  for (const each of heads) {
    expect(await api.pullRequestOf(repository, each)).toMatchObject({ number: second, state: 'closed' });
  }
  await shop.edit(first, { state: 'open' });
  for (const each of heads) {
    expect(await api.pullRequestOf(repository, each)).toMatchObject({ number: first, state: 'open' });
  }
  await shop.do('POST', '/branches', { new_branch_name: 'release/1', old_branch_name: 'main' });
  expect(await api.pullRequestOf(repository, { branch, base: 'release/1' })).toBeUndefined();
  const other = await shop.open(branch, { base: 'release/1' });
  expect((await api.pullRequestOf(repository, { branch, base: 'release/1' }))?.number).toBe(other);
});

it('follows what people do to it: merged, closed, reopened, another base, the branch deleted', async () => {
  const repository = await seen(api, shop);
  const { branch, head } = await work();
  const number = await shop.open(branch);
  const now = () => api.pullRequest(repository, number);
  await shop.edit(number, { state: 'closed' });
  const closed = await now();
  expect(closed).toMatchObject({ state: 'closed', mergeable: undefined });
  expect(Math.abs(Date.parse(closed!.closedAt!) - Date.now())).toBeLessThan(60_000);
  await shop.edit(number, { state: 'open' });
  expect(await now()).toMatchObject({ state: 'open', closedAt: undefined });
  await shop.do('POST', '/branches', { new_branch_name: 'next', old_branch_name: 'main' });
  await shop.edit(number, { base: 'next' });
  expect(await now()).toMatchObject({ state: 'open', base: 'next' });
  await shop.merge(number);
  const merged = await now();
  expect(merged).toMatchObject({ state: 'merged', head, mergeCommit: await shop.head('next') });
  await shop.do('DELETE', `/branches/${branch}`);
  expect(await now()).toMatchObject({ state: 'merged', branch, head });
});

it('tells a pull request from a fork', async () => {
  const repository = await seen(api, shop);
  const open = await GiteaRepository.create(server, 'ana', 'open', { open: true, files: { 'a.txt': 'one\n' } });
  await open.collaborator('bo', 'write');
  const fork = await open.fork('cy');
  await fork.commit({ files: { 'b.txt': 'two\n' }, newBranch: 'work' });
  const number = await open.open('cy:work', { as: fork.owner });
  const there = await seen(api, open);
  expect(await api.pullRequest(there, number)).toMatchObject({ fork: true, author: 'cy', branch: 'work' });
  // It is not the pull request of our own branch of that name.
  expect(await api.pullRequestOf(there, { branch: 'work', base: 'main' })).toBeUndefined();
  await fork.do('DELETE', '');
  expect(await api.pullRequest(there, number)).toMatchObject({ fork: true, state: 'closed' });
  expect(repository.id).not.toBe(there.id);
});

it('takes the mark of a draft off, if it may', async () => {
  const repository = await seen(api, shop);
  for (const mark of ['WIP: ', '[wip] ']) {
    const { branch } = await work();
    const number = await shop.open(branch, { title: `${mark}A change` });
    const draft = (await api.pullRequest(repository, number))!;
    expect(draft).toMatchObject({ draft: true, mergeable: undefined });
    expect(await api.markReady(repository, draft)).toBe(true);
    expect(await api.pullRequest(repository, number)).toMatchObject({ draft: false, title: 'A change' });
  }
  const { branch } = await work();
  const number = await shop.open(branch, { title: 'WIP: Not ours' });
  const draft = (await api.pullRequest(repository, number))!;
  await shop.collaborator('dee', 'read');
  const reader = apiOf(server, await server.account('dee'));
  expect(await reader.markReady(repository, draft)).toBe(false);
  expect(await api.pullRequest(repository, number)).toMatchObject({ draft: true });
});

it('opens nothing with a token without that scope', async () => {
  const { branch } = await work();
  const narrowed = apiOf(server, await server.narrowed('bo', ['read:repository', ...SCOPES.slice(2)]));
  const repository = await seen(narrowed, shop);
  await expect(narrowed.openPullRequest(repository, wish(branch))).rejects.toThrow(PermissionMissing);
  expect(await narrowed.pullRequestOf(repository, { branch, base: 'main' })).toBeUndefined();
});
