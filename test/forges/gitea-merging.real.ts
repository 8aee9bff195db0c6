import type { HostedApi, HostedRepository, MergeMethod } from '../../activities/adapters/hosted/api.ts';
import { ForgeUnavailable, NotThere, PermissionMissing } from '../../activities/adapters/hosted/failures.ts';
import { apiOf, seen } from '../support/gitea/api.ts';
import { GiteaRepository } from '../support/gitea/repository.ts';
import { GiteaServer, type Account } from '../support/gitea/server.ts';
import { until } from '../support/until.ts';

let server: GiteaServer;
let shop: GiteaRepository;
let bo: Account;
let api: HostedApi;
let owner: HostedApi;
let repository: HostedRepository;

beforeAll(async () => {
  server = await GiteaServer.start();
  shop = await GiteaRepository.create(server, 'ana', 'shop', { files: { 'a.txt': 'one\n' } });
  bo = await shop.collaborator('bo', 'write');
  await shop.collaborator('cy', 'write');
  [api, owner] = [apiOf(server, bo), apiOf(server, shop.owner)];
  repository = await seen(api, shop);
});

afterAll(async () => {
  await Promise.all([api.close(), owner.close()]);
  await server.stop();
});

let made = 0;
/** A pull request of bo's into a base of its own, so that no test moves another one's. */
async function pull({
  rule,
  title = 'A change',
  files = { [`f${made}.txt`]: 'new\n' },
}: { rule?: object; title?: string; files?: Record<string, string> } = {}) {
  const [base, branch] = [`base-${++made}`, `work-${made}`];
  await shop.do('POST', '/branches', { new_branch_name: base, old_branch_name: 'main' });
  const head = await shop.commit({ branch: base, files, newBranch: branch });
  if (rule) await shop.protect(base, { enable_push: true, ...rule });
  const number = await shop.open(branch, { base, title, as: bo });
  if (!title.startsWith('WIP')) await shop.mergeable(number);
  return { base, branch, head, number };
}

const wish = (head: string, method: MergeMethod = 'merge') => ({ head, method, title: 'The title', message: 'Why' });
async function merge(number: number, head: string, method: MergeMethod = 'merge', by = api) {
  return by.merge(await seen(by, shop), (await by.pullRequest(repository, number))!, wish(head, method));
}

/** Asks for a merge by some account until the server has computed what it needs for an answer. */
const ready = (by: HostedApi, ...[at, pullRequest, how]: Parameters<HostedApi['merge']>) =>
  until('an answer to the merge', async () => {
    const now = await by.merge(at, pullRequest, how);
    return now.is !== 'not-yet' && now;
  });

/** Asks for the merge until the server has computed what it needs for an answer. A loaded one takes its time after each push. */
const settled = (number: number, head: string, method?: MergeMethod) =>
  until('an answer to the merge', async () => {
    const now = await merge(number, head, method);
    return now.is !== 'not-yet' && now;
  });

describe('a merge', () => {
  it.each(['merge', 'squash', 'rebase'] as const)('is done by %s, and says its commit', async (method) => {
    const { base, head, number } = await pull();
    const answer = await merge(number, head, method);
    expect(answer).toEqual({ is: 'merged', commit: await shop.head(base) });
    expect(await api.pullRequest(repository, number)).toMatchObject({ state: 'merged' });
    const { commit, parents } = await shop.do('GET', `/git/commits/${await shop.head(base)}`);
    if (method !== 'rebase') expect(commit.message).toMatch(/^The title\n\nWhy/);
    expect(parents).toHaveLength(method === 'merge' ? 2 : 1);
    // The branch is still there: it is deleted after the merge was read back.
    expect(await shop.head(`work-${made}`)).toBe(head);
    // Again: it is merged.
    expect(await merge(number, head, method)).toEqual({ is: 'merged', commit: await shop.head(base) });
  });

  it('is refused for another head', async () => {
    const { base, branch, head, number } = await pull();
    const before = await shop.head(base);
    await shop.commit({ branch, files: { 'later.txt': 'l\n' } });
    await shop.mergeable(number);
    expect(await settled(number, head)).toEqual({ is: 'moved' });
    expect(await shop.head(base)).toBe(before);
  });

  it('is not yet to be had while Gitea computes, or if it conflicts', async () => {
    const { base, head, number } = await pull({ files: { 'a.txt': 'ours\n' } });
    await shop.commit({ branch: base, files: { 'a.txt': 'theirs\n' } });
    await until('Gitea to see the conflict', async () => (await shop.pullRequest(number)).mergeable === false);
    expect(await merge(number, head)).toEqual({ is: 'not-yet', words: 'Please try again later' });
  });

  it('conflicts by rebase where a merge would not', async () => {
    // Its commits conflict one by one, and their result does not.
    const { base, branch, number } = await pull({ files: { 'a.txt': 'ours\n' } });
    const head = await shop.commit({ branch, files: { 'a.txt': 'one\n', 'b.txt': 'b\n' } });
    await shop.commit({ branch: base, files: { 'a.txt': 'theirs\n' } });
    await shop.mergeable(number);
    expect(await settled(number, head, 'rebase')).toMatchObject({
      is: 'conflicted',
      words: expect.stringMatching(/a\.txt/),
    });
  });

  it('is refused for a draft', async () => {
    const { head, number } = await pull({ title: 'WIP: A change' });
    expect(await merge(number, head)).toEqual({ is: 'draft', words: 'Work in progress PRs cannot be merged' });
  });

  it('is refused for a closed pull request, and one that is not there', async () => {
    const { head, number } = await pull();
    const before = (await api.pullRequest(repository, number))!;
    await shop.edit(number, { state: 'closed' });
    expect(await merge(number, head)).toMatchObject({ is: 'closed' });
    await expect(api.merge(repository, { ...before, number: 999 }, wish(head))).rejects.toThrow(NotThere);
  });

  it('needs the required checks, and only these', async () => {
    const rule = { enable_status_check: true, status_check_contexts: ['CI / *'] };
    const { head, number } = await pull({ rule });
    const words = 'Not all required status checks successful';
    expect(await merge(number, head)).toEqual({ is: 'checks', words });
    await shop.status(head, 'CI / build (push)', 'failure');
    expect(await merge(number, head)).toEqual({ is: 'checks', words });
    await shop.status(head, 'CI / build (push)', 'success');
    await shop.status(head, 'other', 'failure');
    expect(await merge(number, head)).toMatchObject({ is: 'merged' });
  });

  it('needs all checks where none is named: a warning is red there, and our own status counts', async () => {
    const { head, number } = await pull({ rule: { enable_status_check: true, status_check_contexts: [] } });
    await shop.status(head, 'CI', 'success');
    await shop.status(head, 'lint', 'warning');
    expect(await merge(number, head)).toMatchObject({ is: 'checks' });
    await shop.status(head, 'lint', 'skipped');
    await api.setStatus(repository, head, { context: 'gatehouse', state: 'pending', description: 'Merging' });
    expect(await merge(number, head)).toMatchObject({ is: 'checks' });
    await api.setStatus(repository, head, { context: 'gatehouse', state: 'success', description: 'Merging' });
    expect(await merge(number, head)).toMatchObject({ is: 'merged' });
  });

  it('needs approvals, of this head, and nobody who asks for changes', async () => {
    const rule = { required_approvals: 1, block_on_rejected_reviews: true, dismiss_stale_approvals: true };
    const { branch, head, number } = await pull({ rule });
    const cy = await server.account('cy');
    expect(await merge(number, head)).toEqual({ is: 'reviews', words: 'Does not have enough approvals' });
    await shop.review(number, 'APPROVED', cy);
    await shop.review(number, 'REQUEST_CHANGES', shop.owner);
    expect(await merge(number, head)).toEqual({ is: 'reviews', words: 'There are requested changes' });
    await shop.review(number, 'APPROVED', shop.owner);
    const next = await shop.commit({ branch, files: { 'next.txt': 'n\n' } });
    await shop.mergeable(number);
    // Gitea dismisses them a moment after the push.
    await until('the approvals to be dismissed', async () => {
      const reviews: { state: string; dismissed: boolean }[] = await shop.do('GET', `/pulls/${number}/reviews`);
      return reviews.every(({ state, dismissed }) => dismissed || state !== 'APPROVED');
    });
    expect(await settled(number, next)).toMatchObject({ is: 'reviews' });
    await shop.review(number, 'APPROVED', cy);
    await shop.review(number, 'APPROVED', shop.owner);
    expect(await merge(number, next)).toMatchObject({ is: 'merged' });
  });

  it('is refused where protected files changed, and to whom may not merge', async () => {
    const rule = { protected_file_patterns: 'f*.txt' };
    const guarded = await pull({ rule });
    expect(await merge(guarded.number, guarded.head)).toEqual({ is: 'refused', words: 'Changed protected files' });
    const listed = await pull({ rule: { enable_merge_whitelist: true, merge_whitelist_usernames: ['ana'] } });
    expect(await merge(listed.number, listed.head)).toEqual({ is: 'refused', words: 'User not allowed to merge PR' });
    expect(await merge(listed.number, listed.head, 'merge', owner)).toMatchObject({ is: 'merged' });
  });

  it('is refused where commits must be signed and the server has no key', async () => {
    const { head, number } = await pull({ rule: { require_signed_commits: true } });
    expect(await merge(number, head)).toMatchObject({ is: 'signatures' });
  });

  it('is refused while it depends on another issue, which Gitea answers with 500', async () => {
    const { head, number } = await pull();
    const { number: blocker } = await shop.do('POST', '/issues', { title: 'First this' });
    await shop.do('POST', `/issues/${number}/dependencies`, { owner: 'ana', repo: 'shop', index: blocker });
    const words = `It is blocked by an open dependency: #${blocker}`;
    expect(await merge(number, head)).toEqual({ is: 'refused', words });
    await shop.do('PATCH', `/issues/${blocker}`, { state: 'closed' });
    expect(await merge(number, head)).toMatchObject({ is: 'merged' });
  });

  it('is refused without anything to merge', async () => {
    const { base, branch, head, number } = await pull();
    const other = await shop.open(base, { base: branch, as: bo });
    await shop.merge(number, { method: 'fast-forward-only' });
    await until('the pull request to be merged', async () => (await shop.pullRequest(number)).merged === true);
    await shop.edit(other, { state: 'closed' });
    await shop.do('POST', '/branches', { new_branch_name: `within-${made}`, old_branch_name: branch });
    const late = await shop.open(`within-${made}`, { base, as: bo });
    await until('Gitea to look', async () => (await shop.pullRequest(late)).mergeable === true);
    const answer = await merge(late, head);
    expect(['refused', 'merged']).toContain(answer.is);
    expect(await shop.head(base)).toBe(head);
  });
});

describe('a branch that must be up to date', () => {
  const rule = { block_on_outdated_branch: true };

  it('is never merged behind its base by whom may read that rule, however late Gitea counts', async () => {
    for (let round = 0; round < 3; round++) {
      const { base, head, number } = await pull({ rule });
      const moved = await shop.commit({ branch: base, files: { [`moved-${round}.txt`]: 'm\n' } });
      expect(await merge(number, head, 'merge', owner)).toMatchObject({ is: 'behind' });
      expect(await shop.head(base)).toBe(moved);
    }
  });

  it('is waited for by whom may not read it, until Gitea has counted', async () => {
    const { base, branch, head, number } = await pull({ rule });
    const moved = await shop.commit({ branch: base, files: { 'moved.txt': 'm\n' } });
    const answer = await merge(number, head);
    expect(answer).toEqual({ is: 'behind', words: 'The head branch is behind the base branch' });
    expect(await shop.head(base)).toBe(moved);
    await shop.do('POST', `/pulls/${number}/update?style=merge`);
    await shop.mergeable(number);
    expect(await merge(number, await shop.head(branch))).toMatchObject({ is: 'merged' });
  });

  it('may be behind where the rule is another', async () => {
    const { base, head, number } = await pull({ rule: { required_approvals: 0 } });
    await shop.commit({ branch: base, files: { 'moved.txt': 'm\n' } });
    await shop.mergeable(number);
    expect(await merge(number, head, 'merge', owner)).toMatchObject({ is: 'merged' });
  });
});

describe('the methods of a repository', () => {
  let picky: GiteaRepository;
  let there: HostedRepository;
  beforeAll(async () => {
    picky = await GiteaRepository.create(server, 'ana', 'picky', { files: { 'a.txt': 'a\n' } });
    const only = { allow_merge_commits: false, allow_squash_merge: false, allow_rebase: false };
    await picky.do('PATCH', '', { ...only, allow_rebase_explicit: true, default_merge_style: 'rebase-merge' });
    there = await seen(owner, picky);
  });

  const open = async (name: string) => {
    const head = await picky.commit({ files: { [`${name}.txt`]: 'n\n' }, newBranch: name });
    const number = await picky.open(name);
    await picky.mergeable(number);
    return { head, pullRequest: (await owner.pullRequest(there, number))! };
  };

  it('are tried by the names that Gitea has for them', async () => {
    const { head, pullRequest } = await open('one');
    expect(await ready(owner, there, pullRequest, wish(head, 'squash'))).toMatchObject({ is: 'method' });
    expect(await ready(owner, there, pullRequest, wish(head, 'rebase'))).toMatchObject({ is: 'merged' });
  });

  it('may be a fast forward alone, which needs a branch that is up to date', async () => {
    await picky.do('PATCH', '', { allow_rebase_explicit: false, default_merge_style: 'fast-forward-only' });
    const [two, three] = [await open('two'), await open('three')];
    expect(await ready(owner, there, two.pullRequest, wish(two.head))).toEqual({ is: 'merged', commit: two.head });
    await picky.mergeable(three.pullRequest.number);
    expect(await ready(owner, there, three.pullRequest, wish(three.head))).toMatchObject({ is: 'behind' });
  });
});

it('is not done without the right, and says which is missing', async () => {
  const { base, head, number } = await pull();
  const before = await shop.head(base);
  const narrowed = apiOf(server, await server.narrowed('bo', ['read:repository', 'read:user']));
  expect(await merge(number, head, 'merge', narrowed)).toMatchObject({
    is: 'refused',
    words: expect.stringMatching(/write:repository/),
  });
  await shop.collaborator('dee', 'read');
  const reader = apiOf(server, await server.account('dee'));
  expect(await merge(number, head, 'merge', reader)).toEqual({ is: 'refused', words: 'User not allowed to merge PR' });
  await expect(reader.addComment(repository, number, 'hello')).resolves.toMatchObject({ author: 'dee' });
  expect(await narrowed.deleteBranch(repository, `work-${made}`)).toMatchObject({ refused: expect.anything() });
  await expect(
    narrowed.openPullRequest(repository, { branch: 'x', base: 'main', title: 'x', body: '' }),
  ).rejects.toThrow(PermissionMissing);
  expect(await shop.head(base)).toBe(before);
});

it('has no answer from a server that is killed, and can be read back', async () => {
  const { base, head, number } = await pull();
  const pullRequest = (await api.pullRequest(repository, number))!;
  await server.kill();
  await expect(api.merge(repository, pullRequest, wish(head))).rejects.toThrow(ForgeUnavailable);
  await server.restart();
  expect(await api.pullRequest(repository, number)).toMatchObject({ state: 'open', head });
  expect(await settled(number, head)).toEqual({ is: 'merged', commit: await shop.head(base) });
});

it('deletes a branch, unless it is gone, protected, or the default one', async () => {
  await shop.do('POST', '/branches', { new_branch_name: 'task/1', old_branch_name: 'main' });
  expect(await api.deleteBranch(repository, 'task/1')).toBe('deleted');
  expect(await api.deleteBranch(repository, 'task/1')).toBe('absent');
  expect(await api.deleteBranch(repository, 'main')).toEqual({ refused: expect.stringMatching(/default/) });
  await shop.do('POST', '/branches', { new_branch_name: 'kept', old_branch_name: 'main' });
  await shop.protect('kept');
  expect(await api.deleteBranch(repository, 'kept')).toEqual({ refused: 'branch protected' });
});
