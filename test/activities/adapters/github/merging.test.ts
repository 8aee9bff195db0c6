import type { MergeAnswer, PullRequest } from '../../../../activities/adapters/hosted/api.ts';
import { refused } from '../../../../activities/adapters/github/merging/merging.ts';
import { RateLimited } from '../../../../activities/adapters/hosted/failures.ts';
import { checkRun } from '../../../support/github/ci.ts';
import { newPull } from '../../../support/github/operations/pulls.ts';
import type { Protection, Pull, RuleRow } from '../../../support/github/repository.ts';
import { githubRig, type GithubRig } from '../../../support/github/rig.ts';

let rig: GithubRig;
beforeEach(async () => void (rig = await githubRig()));
afterEach(async () => {
  const { breaches } = rig.stub;
  await rig.dispose();
  expect(breaches).toEqual([]);
});

async function opened(given: Partial<Pull> = {}, files: Record<string, string> = { 'b.txt': 'b' }) {
  const head = await rig.shop.commit('work', files);
  const author = rig.stub.account('gate');
  const pull = newPull(rig.shop, {
    branch: 'work',
    base: 'main',
    title: 't',
    head,
    author,
    updatedAt: rig.stub.iso(),
    ...given,
  });
  await rig.api.pullRequest(rig.repository, pull.number); // so that GitHub computes whether it is mergeable
  return { pull, head };
}
const merge = (number: number, head: string, method: 'merge' | 'squash' | 'rebase' = 'merge') =>
  rig.api.merge(rig.repository, { number } as PullRequest, { head, method, title: 'Merge it', message: 'Because.' });

describe('a merge', () => {
  it.each(['merge', 'squash', 'rebase'] as const)('by %s, of exactly this head', async (method) => {
    const { pull, head } = await opened();
    const answer = await merge(pull.number, head, method);
    expect(answer).toEqual({ is: 'merged', commit: await rig.shop.headOf('main') });
    expect(await rig.api.pullRequest(rig.repository, pull.number)).toMatchObject({
      state: 'merged',
      mergeCommit: await rig.shop.headOf('main'),
    });
    expect(rig.stub.merges).toEqual(['acme/shop#1']);
  });

  const required = { checks: [{ context: 'build' }] };
  const rule = (type: string, parameters?: object): RuleRow[] => [{ type, ...(parameters && { parameters }) }];
  it.each<[string, { given?: Partial<Pull>; classic?: Protection; rules?: RuleRow[]; answer: Partial<MergeAnswer> }]>([
    ['a draft', { given: { draft: true }, answer: { is: 'draft' } }],
    ['a missing check', { classic: required, answer: { is: 'checks', names: ['build'] } }],
    [
      'a missing check of a ruleset',
      {
        rules: rule('required_status_checks', {
          required_status_checks: [{ context: 'build (1)' }],
          strict_required_status_checks_policy: false,
        }),
        answer: { is: 'checks', names: ['build (1)'] },
      },
    ],
    ['a missing review', { classic: { approvals: 1 }, answer: { is: 'reviews' } }],
    ['requested changes', { given: { changesRequested: true }, answer: { is: 'reviews' } }],
    ['unsigned commits', { classic: { signatures: true }, answer: { is: 'signatures' } }],
    ['a linear history', { classic: { linear: true }, answer: { is: 'method' } }],
    ['a merge queue', { rules: rule('merge_queue'), answer: { is: 'queue-demanded' } }],
    [
      'a closed pull request',
      { given: { state: 'closed', closedAt: '2026-01-01T00:00:00Z' }, answer: { is: 'closed' } },
    ],
  ])('is refused for %s', async (_, { given = {}, classic, rules, answer }) => {
    const { pull, head } = await opened(given);
    if (classic) rig.shop.protections.set('main', classic);
    if (rules) rig.shop.rules.set('main', rules);
    expect(await merge(pull.number, head)).toMatchObject(answer);
    expect(rig.stub.merges).toEqual([]);
  });

  it('is refused for another head', async () => {
    const { pull, head } = await opened();
    await rig.shop.commit('work', { 'c.txt': 'c' });
    expect(await merge(pull.number, head)).toEqual({ is: 'moved' });
  });

  it('is refused for a conflict, first as not computed yet', async () => {
    rig.stub.slowMergeability = 3;
    const { pull, head } = await opened({}, { 'a.txt': 'here' });
    await rig.shop.commit('main', { 'a.txt': 'there' });
    expect(await merge(pull.number, head)).toMatchObject({ is: 'not-yet' });
    expect(await merge(pull.number, head)).toMatchObject({ is: 'conflicted' });
  });

  it('is refused for a base that has moved: in general, or that moment', async () => {
    const { pull, head } = await opened();
    rig.stub.baseMoves = 1;
    expect(await merge(pull.number, head)).toMatchObject({ is: 'base-modified' });
    rig.shop.protections.set('main', { checks: [{ context: 'build' }], strict: true });
    checkRun(rig.stub, rig.shop, head, { name: 'build', conclusion: 'success' });
    await rig.shop.commit('main', { 'c.txt': 'c' });
    await rig.api.pullRequest(rig.repository, pull.number);
    expect(await merge(pull.number, head)).toMatchObject({ is: 'behind' });
  });

  it('is refused for a method', async () => {
    const { pull, head } = await opened();
    rig.shop.methods.squash = false;
    expect(await merge(pull.number, head, 'squash')).toMatchObject({ is: 'method' });
    expect((await rig.api.repository({ owner: 'acme', name: 'shop' }))!.methods).toEqual(['merge', 'rebase']);
  });

  it('whose answer is lost is read back', async () => {
    const { pull, head } = await opened();
    rig.stub.trouble = ({ method }) => (method === 'PUT' ? { lost: true } : undefined);
    await expect(merge(pull.number, head)).rejects.toThrow('No answer to PUT');
    rig.stub.trouble = undefined;
    expect(await rig.api.pullRequest(rig.repository, pull.number)).toMatchObject({ state: 'merged' });
    expect(await merge(pull.number, head)).toMatchObject({ is: 'merged' });
    expect(rig.stub.merges).toHaveLength(1);
  });

  it('is refused where a right is missing, and is no refusal where a limit is used up', async () => {
    const { pull, head } = await opened();
    const refusing = (body: object, headers: Record<string, string> = {}) => {
      rig.stub.trouble = ({ method }) => (method === 'PUT' ? { status: 403, body, headers } : undefined);
    };
    refusing({ message: 'Resource not accessible by personal access token' });
    expect(await merge(pull.number, head)).toMatchObject({ is: 'refused' });
    refusing({ message: 'You have exceeded a secondary rate limit.' }, { 'retry-after': '60' });
    await expect(merge(pull.number, head)).rejects.toThrow(RateLimited);
  });
});

describe('the words of a refused merge', () => {
  const open = { state: 'open', head: 'h', draft: false, mergeable: true, mergeState: 'blocked' } as PullRequest;
  const read = (
    status: number,
    words: string,
    now: Partial<PullRequest> = {},
    decision?: 'REVIEW_REQUIRED' | 'CHANGES_REQUESTED',
  ) => refused({ status, words, wish: { head: 'h' }, now: { ...open, ...now } }, async () => decision);

  it.each<[number, string, MergeAnswer['is']]>([
    [405, 'Merge already in progress', 'not-yet'],
    [405, 'Base branch was modified. Review and try the merge again.', 'base-modified'],
    [405, 'Pull Request is still a draft', 'draft'],
    [405, 'Merge commits are not allowed on this repository.', 'method'],
    [405, 'Rebase merges are not allowed on this repository.', 'method'],
    [405, "This branch can't be rebased: it cannot be rebased automatically, rebasing is not allowed", 'method'],
    [405, 'At least 1 approving review is required by reviewers with write access.', 'reviews'],
    [405, 'Waiting on code owner review from acme/core.', 'reviews'],
    [405, 'A conversation must be resolved before this pull request can be merged.', 'reviews'],
    [405, '2 of 3 required status checks have not succeeded: 1 expected.', 'checks'],
    [405, 'Required status check "ci/test" is failing. At least 1 approving review is required.', 'checks'],
    [405, 'Changes must be made through the merge queue', 'queue-demanded'],
    [405, 'Commits must have verified signatures.', 'signatures'],
    [405, 'Head branch is out of date', 'behind'],
    [409, 'Head branch was modified. Review and try the merge again.', 'moved'],
    [409, 'Merge conflict', 'conflicted'],
    [409, 'Please wait', 'not-yet'],
    [422, 'Something unknown', 'refused'],
    [403, 'Resource not accessible by integration', 'refused'],
    [403, 'Repository rule violations found. Required status check "build" is expected.', 'checks'],
  ])('%i %s', async (status, words, is) => {
    expect(await read(status, words)).toMatchObject({ is });
  });

  it.each<[string, Partial<PullRequest>, MergeAnswer['is']]>([
    ['merged meanwhile', { state: 'merged' }, 'merged'],
    ['closed meanwhile', { state: 'closed' }, 'closed'],
    ['another head', { head: 'other' }, 'moved'],
    ['behind, whatever the words', { mergeState: 'behind' }, 'behind'],
    ['dirty', { mergeState: 'dirty', mergeable: false }, 'conflicted'],
    ['not computed', { mergeable: undefined, mergeState: undefined }, 'not-yet'],
    ['mergeable by now', { mergeState: 'clean' }, 'not-yet'],
    ['blocked by something', {}, 'refused'],
  ])('says nothing of itself: %s', async (_, now, is) => {
    expect(await read(405, 'Pull Request is not mergeable', now)).toMatchObject({ is });
  });

  it.each(['REVIEW_REQUIRED', 'CHANGES_REQUESTED'] as const)(
    'asks for the reviews if nothing else explains it: %s',
    async (decision) => {
      expect(await read(405, 'Pull Request is not mergeable', {}, decision)).toMatchObject({ is: 'reviews' });
    },
  );

  it('names the checks that are missing', async () => {
    const words = 'Required status check "ci/test (a)" is failing. Required status check "lint" is expected.';
    expect(await read(405, words)).toEqual({ is: 'checks', words, names: ['ci/test (a)', 'lint'] });
  });
});

describe('the merge queue', () => {
  beforeEach(() => void rig.shop.rules.set('main', [{ type: 'merge_queue' }]));
  const asked = async (number: number) => (await rig.api.pullRequest(rig.repository, number))!;

  it('takes a pull request with its head, says its position, and why it has left', async () => {
    const { pull, head } = await opened();
    expect((await rig.api.branch(rig.repository, 'main'))!.mergeQueue).toBe(true);
    const now = await asked(pull.number);
    expect(await rig.api.queued!(rig.repository, now)).toBeUndefined();
    expect(await rig.api.enqueue!(rig.repository, now, head)).toEqual({ is: 'queued', position: 1 });
    expect(await rig.api.enqueue!(rig.repository, now, head)).toEqual({ is: 'queued', position: 1 });
    expect(await rig.api.queued!(rig.repository, now)).toEqual({ position: 1, state: 'queued' });
    delete pull.queue;
    pull.removed = 'failed_checks';
    expect(await rig.api.queued!(rig.repository, now)).toEqual({ state: 'removed', because: 'failed_checks' });
  });

  it('refuses another head, a draft and a conflict', async () => {
    const { pull, head } = await opened();
    const now = await asked(pull.number);
    await rig.shop.commit('work', { 'c.txt': 'c' });
    expect(await rig.api.enqueue!(rig.repository, now, head)).toEqual({ is: 'moved' });
    pull.draft = true;
    const next = (await rig.shop.headOf('work'))!;
    expect(await rig.api.enqueue!(rig.repository, now, next)).toMatchObject({ is: 'draft' });
  });

  it('marks a draft as ready, unless we may not', async () => {
    const { pull } = await opened({ draft: true });
    const reader = rig.open({ token: rig.stub.token('bo') });
    expect(await reader.markReady(rig.repository, await asked(pull.number))).toBe(false);
    expect(await rig.api.markReady(rig.repository, await asked(pull.number))).toBe(true);
    expect(await asked(pull.number)).toMatchObject({ draft: false });
  });
});
