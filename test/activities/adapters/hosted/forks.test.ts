import { jest } from '@jest/globals';
import { program } from '../../../support/programs.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { hostedRig, type HostedRig } from './rig.ts';

jest.setTimeout(60_000);

let rig: HostedRig;
let number: number;
let head: string;
let change: Change;

/** Commits to the fork, as the forge shows it: the commit is on no branch of the repository. */
async function pushed(files: Record<string, string>): Promise<string> {
  const commit = await rig.commit('from-fork', files);
  await program('git', ['update-ref', `refs/pull/${number}/head`, commit], { cwd: rig.bare });
  await rig.deleteBranch('from-fork');
  const pull = rig.api.pulls.get(number);
  if (pull) pull.head = commit;
  return commit;
}

beforeEach(async () => {
  rig = await hostedRig({ wire: true });
  number = 1;
  head = await pushed({ 'b.txt': 'b' });
  // A branch of this name is in our repository too, and is not meant.
  await rig.api.addPull({ branch: 'main', head, fork: true, title: 'Totals with tax' });
  change = await rig.claimed({ pullRequest: number });
});
afterEach(() => rig.dispose());

const settled = async (commit: string) => {
  for (const until = Date.now() + 30_000; Date.now() < until;) {
    const { ended, running } = await rig.forge.checks(change, commit, { checkSeconds: 60, round: 'r1' });
    if (running.length === 0) return ended.map(({ name, conclusion }) => ({ name, conclusion }));
  }
  throw new Error('The checks do not end.');
};

it('a pull request from a fork is found, as one from a fork', async () => {
  const wish = { repository: rig.repository, branch: 'work', branchGiven: false, pullRequest: number };
  expect(await rig.forge.examine(wish)).toMatchObject({
    is: 'found',
    fork: true,
    change: { base: 'main', branch: 'pull/1/head', pullRequest: number, fork: true },
    head,
    title: 'Totals with tax',
    writers: ['Bo', 'bo@shop.example'],
  });
});

it('its head is that of the pull request', async () => {
  expect(await rig.forge.look(change, head)).toMatchObject({ state: 'open', head, foreign: [] });
  const next = await pushed({ 'c.txt': 'c' });
  expect(await rig.forge.look(change, head)).toMatchObject({ state: 'open', head: next });
  const baseHead = await rig.headOf('main');
  expect(await rig.forge.mergeability(change)).toMatchObject({ is: 'mergeable', head: next, baseHead });
  expect(await rig.forge.changedPaths(change, next)).toContain('c.txt');
});

it('its checks run as those of a fork', async () => {
  expect(await settled(head)).toEqual([{ name: 'good', conclusion: 'success' }]);
  expect(rig.uses).toMatchObject([{ kind: 'check', fork: true }]);
});

it('nothing is pushed to it', async () => {
  await rig.commit('main', { 'd.txt': 'd' });
  const refused = { is: 'refused', because: expect.stringContaining('fork') };
  expect(await rig.forge.updateFromBase(change)).toEqual(refused);
  expect(await rig.forge.commitFiles(change, { files: { 'docs/plan.md': 'plan' }, message: 'plan' })).toEqual(refused);
  expect(await rig.headOf('pull/1/head')).toBeUndefined();
});

it('it is merged by the forge, and no branch is deleted', async () => {
  const baseHead = (await rig.headOf('main'))!;
  const report = await rig.forge.merge(change, { head, baseHead, message: 'Merge it' });
  expect(report).toMatchObject({ is: 'merged', head });
  expect(await rig.isAncestor(head, (await rig.headOf('main'))!)).toBe(true);
});
