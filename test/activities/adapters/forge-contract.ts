import type { Forge } from '../../../activities/ports.ts';
import type { Change } from '../../../workflows/contracts/change.ts';

/** The needs of the suite for forges: people who commit, and branches that can be read. */
export interface ForgeRig {
  forge: Forge;
  repository: string;
  /** Commits to a branch as a person. A new branch begins at `main`. Returns the commit's id. */
  commit(branch: string, files: Record<string, string>): Promise<string>;
  /** Commits to the work branch of a change as gatehouse. */
  commitOurs(change: Change, files: Record<string, string>): Promise<string>;
  headOf(branch: string): Promise<string | undefined>;
  isAncestor(older: string, newer: string): Promise<boolean>;
  deleteBranch(branch: string): Promise<void>;
  /** The total number of checks that have begun. */
  checksBegun(): Promise<number>;
  /** Whether only the forge moves the base, so that no merge is tested that is on no branch. */
  branchOnly?: boolean;
  dispose(): Promise<void>;
}

/** The id of another commit. */
const other = (commit: string) => (commit.startsWith('f') ? '0' : 'f') + commit.slice(1);
const holder = (runId: string) => ({ workflowId: 'run/default/PAY-1', runId });
const yes = async () => true;
const no = async () => false;

/**
 * The conformance suite of forges. The test repository has a `main` with a file `a.txt`, settings, and one check `good`,
 * which is red for a commit with a file `bad.txt`.
 */
export function forgeContract(name: string, rigOf: () => Promise<ForgeRig>): void {
  describe(`${name} as a forge`, () => {
    let rig: ForgeRig;
    let change: Change;
    beforeEach(async () => {
      rig = await rigOf();
      const found = await rig.forge.examine({ repository: rig.repository, branch: 'work', branchGiven: false });
      if (found.is !== 'found') throw new Error(JSON.stringify(found));
      change = found.change;
      await rig.forge.claim(change, holder('1'), yes);
    });
    afterEach(() => rig.dispose());

    const settled = async (head: string, round = 'r1') => {
      for (const until = Date.now() + 30_000; Date.now() < until;) {
        const checks = await rig.forge.checks(change, head, { checkSeconds: 60, round });
        if (checks.running.length === 0) return checks.ended.map(({ name, conclusion }) => ({ name, conclusion }));
      }
      throw new Error('The checks do not end.');
    };

    it('finds a change, with its base’s commit as the basis', async () => {
      expect(change).toMatchObject({ base: 'main', branch: 'work', basis: await rig.headOf('main') });
    });

    it.each([
      ['change.repository', { repository: '/nowhere/at/all' }],
      ['change.base', { base: 'nope' }],
      ['change.branch', { branch: 'main', branchGiven: true }],
      ['change.pullRequest', { pullRequest: 77 }],
    ])('refuses a bad %s', async (path, over) => {
      const wish = { repository: rig.repository, branch: 'work', branchGiven: false, ...over };
      expect(await rig.forge.examine(wish)).toMatchObject({ is: 'refused', fields: [{ path }] });
    });

    it('recognises its repository by a commit', async () => {
      const wish = { repository: rig.repository, branch: 'work', branchGiven: false };
      expect(await rig.forge.examine({ ...wish, basis: change.basis })).toMatchObject({ is: 'found' });
      const refused = { is: 'refused', fields: [{ path: 'change.repository' }] };
      expect(await rig.forge.examine({ ...wish, basis: other(change.basis) })).toMatchObject(refused);
    });

    it('resumes a branch that is ahead of its base', async () => {
      const head = await rig.commit('work', { 'b.txt': 'b' });
      const wish = { repository: rig.repository, branch: 'work', branchGiven: false };
      expect(await rig.forge.examine(wish)).toMatchObject({ is: 'found', head });
    });

    it('gives a branch to one run at a time, and to another one when that has ended', async () => {
      expect(await rig.forge.claim(change, holder('1'), yes)).toEqual({ is: 'ours' });
      expect(await rig.forge.claim(change, holder('2'), yes)).toEqual({ is: 'held', by: holder('1') });
      expect(await rig.forge.claim(change, holder('2'), no)).toEqual({ is: 'ours' });
      expect(await rig.forge.claim(change, holder('1'), yes)).toEqual({ is: 'held', by: holder('2') });
    });

    it('lists the owner of each branch, and releases a branch only from the given owner', async () => {
      const held = async () =>
        (await rig.forge.list()).map(({ branch, holder: by, checks }) => [branch, by.runId, checks]);
      expect(await held()).toEqual([['work', '1', 0]]);
      const { repository, branch } = (await rig.forge.list())[0]!;
      await rig.forge.release({ repository, branch }, holder('2'));
      expect(await held()).toEqual([['work', '1', 0]]);
      await rig.forge.release({ repository, branch }, holder('1'));
      await rig.forge.release({ repository, branch }, holder('1'));
      expect(await held()).toEqual([]);
      expect(await rig.forge.claim(change, holder('2'), yes)).toEqual({ is: 'ours' });
    });

    it('distinguishes foreign commits from ours and from those of the base', async () => {
      expect(await rig.forge.look(change)).toMatchObject({ state: 'open', foreign: [] });
      const ours = await rig.commitOurs(change, { 'b.txt': 'b' });
      expect(await rig.forge.look(change, ours)).toMatchObject({ state: 'open', head: ours, foreign: [] });
      const theirs = await rig.commit('work', { 'c.txt': 'c' });
      expect(await rig.forge.look(change, ours)).toMatchObject({
        head: theirs,
        foreign: [{ commit: theirs, author: 'Bo' }],
      });
      expect(await rig.forge.look(change, theirs)).toMatchObject({ foreign: [] });
      await rig.commit('main', { 'd.txt': 'd' });
      await rig.forge.updateFromBase(change);
      expect(await rig.forge.look(change, theirs)).toMatchObject({ foreign: [] });
    });

    it('makes one pull request, however often it is called [A-183]', async () => {
      await rig.commitOurs(change, { 'b.txt': 'b' });
      const number = await rig.forge.ensurePullRequest(change, { title: 't', body: 'b' });
      expect(await rig.forge.ensurePullRequest(change, { title: 'other', body: '' })).toBe(number);
      const wish = { repository: rig.repository, branch: 'other', branchGiven: false, pullRequest: number };
      expect(await rig.forge.examine(wish)).toMatchObject({ is: 'found', change: { branch: 'work' } });
    });

    it('runs a check once per commit, and a red one once more in a new round', async () => {
      const good = await rig.commitOurs(change, { 'b.txt': 'b' });
      expect(await settled(good)).toEqual([{ name: 'good', conclusion: 'success' }]);
      await settled(good, 'r2');
      expect(await rig.checksBegun()).toBe(1);
      const bad = await rig.commitOurs(change, { 'bad.txt': 'bad' });
      expect(await settled(bad)).toEqual([{ name: 'good', conclusion: 'failure' }]);
      await settled(bad);
      expect(await rig.checksBegun()).toBe(2);
      await settled(bad, 'r2');
      expect(await rig.checksBegun()).toBe(3);
    });

    it('reports whether a change merges, even if its base has moved [A-091, A-093, A-192, A-193]', async () => {
      expect(await rig.forge.mergeability(change)).toEqual({ is: 'nothing' });
      const head = await rig.commitOurs(change, { 'a.txt': 'changed here' });
      const baseHead = await rig.headOf('main');
      expect(await rig.forge.mergeability(change)).toEqual({ is: 'mergeable', head, baseHead });
      const behind = await rig.commit('main', { 'added.txt': 'only added' });
      expect(await rig.forge.mergeability(change)).toMatchObject({ is: 'mergeable', head, baseHead: behind });
      await rig.commit('main', { 'a.txt': 'changed there' });
      expect(await rig.forge.mergeability(change)).toMatchObject({ is: 'conflicted', head, files: ['a.txt'] });
    });

    it('makes the merge result, checks it, and moves the base to exactly that commit', async () => {
      if (rig.branchOnly) return;
      const head = await rig.commitOurs(change, { 'b.txt': 'b' });
      expect(await rig.forge.mergeability(change)).not.toHaveProperty('behind');
      const baseHead = await rig.commit('main', { 'bad.txt': 'by somebody else' });
      expect(await rig.forge.mergeability(change)).toEqual({ is: 'mergeable', head, baseHead, behind: true });
      const expected = { head, baseHead, message: 'Merge it' };
      const made = await rig.forge.mergeResult(change, expected);
      expect(made).toEqual({ is: 'made', commit: expect.any(String) });
      const { commit } = made as Extract<typeof made, { is: 'made' }>;
      expect(await rig.forge.mergeResult(change, expected)).toEqual(made);
      expect([await rig.headOf('main'), await rig.headOf('work')]).toEqual([baseHead, head]);
      // Each is green alone; together they are not.
      expect(await settled(head)).toEqual([{ name: 'good', conclusion: 'success' }]);
      expect(await settled(commit)).toEqual([{ name: 'good', conclusion: 'failure' }]);

      expect(await rig.forge.merge(change, { ...expected, commit })).toEqual({
        is: 'merged',
        mergeCommit: commit,
        head,
      });
      expect(await rig.headOf('main')).toBe(commit);
      expect(await rig.forge.merge(change, { ...expected, commit })).toMatchObject({
        is: 'merged',
        mergeCommit: commit,
      });
    });

    it('lets the work branch be brought up to date where it makes no merge result', async () => {
      if (!rig.branchOnly) return;
      const head = await rig.commitOurs(change, { 'b.txt': 'b' });
      const baseHead = await rig.commit('main', { 'c.txt': 'c' });
      const expected = { head, baseHead, message: 'Merge it' };
      expect(await rig.forge.mergeResult(change, expected)).toEqual({ is: 'branch-only' });
      expect([await rig.headOf('main'), await rig.headOf('work')]).toEqual([baseHead, head]);
      const update = await rig.forge.updateFromBase(change);
      expect(update).toMatchObject({ is: 'merged' });
      expect(await rig.isAncestor(baseHead, (update as { head: string }).head)).toBe(true);
    });

    it('has a red check run again, and no green one', async () => {
      const bad = await rig.commitOurs(change, { 'bad.txt': 'bad' });
      await settled(bad);
      expect(await rig.forge.rerunFailed(change, bad, ['good', 'unknown'])).toEqual(['good']);
      expect(await settled(bad)).toEqual([{ name: 'good', conclusion: 'failure' }]);
      expect(await rig.checksBegun()).toBe(2);
      const good = await rig.commit('work', { 'b.txt': 'b', 'bad.txt': '' });
      expect(await rig.forge.rerunFailed(change, good, ['good'])).toEqual([]);
    });

    it('makes no merge result if a head has moved or the two conflict', async () => {
      const head = await rig.commitOurs(change, { 'a.txt': 'changed here' });
      const before = (await rig.headOf('main'))!;
      const baseHead = await rig.commit('main', { 'a.txt': 'changed there' });
      const made = (over: { head?: string; baseHead?: string }) =>
        rig.forge.mergeResult(change, { head, baseHead, message: 'm', ...over });
      expect(await made({ baseHead: before })).toEqual({ is: 'moved' });
      expect(await made({ head: other(head) })).toEqual({ is: 'moved' });
      expect(await made({})).toEqual({ is: 'moved' });
    });

    it('merges the base into the work branch, or changes nothing on a conflict [A-194]', async () => {
      const head = await rig.commitOurs(change, { 'a.txt': 'changed here' });
      expect(await rig.forge.updateFromBase(change)).toEqual({ is: 'current', head });
      const base = await rig.commit('main', { 'd.txt': 'd' });
      const update = await rig.forge.updateFromBase(change);
      expect(update).toMatchObject({ is: 'merged', head: await rig.headOf('work') });
      expect(await rig.isAncestor(base, (await rig.headOf('work'))!)).toBe(true);
      const before = await rig.headOf('work');
      await rig.commit('main', { 'a.txt': 'changed there' });
      expect(await rig.forge.updateFromBase(change)).toMatchObject({ is: 'conflict', files: ['a.txt'] });
      expect(await rig.headOf('work')).toBe(before);
    });

    it('commits documents once per content, to a branch that it creates', async () => {
      const commit = { files: { 'spec/shop.md': '# Shop\n' }, message: 'spec-writer: Shop' };
      const first = await rig.forge.commitFiles(change, commit);
      expect(first).toMatchObject({ is: 'committed', head: await rig.headOf('work') });
      const head = await rig.headOf('work');
      expect(await rig.forge.commitFiles(change, commit)).toEqual({ is: 'unchanged', head });
      expect(await rig.forge.changedPaths(change, head!)).toEqual(['spec/shop.md']);
      expect((await rig.forge.look(change)).foreign).toEqual([]);
      const later = await rig.commit('work', { 'c.txt': 'by hand' });
      expect(await rig.forge.commitFiles(change, { ...commit, files: { 'spec/shop.md': '# More\n' } })).toMatchObject({
        is: 'committed',
      });
      expect(await rig.isAncestor(later, (await rig.headOf('work'))!)).toBe(true);
    });

    it('ends checks that nobody waits for, even if there are none', async () => {
      await rig.forge.endChecks(change);
      const head = await rig.commitOurs(change, { 'b.txt': 'b' });
      const ended = await settled(head);
      await rig.forge.endChecks(change);
      // An existing verdict is never taken back.
      expect(await settled(head)).toEqual(ended);
      expect(await rig.checksBegun()).toBe(1);
    });

    it('merges exactly the head and base that were judged, once [N-53]', async () => {
      const head = await rig.commitOurs(change, { 'b.txt': 'b' });
      const baseHead = (await rig.headOf('main'))!;
      const message = 'Merge it';
      expect(await rig.forge.changedPaths(change, head)).toEqual(['b.txt']);
      expect(await rig.forge.merge(change, { head: other(baseHead), baseHead, message })).toMatchObject({
        is: 'moved',
        head,
      });
      expect(await rig.forge.merge(change, { head, baseHead: head, message })).toMatchObject({ is: 'moved', baseHead });
      expect(await rig.headOf('main')).toBe(baseHead);

      const merged = await rig.forge.merge(change, { head, baseHead, message });
      expect(merged).toEqual({ is: 'merged', mergeCommit: await rig.headOf('main'), head });
      expect(await rig.isAncestor(head, (await rig.headOf('main'))!)).toBe(true);
      expect(await rig.headOf('work')).toBeUndefined();
      expect(await rig.forge.merge(change, { head, baseHead, message })).toEqual(merged);
      expect(await rig.forge.look(change, head)).toMatchObject({ state: 'merged' });
    });

    it('does not merge a conflict', async () => {
      const head = await rig.commitOurs(change, { 'a.txt': 'changed here' });
      const baseHead = await rig.commit('main', { 'a.txt': 'changed there' });
      expect(await rig.forge.merge(change, { head, baseHead, message: 'm' })).toMatchObject({
        is: 'conflicted',
        files: ['a.txt'],
      });
      expect(await rig.headOf('main')).toBe(baseHead);
    });

    it('notices a deleted branch, and creates it again for another run', async () => {
      const head = await rig.commitOurs(change, { 'b.txt': 'b' });
      await rig.forge.look(change, head);
      await rig.deleteBranch('work');
      expect(await rig.forge.look(change, head)).toMatchObject({ state: 'closed' });
      await rig.forge.claim(change, holder('2'), no);
      expect(await rig.forge.look(change)).toMatchObject({ state: 'open' });
    });
  });
}
