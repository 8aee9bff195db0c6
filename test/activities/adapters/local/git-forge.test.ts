import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { ChangeStore } from '../../../../activities/adapters/git/publishing/change-store.ts';
import { Publishing } from '../../../../activities/adapters/git/publishing/publishing.ts';
import { fetchFrom } from '../../../../activities/adapters/git/transfer.ts';
import { gitForge } from '../../../../activities/adapters/local/git-forge/index.ts';
import { copyLease } from '../../../../activities/adapters/git/workspace.ts';
import { exclusivelyIn } from '../../../../activities/adapters/processes/exclusive.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { removeFolder } from '../../../support/folders.ts';
import { program } from '../../../support/programs.ts';
import { running } from '../../../support/running.ts';
import { until } from '../../../support/until.ts';
import { forgeContract, type ForgeRig } from '../forge-contract.ts';
import { stateIn } from '../../../support/state/databases.ts';
import { workspaceIn } from '../../../support/local.ts';

jest.setTimeout(60_000);

const SETTINGS = (home: string) => `checks:
  good: 'echo begun >> ${home}/begun; while [ -e ${home}/hold ]; do sleep 0.02; done; test ! -e bad.txt'
agents: { default: node agent.mjs }
`;

interface GitRig extends ForgeRig {
  home: string;
  git(...args: string[]): Promise<string>;
}

async function gitRig(): Promise<GitRig> {
  const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-forge-'));
  const [repository, clone, root] = ['shop', 'clone', 'data'].map((name) => path.join(home, name)) as [
    string,
    string,
    string,
  ];
  const as = (name: string) => ['-c', `user.name=${name}`, '-c', `user.email=${name.toLowerCase()}@shop.example`];
  const at = async (cwd: string, ...args: string[]) => (await program('git', args, { cwd })).stdout;
  await program('git', ['init', '--quiet', '--initial-branch', 'main', repository]);
  await writeFile(path.join(repository, 'a.txt'), 'a');
  await writeFile(path.join(repository, '.gatehouse.yml'), SETTINGS(home));
  await at(repository, 'add', '--all');
  await at(repository, ...as('Ana'), 'commit', '--quiet', '-m', 'first');
  await at(repository, 'checkout', '--quiet', '--detach');
  const forge = gitForge({ root, environment: process.env, state: stateIn(root) });
  const workspace = workspaceIn(root);
  const publishing = new Publishing(workspace, new ChangeStore(stateIn(root)));

  /** Commits in a checkout elsewhere, as people do, and returns the commit. */
  async function made(branch: string, files: Record<string, string>, who: string): Promise<string> {
    await rm(clone, { recursive: true, force: true });
    await program('git', ['clone', '--quiet', repository, clone]);
    const there = await at(repository, 'branch', '--list', branch);
    await at(
      clone,
      'checkout',
      '--quiet',
      ...(there ? ['-B', branch, `origin/${branch}`] : ['-b', branch, 'origin/main']),
    );
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(clone, name), text);
    await at(clone, 'add', '--all');
    await at(clone, ...as(who), 'commit', '--quiet', '-m', 'a commit');
    return at(clone, 'rev-parse', 'HEAD');
  }
  const headOf = async (branch: string) =>
    (await at(repository, 'for-each-ref', '--format=%(objectname)', `refs/heads/${branch}`)) || undefined;
  return {
    home,
    forge,
    repository,
    headOf,
    git: (...args) => at(repository, ...args),
    async commit(branch, files) {
      const commit = await made(branch, files, 'Bo');
      await at(clone, 'push', '--quiet', 'origin', branch);
      return commit;
    },
    async commitOurs(change, files) {
      const before = await headOf(change.branch);
      const commit = await made(change.branch, files, 'gatehouse');
      await fetchFrom({ gitDir: await workspace.fetch(repository) }, clone, [commit]);
      const end = await publishing.publish(change, commit, before);
      if (end.is !== 'published') throw new Error(end.because);
      return end.head;
    },
    isAncestor: async (older, newer) =>
      (await program('git', ['merge-base', '--is-ancestor', older, newer], { cwd: repository, reject: false }))
        .exitCode === 0,
    deleteBranch: async (branch) => void (await at(repository, 'branch', '-D', branch)),
    checksBegun: async () => (await readFile(path.join(home, 'begun'), 'utf8').catch(() => '')).split('\n').length - 1,
    async dispose() {
      await (forge as { close(): Promise<void> }).close();
      await removeFolder(home);
    },
  };
}

forgeContract('any git repository', gitRig);

describe('a repository of a person', () => {
  let rig: GitRig;
  let change: Change;
  beforeEach(async () => {
    rig = await gitRig();
    const found = await rig.forge.examine({ repository: rig.repository, branch: 'work', branchGiven: false });
    if (found.is !== 'found') throw new Error(JSON.stringify(found));
    change = found.change;
    await rig.forge.claim(change, { workflowId: 'w', runId: '1' }, async () => true);
  });
  afterEach(() => rig.dispose());
  const merge = async () =>
    rig.forge.merge(change, { head: (await rig.headOf('work'))!, baseHead: (await rig.headOf('main'))!, message: 'm' });

  it('keeps its configuration, hooks, refs and worktrees as they were', async () => {
    const hook = path.join(rig.repository, '.git', 'hooks', 'reference-transaction');
    await writeFile(hook, `#!/bin/sh\ntouch ${rig.home}/hooked\n`, { mode: 0o755 });
    const config = await readFile(path.join(rig.repository, '.git', 'config'), 'utf8');
    const first = await rig.commitOurs(change, { 'b.txt': 'b' });
    await rm(path.join(rig.home, 'hooked'), { force: true });
    await rig.forge.updateFromBase(change);
    await rig.forge.mergeability(change);
    expect(await merge()).toMatchObject({ is: 'merged' });
    expect(existsSync(path.join(rig.home, 'hooked'))).toBe(false);
    expect(await readFile(path.join(rig.repository, '.git', 'config'), 'utf8')).toBe(config);
    expect(await rig.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
    expect(existsSync(path.join(rig.repository, '.git', 'worktrees'))).toBe(false);
    expect(existsSync(path.join(rig.repository, '.git', 'FETCH_HEAD'))).toBe(false);
    expect(await rig.isAncestor(first, (await rig.headOf('main'))!)).toBe(true);
  });

  it('has its clean checkout of the base updated', async () => {
    await rig.commitOurs(change, { 'b.txt': 'b' });
    await rig.git('checkout', '--quiet', 'main');
    expect(await merge()).toMatchObject({ is: 'merged' });
    expect(await readFile(path.join(rig.repository, 'b.txt'), 'utf8')).toBe('b');
    expect(await rig.git('status', '--porcelain')).toBe('');
  });

  it.each([
    ['a change', 'a.txt'],
    ['a file that the merge would overwrite', 'b.txt'],
  ])('is not merged into while its checkout has %s', async (_, file) => {
    await rig.commitOurs(change, { 'b.txt': 'b' });
    await rig.git('checkout', '--quiet', 'main');
    await writeFile(path.join(rig.repository, file), 'mine');
    const before = await rig.headOf('main');
    expect(await merge()).toMatchObject({ is: 'refused', because: expect.stringContaining('is dirty') });
    expect(await rig.headOf('main')).toBe(before);
    expect(await readFile(path.join(rig.repository, file), 'utf8')).toBe('mine');
  });

  it('blocks a push while its checkout of the work branch is dirty', async () => {
    await rig.commitOurs(change, { 'b.txt': 'b' });
    await rig.git('checkout', '--quiet', 'work');
    await writeFile(path.join(rig.repository, 'a.txt'), 'mine');
    await rig.commit('main', { 'c.txt': 'c' });
    await expect(rig.forge.updateFromBase(change)).rejects.toMatchObject({ name: 'BlockedByOwner' });
    await rig.git('checkout', '--quiet', '--', 'a.txt');
    expect(await rig.forge.updateFromBase(change)).toMatchObject({ is: 'merged' });
    expect(await readFile(path.join(rig.repository, 'c.txt'), 'utf8')).toBe('c');
  });

  it('has foreign commits merged in, never overwritten, and conflicts with them refused', async () => {
    const before = await rig.commitOurs(change, { 'b.txt': 'b' });
    const workspace = workspaceIn(path.join(rig.home, 'data'));
    const publishing = new Publishing(workspace, new ChangeStore(stateIn(path.join(rig.home, 'data'))));
    const tree = path.join(rig.home, 'tree');
    const own = async (file: string, text: string) => {
      await workspace.checkout(rig.repository, before, tree, { branch: 'work' });
      await writeFile(path.join(tree, file), text);
      const as = ['-c', 'user.name=x', '-c', 'user.email=x@x'];
      await program('git', ['add', '--all'], { cwd: tree });
      await program('git', [...as, 'commit', '--quiet', '-m', 'ours'], { cwd: tree });
      const commit = (await program('git', ['rev-parse', 'HEAD'], { cwd: tree })).stdout;
      await workspace.bringBack(rig.repository, tree, commit);
      return commit;
    };
    const ours = await own('c.txt', 'ours');
    const theirs = await rig.commit('work', { 'd.txt': 'theirs' });
    const end = await publishing.publish(change, ours, before);
    expect(end).toMatchObject({ is: 'published', foreign: [{ commit: theirs, author: 'Bo' }] });
    for (const commit of [ours, theirs]) expect(await rig.isAncestor(commit, (await rig.headOf('work'))!)).toBe(true);
    expect(await publishing.publish(change, ours, before)).toMatchObject({
      is: 'published',
      head: await rig.headOf('work'),
    });
    const clash = await own('d.txt', 'ours too');
    expect(await publishing.publish(change, clash, before)).toMatchObject({
      is: 'refused',
      because: expect.stringContaining('d.txt'),
    });
  });

  it('notices a merge by hand', async () => {
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    await rig.forge.look(change, head);
    await rig.git('checkout', '--quiet', 'main');
    await rig.git(
      '-c',
      'user.name=Ana',
      '-c',
      'user.email=ana@x',
      'merge',
      '--quiet',
      '--no-ff',
      '-m',
      'by hand',
      'work',
    );
    expect(await rig.forge.look(change, head)).toMatchObject({
      state: 'merged',
      mergeCommit: await rig.headOf('main'),
    });
  });

  it('has checks that continue under the next worker, and end at their time limit', async () => {
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    await writeFile(path.join(rig.home, 'hold'), '');
    const limits = { checkSeconds: 60, round: 'r' };
    expect(await rig.forge.checks(change, head, limits)).toMatchObject({ running: ['good'] });
    await until('the check has begun', async () => (await rig.checksBegun()) === 1);
    const next = gitForge({
      root: path.join(rig.home, 'data'),
      environment: process.env,
      state: stateIn(path.join(rig.home, 'data')),
    });
    expect(await next.checks(change, head, limits)).toMatchObject({ running: ['good'] });
    const over = await until('timed out', async () => {
      const { ended } = await next.checks(change, head, { checkSeconds: 0, round: 'r' });
      return ended[0];
    });
    expect(over).toMatchObject({ name: 'good', conclusion: 'timed_out' });
    expect(await rig.checksBegun()).toBe(1);
    expect(await running(`${rig.home}/hold ]`)).toEqual([]);
  });

  it.each([
    [
      'a new head is polled',
      async (rig: GitRig, change: Change) => {
        const next = await rig.commitOurs(change, { 'c.txt': 'c' });
        await rig.forge.checks(change, next, { checkSeconds: 60, round: 'r' });
      },
    ],
    ['its run has ended', (rig: GitRig, change: Change) => rig.forge.endChecks(change)],
  ])('has its checks ended with all their processes when %s', async (_, happens) => {
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    await writeFile(path.join(rig.home, 'hold'), '');
    await rig.forge.checks(change, head, { checkSeconds: 60, round: 'r' });
    await until('the check has begun', async () => (await rig.checksBegun()) === 1);
    await happens(rig, change);
    const trees = await program('find', [path.join(rig.home, 'data', 'checks'), '-path', `*${head}*`, '-name', 'tree']);
    expect(trees.stdout).toBe('');
    await rm(path.join(rig.home, 'hold'));
    await rig.forge.endChecks(change);
  });

  it('has ended checks run again when their head is polled again, and lists open ones', async () => {
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    await rig.forge.claim(change, { workflowId: 'run/default/A', runId: '1' }, async () => false);
    const open = async () => (await rig.forge.list()).map(({ branch, checks }) => [branch, checks]);
    await writeFile(path.join(rig.home, 'hold'), '');
    const limits = { checkSeconds: 60, round: 'r' };
    await rig.forge.checks(change, head, limits);
    await until('the check has begun', async () => (await rig.checksBegun()) === 1);
    expect(await open()).toEqual([[change.branch, 1]]);
    await rig.forge.endChecks(change);
    expect(await open()).toEqual([[change.branch, 0]]);
    expect(await running(`${rig.home}/hold ]`)).toEqual([]);
    await rm(path.join(rig.home, 'hold'));
    const again = await until('it ends', async () => (await rig.forge.checks(change, head, limits)).ended[0]);
    expect(again).toMatchObject({ conclusion: 'success' });
    expect(await rig.checksBegun()).toBe(2);
  });

  it('keeps checks of the awaited head and of other branches, and their verdicts', async () => {
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    const limits = { checkSeconds: 60, round: 'r' };
    await until('a verdict', async () => (await rig.forge.checks(change, head, limits)).ended[0]);
    await writeFile(path.join(rig.home, 'hold'), '');
    const next = await rig.commitOurs(change, { 'c.txt': 'c' });
    await rig.forge.checks(change, next, limits);
    await until('the check has begun', async () => (await rig.checksBegun()) === 2);
    await rig.forge.endChecks(change, next);
    await rig.forge.endChecks({ ...change, branch: 'other' });
    expect(await rig.forge.checks(change, next, limits)).toMatchObject({ running: ['good'] });
    await rig.forge.endChecks(change);
    expect(await rig.forge.checks(change, head, limits)).toMatchObject({ ended: [{ conclusion: 'success' }] });
    expect(await rig.checksBegun()).toBe(2);
  });

  it('keeps no checkout of a check that ended between polls', async () => {
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    await rig.forge.checks(change, head, { checkSeconds: 60, round: 'r' });
    const found = (name: string) => program('find', [path.join(rig.home, 'data', 'checks'), '-name', name]);
    await until('it has ended', async () => (await found('exit')).stdout !== '');
    await rig.forge.endChecks(change);
    expect((await found('tree')).stdout).toBe('');
  });

  it('has a check ended that was about to begin', async () => {
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    await writeFile(path.join(rig.home, 'hold'), '');
    const data = path.join(rig.home, 'data');
    const exclusively = exclusivelyIn(data, stateIn(data));
    const source = await workspaceIn(data).path(rig.repository);
    const polls = async () => (await exclusively.held()).filter((name) => name.endsWith(head));
    // Nobody makes a checkout while our copy of the repository is in use.
    const { looking, ending } = await exclusively(copyLease(source), async () => {
      const looking = rig.forge.checks(change, head, { checkSeconds: 60, round: 'r' });
      await until('the poll has begun', async () => (await polls()).length > 0);
      return { looking, ending: rig.forge.endChecks(change) };
    });
    await Promise.all([looking, ending]);
    const trees = await program('find', [path.join(rig.home, 'data', 'checks'), '-name', 'tree*']);
    expect(trees.stdout).toBe('');
    expect(await running(`${rig.home}/hold ]`)).toEqual([]);
  });

  it('refuses documents outside of itself', async () => {
    for (const file of ['../out.md', '/etc/x', '.git/config', 'a/../b.md', '-x']) {
      const end = await rig.forge.commitFiles(change, { files: { [file]: 'x' }, message: 'm' });
      expect(end).toMatchObject({ is: 'refused' });
    }
  });

  it('has interrupted checks run again', async () => {
    const head = await rig.commitOurs(change, { 'b.txt': 'b' });
    await writeFile(path.join(rig.home, 'hold'), '');
    await rig.forge.checks(change, head, { checkSeconds: 60, round: 'r' });
    await until('the check has begun', async () => (await rig.checksBegun()) === 1);
    await (rig.forge as { close(): Promise<void> }).close();
    await rm(path.join(rig.home, 'hold'));
    const next = gitForge({
      root: path.join(rig.home, 'data'),
      environment: process.env,
      state: stateIn(path.join(rig.home, 'data')),
    });
    const ended = await until(
      'it ends',
      async () => (await next.checks(change, head, { checkSeconds: 60, round: 'r' })).ended[0],
    );
    expect(ended).toMatchObject({ conclusion: 'success' });
    expect(await rig.checksBegun()).toBe(2);
  });
});

describe('settings', () => {
  it.each([
    ['agents: { coder: 7 }', '.gatehouse.yml:agents.coder'],
    ['agent: {}', '.gatehouse.yml:agent'],
    ['checks: { "../x": true }', '.gatehouse.yml:checks'],
    ['environment: { start: x, ready: healthz }', '.gatehouse.yml:environment.ready'],
    ['a: [', '.gatehouse.yml'],
    ['a: &a [1]\nb: [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]', '.gatehouse.yml'],
  ])('%s is refused by name', async (text, place) => {
    const { parseSettings } = await import('../../../../activities/adapters/settings/repository-settings.ts');
    const read = parseSettings(text);
    expect(read).toMatchObject({
      fields: expect.arrayContaining([{ path: expect.stringContaining(place), expected: expect.any(String) }]),
    });
  });
});
