import { jest } from '@jest/globals';
import type { HostedBranch, MergeAnswer, MergeMethod } from '../../../../activities/adapters/hosted/api.ts';
import { PermissionMissing, Refused } from '../../../../activities/adapters/hosted/failures.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { lostAnswer } from '../../../support/in-memory/hosted-api.ts';
import { hostedRig, type HostedRig } from './rig.ts';

jest.setTimeout(60_000);

let rig: HostedRig;
let change: Change;
let head: string;
beforeEach(async () => {
  rig = await hostedRig();
  change = await rig.claimed();
  head = await rig.commitOurs(change, { 'b.txt': 'b' });
  await rig.forge.ensurePullRequest(change, { title: 'Totals with tax', body: '' });
});
afterEach(() => rig.dispose());

const merge = async (method?: MergeMethod, over: { head?: string } = {}) =>
  rig.forge.merge(change, {
    head,
    baseHead: (await rig.headOf('main'))!,
    message: 'Merge it\n\nTask: T',
    method,
    ...over,
  });
const merged = async () => ({ is: 'merged', mergeCommit: await rig.headOf('main'), head });
const says = (...answers: MergeAnswer[]) => rig.api.answers.push(...answers);
const rules = (over: Partial<HostedBranch>) => rig.api.rules.set('main', over);
const words = 'the forge’s words';
const url = 'https://forge.example/acme/Shop/pull/1';

it('carries the head that was judged, and reports our status before', async () => {
  expect(await merge()).toEqual(await merged());
  expect(rig.api.merges).toEqual([{ head, method: 'merge', title: 'Merge it', message: 'Task: T' }]);
  const [status, call] = ['setStatus', 'merge'].map((name) => rig.api.calls.lastIndexOf(name as never)) as [
    number,
    number,
  ];
  expect(rig.api.statuses.at(-1)).toMatchObject({ head, context: 'gatehouse', state: 'success' });
  expect(status).toBeLessThan(call);
});

it.each<[string, MergeMethod[], MergeMethod, object]>([
  ['squash', ['squash', 'rebase'], 'squash', {}],
  ['merge', ['rebase'], 'rebase', { note: 'It was merged by rebase, because the forge does not allow merge here.' }],
])('wanted %s where %j are allowed: %s', async (wanted, methods, used, note) => {
  rig.api.shown!.methods = methods;
  expect(await merge(wanted as MergeMethod)).toEqual({ ...(await merged()), ...note });
  expect(rig.api.merges.map(({ method }) => method)).toEqual([used]);
});

it('squashes under the title of the pull request', async () => {
  await merge('squash');
  expect(rig.api.merges).toMatchObject([{ title: 'Totals with tax (#1)' }]);
});

it('takes the next method that a refusal leaves', async () => {
  says({ is: 'method', words });
  expect(await merge('rebase')).toMatchObject({ is: 'merged', note: expect.stringContaining('by merge') });
  expect(rig.api.merges.map(({ method }) => method)).toEqual(['rebase', 'merge']);
});

it('refuses if no method is allowed', async () => {
  rules({ methods: [] });
  expect(await merge()).toEqual({ is: 'refused', because: 'The forge allows no method to merge into main' });
  expect(rig.api.merges).toEqual([]);
});

describe('a merge that took place already', () => {
  it('is a success, whoever merged', async () => {
    await rig.api.mergeNow(1, 'squash');
    expect(await merge()).toEqual(await merged());
    expect(rig.api.merges).toEqual([]);
  });

  it('is found if its answer was lost', async () => {
    rig.api.failing.set('merge', [{ failure: lostAnswer(), after: true }]);
    expect(await merge()).toEqual(await merged());
    expect(await merge()).toEqual(await merged());
    expect(rig.api.merges).toHaveLength(1);
  });

  it('is found behind a refusal', async () => {
    await rig.api.mergeNow(1);
    const stale = { ...rig.api.pulls.get(1)!, state: 'open' as const };
    const now = rig.api.pullRequest;
    let reads = 0;
    rig.api.pullRequest = (...args) => ((reads += 1) === 1 ? Promise.resolve(stale) : now(...args));
    says({ is: 'refused', words: 'already merged' });
    expect(await merge()).toMatchObject({ is: 'merged' });
  });
});

it('is not repeated blindly when no answer comes and nothing was merged', async () => {
  rig.api.failing.set('merge', [{ failure: lostAnswer() }]);
  await expect(merge()).rejects.toThrow('did not answer');
  expect(rig.api.calls.filter((each) => each === 'merge')).toHaveLength(1);
  expect(await merge()).toEqual(await merged());
});

describe('what the forge says', () => {
  it.each<[MergeAnswer[], object, number]>([
    [[{ is: 'not-yet', words }], { is: 'merged' }, 2],
    [[{ is: 'base-modified', words }], { is: 'merged' }, 2],
    [[{ is: 'conflicted', words }], { is: 'merged' }, 2],
    [
      [
        { is: 'conflicted', words },
        { is: 'conflicted', words },
      ],
      { is: 'refused', because: words },
      2,
    ],
    [[{ is: 'draft', words }], { is: 'merged' }, 2],
    [
      [
        { is: 'draft', words },
        { is: 'draft', words },
      ],
      { is: 'refused', because: words },
      2,
    ],
    [[{ is: 'behind', words }], { is: 'behind', because: words }, 1],
    [[{ is: 'reviews', words }], { is: 'waiting', for: 'reviews', because: words, url }, 1],
    [[{ is: 'checks', words }], { is: 'unchecked', because: words }, 1],
    [[{ is: 'refused', words }], { is: 'refused', because: words }, 1],
    [[{ is: 'signatures', words }], { is: 'merged' }, 2],
  ])('%j leads to %j', async (answers, expected, times) => {
    says(...answers);
    expect(await merge()).toMatchObject(expected);
    expect(rig.api.merges).toHaveLength(times);
  });

  it.each([new Refused('PUT merge: 422', 422, words), new PermissionMissing(words)])(
    'is for a person if it is no answer of a merge',
    async (failure) => {
      rig.api.failing.set('merge', [{ failure }]);
      expect(await merge()).toEqual({ is: 'refused', because: words });
    },
  );

  it('“not yet” for long is waited for', async () => {
    says(...Array.from({ length: 200 }, () => ({ is: 'not-yet', words }) as const));
    await expect(merge()).rejects.toThrow(words);
    expect(rig.api.merges.length).toBeGreaterThan(2);
  });

  it('about a real conflict has its files', async () => {
    await rig.commitOurs(change, { 'a.txt': 'ours' });
    head = (await rig.headOf('work'))!;
    await rig.commit('main', { 'a.txt': 'theirs' });
    expect(await merge()).toEqual({ is: 'conflicted', files: ['a.txt'] });
  });
});

it('says “moved” before anything is asked', async () => {
  const other = await rig.commit('work', { 'c.txt': 'c' });
  expect(await merge()).toMatchObject({ is: 'moved', head: other });
  expect(rig.api.merges).toEqual([]);
});

it('compares with the base itself where that is demanded', async () => {
  rules({ strict: true });
  await rig.commit('main', { 'd.txt': 'd' });
  expect(await merge()).toMatchObject({ is: 'behind' });
  expect(rig.api.merges).toEqual([]);
  const update = await rig.forge.updateFromBase(change);
  head = (update as { head: string }).head;
  expect(await merge()).toMatchObject({ is: 'merged', head });
});

describe('a draft', () => {
  beforeEach(() => void (rig.api.pulls.get(1)!.draft = true));

  it('is marked as ready, once', async () => {
    expect(await merge()).toEqual(await merged());
    expect(rig.api.calls.filter((each) => each === 'markReady')).toHaveLength(1);
  });

  it('that we may not mark is for a person', async () => {
    rig.api.mayReady = false;
    expect(await merge()).toMatchObject({ is: 'refused', because: 'Pull request is still a draft' });
  });
});

it('asks again for reviews only when the pull request has changed', async () => {
  says({ is: 'reviews', words }, { is: 'reviews', words });
  const first = await merge();
  expect(await merge()).toEqual(first);
  expect(rig.api.merges).toHaveLength(1);
  rig.api.pulls.get(1)!.updatedAt = new Date().toISOString();
  expect(await merge()).toEqual(first);
  expect(rig.api.merges).toHaveLength(2);
  rig.api.pulls.get(1)!.updatedAt = new Date(1).toISOString();
  expect(await merge()).toEqual(await merged());
});

it('waits for checks that only the refusal names', async () => {
  says({ is: 'checks', words, names: ['build'] });
  await merge();
  const { running } = await rig.forge.checks(change, head, { checkSeconds: 60, round: 'r' });
  expect(running).toContain('build');
});

describe('a merge queue', () => {
  it('takes the change with its head, and merges it in its time', async () => {
    says({ is: 'queue-demanded', words });
    expect(await merge()).toMatchObject({ is: 'waiting', for: 'queue', because: 'It is number 1 in the merge queue' });
    rig.api.queue.set(1, { position: 2, state: 'QUEUED' });
    expect(await merge()).toMatchObject({ because: 'It is number 2 in the merge queue: QUEUED', url });
    expect(rig.api.merges).toHaveLength(1);
    await rig.api.mergeNow(1, 'squash');
    expect(await merge()).toEqual(await merged());
  });

  it('that takes it out leads back to the checks, and to the queue again', async () => {
    says({ is: 'queue-demanded', words });
    await merge();
    rig.api.queue.clear();
    expect(await merge()).toMatchObject({ is: 'unchecked', because: expect.stringContaining('taken work out') });
    says({ is: 'queue-demanded', words });
    expect(await merge()).toMatchObject({ is: 'waiting', for: 'queue' });
  });
});

describe('the work branch', () => {
  it('that we made is deleted', async () => {
    expect(await merge()).not.toHaveProperty('note');
    expect(await rig.headOf('work')).toBeUndefined();
  });

  it('that a person made stays', async () => {
    await rig.commit('theirs', { 't.txt': 't' });
    change = await rig.claimed({ branch: 'theirs' });
    head = await rig.commitOurs(change, { 'u.txt': 'u' });
    await rig.forge.ensurePullRequest(change, { title: 't', body: '' });
    expect(await merge()).toEqual(await merged());
    expect(await rig.headOf('theirs')).toBe(head);
  });

  it('that has new commits stays, with a note', async () => {
    await rig.api.mergeNow(1);
    const later = await rig.commit('work', { 'later.txt': 'l' });
    expect(await merge()).toMatchObject({ is: 'merged', head, note: 'work has new commits, so it stays.' });
    expect(await rig.headOf('work')).toBe(later);
  });

  it('gets a pull request if it has none', async () => {
    await rig.commit('bare', { 't.txt': 't' });
    change = await rig.claimed({ branch: 'bare' });
    head = (await rig.headOf('bare'))!;
    expect(await merge()).toEqual(await merged());
    expect(rig.api.pulls.get(2)).toMatchObject({ branch: 'bare', title: 'Merge it', body: 'Task: T', state: 'merged' });
  });
});
