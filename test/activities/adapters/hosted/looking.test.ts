import { jest } from '@jest/globals';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { lostAnswer } from '../../../support/in-memory/hosted-api.ts';
import { until } from '../../../support/until.ts';
import { hostedRig, type HostedRig } from './rig.ts';

jest.setTimeout(60_000);

let rig: HostedRig;
let change: Change;
let head: string;
beforeEach(async () => {
  rig = await hostedRig();
  change = await rig.claimed();
  head = await rig.commitOurs(change, { 'b.txt': 'b' });
  change = { ...change, pullRequest: await rig.forge.ensurePullRequest(change, { title: 'Totals', body: '' }) };
});
afterEach(() => rig.dispose());

const look = (known = head) => rig.forge.look(change, known);
const pull = () => rig.api.pulls.get(1)!;
/** Waits until a close counts. */
const closed = () => until('the close counts', async () => (await look().catch(() => undefined))?.state === 'closed');

it('is open at its head', async () => {
  expect(await look()).toEqual({ state: 'open', head, baseHead: await rig.headOf('main'), foreign: [] });
});

it.each(['merge', 'squash', 'rebase'] as const)(
  'merged by hand with %s, at a head that we have not seen',
  async (method) => {
    const last = await rig.commit('work', { 'c.txt': 'c' });
    await rig.api.mergeNow(1, method);
    await rig.deleteBranch('work');
    const mergeCommit = await rig.headOf('main');
    expect(await look()).toMatchObject({ state: 'merged', head: last, mergeCommit });
  },
);

it('is what the forge says, whatever the branches look like', async () => {
  await rig.api.git.merge('main', head, 'merge');
  expect(await look()).toMatchObject({ state: 'open', head });
});

describe('a pull request that is closed', () => {
  it('counts after a while', async () => {
    pull().state = 'closed';
    await expect(look()).rejects.toMatchObject({ name: 'ForgeUnavailable', retryAfterMs: expect.any(Number) });
    await closed();
    expect(await look()).toMatchObject({ state: 'closed', head, note: 'The pull request 1 was closed at the forge.' });
  });

  it('is open again if it is reopened meanwhile, and closed anew later', async () => {
    pull().state = 'closed';
    await expect(look()).rejects.toThrow('unless it comes back');
    pull().state = 'open';
    expect(await look()).toMatchObject({ state: 'open' });
    pull().state = 'closed';
    await expect(look()).rejects.toThrow('unless it comes back');
  });

  it('has a branch that is gone, and maybe a base that is gone', async () => {
    change = { ...change, base: 'release' };
    pull().base = 'release';
    await rig.deleteBranch('work');
    await closed();
    expect(await look()).toMatchObject({ state: 'closed', baseHead: change.basis });
  });
});

it('follows another base, and says so', async () => {
  const release = await rig.commit('release', { 'r.txt': 'r' });
  pull().base = 'release';
  expect(await look()).toEqual({ state: 'open', head, base: 'release', baseHead: release, foreign: [] });
  expect(await rig.forge.mergeability(change)).toMatchObject({ is: 'mergeable', baseHead: release, behind: true });
  expect(await rig.forge.updateFromBase(change)).toMatchObject({ is: 'merged' });
  expect(await rig.isAncestor(release, (await rig.headOf('work'))!)).toBe(true);
});

it('follows a base that was renamed, before there is a pull request', async () => {
  const trunk = await rig.commit('trunk', { 't.txt': 't' });
  const before = { ...(await rig.claimed({ branch: 'other' })), base: 'old' };
  await rig.commit('other', { 'o.txt': 'o' });
  const branch = rig.api.branch;
  rig.api.branch = (repository, name) => branch(repository, name === 'old' ? 'trunk' : name);
  expect(await rig.forge.look(before)).toMatchObject({ state: 'open', base: 'trunk', baseHead: trunk });
});

it('reports a base that is gone, and waits for it', async () => {
  await expect(rig.forge.look({ ...change, pullRequest: 1, base: 'main' }, head)).resolves.toMatchObject({
    state: 'open',
  });
  pull().base = 'gone';
  await expect(look()).rejects.toThrow('The base branch gone');
});

it('sees a branch that was rewritten', async () => {
  const known = await rig.commit('work', { 'c.txt': 'c' });
  await rig.api.git.reset('work', head);
  expect(await look(known)).toMatchObject({ state: 'open', head, descends: false });
});

describe('the pull request of a change', () => {
  const ensure = (of: Change) => rig.forge.ensurePullRequest(of, { title: 'Totals', body: 'b' });
  const opened = () => rig.api.calls.filter((each) => each === 'openPullRequest').length;

  it('is found if the answer was lost', async () => {
    const other = await rig.claimed({ branch: 'other' });
    await rig.commitOurs(other, { 'o.txt': 'o' });
    rig.api.failing.set('openPullRequest', [{ failure: lostAnswer(), after: true }]);
    await expect(ensure(other)).rejects.toThrow('did not answer');
    expect(await ensure(other)).toBe(2);
    expect(rig.api.pulls.size).toBe(2);
    const before = opened();
    expect(await ensure(other)).toBe(2);
    expect(opened()).toBe(before);
  });

  it('may be one that a person made', async () => {
    await rig.commit('theirs', { 't.txt': 't' });
    const { number } = await rig.api.addPull({ branch: 'theirs' });
    expect(await ensure({ ...(await rig.claimed({ branch: 'theirs' })) })).toBe(number);
  });

  it('is another one than the one that was closed before', async () => {
    pull().state = 'closed';
    const later = await rig.claimed({ branch: 'other' });
    await rig.commitOurs(later, { 'o.txt': 'o' });
    await rig.api.addPull({ branch: 'other', state: 'closed' });
    expect(await ensure(later)).toBe(3);
  });
});

it('keeps its records when the repository is renamed', async () => {
  const { repository } = change;
  rig.api.earlierNames.add('acme/shop');
  rig.api.shown = { ...rig.api.shown!, name: 'Store', canonical: 'https://forge.example/acme/Store' };
  const found = await rig.forge.examine({
    repository: 'acme/Shop'.replace(/^/, 'https://forge.example/'),
    branch: 'work',
    branchGiven: false,
  });
  expect(found).toMatchObject({ is: 'found', change: { repository: 'https://forge.example/acme/Store' } });
  const other = { workflowId: 'run/default/B', runId: '2' };
  if (found.is !== 'found') throw new Error();
  expect(await rig.forge.claim(found.change, other, async () => true)).toMatchObject({ is: 'held' });
  expect(await rig.forge.look({ ...change, repository }, head)).toMatchObject({ state: 'open', head, foreign: [] });
});
