import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { checkoutAt, makeCheckout } from '../../../../activities/adapters/git/checkout.ts';
import { commitOf, mergeTree } from '../../../../activities/adapters/git/commits.ts';
import { git, GitFailed, initialize } from '../../../../activities/adapters/git/door.ts';
import { Slots } from '../../../../activities/adapters/git/slots.ts';
import { fetchFrom } from '../../../../activities/adapters/git/transfer.ts';
import { NotACheckout, viewOf } from '../../../../activities/adapters/git/viewing.ts';
import { locate } from '../../../../activities/adapters/local/repositories/locating.ts';
import { runProgram } from '../../../../activities/adapters/processes/program.ts';
import { removeFolder } from '../../../support/folders.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(60_000);

let home: string;
let repository: string;
const at = (cwd: string, ...args: string[]) => execFileSync('git', args, { cwd, encoding: 'utf8' }).trim();
const as = ['-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example'];
const put = (file: string, text: string) => writeFile(path.join(home, file), text);

beforeEach(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'gatehouse-door-')));
  repository = path.join(home, 'shop');
  at(home, 'init', '--quiet', '--initial-branch', 'main', repository);
  await put('shop/a.txt', 'a\n');
  at(repository, 'add', '--all');
  at(repository, ...as, 'commit', '--quiet', '-m', 'first');
});
afterEach(() => removeFolder(home));
const gitDir = () => path.join(repository, '.git');

/** Our own copy, and a checkout made from it. */
async function checkedOut() {
  const copy = { gitDir: path.join(home, 'copy.git') };
  await initialize(copy.gitDir, ['--bare']);
  await fetchFrom(copy, gitDir(), ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
  const tree = path.join(home, 'tree');
  const start = at(repository, 'rev-parse', 'main');
  await makeCheckout(copy, start, tree, { branch: 'work' });
  return { copy, tree, start, scratch: path.join(home, 'scratch.git') };
}

describe('a call', () => {
  it('never searches for a repository above the given folder', async () => {
    const below = path.join(repository, 'data', 'tree');
    await mkdir(below, { recursive: true });
    await expect(git(checkoutAt(below), ['add', '--all'])).rejects.toThrow('not a git repository');
  });

  it.each(['a gitfile', 'a link'])('follows no %s to another repository', async (what) => {
    const tree = path.join(home, 'tree');
    await mkdir(tree);
    if (what === 'a link') await symlink(gitDir(), path.join(tree, '.git'));
    else await writeFile(path.join(tree, '.git'), `gitdir: ${gitDir()}\n`);
    await expect(git(checkoutAt(tree), ['rev-parse', 'HEAD'])).rejects.toThrow('not a git repository');
  });

  it('follows no `commondir` to another repository', async () => {
    const { tree } = await checkedOut();
    await writeFile(path.join(tree, '.git', 'commondir'), `${gitDir()}\n`);
    const planting = git(checkoutAt(tree), ['update-ref', 'refs/heads/planted', 'HEAD'], { kind: 'write' });
    await expect(planting).rejects.toThrow('not a git repository');
    expect(at(repository, 'branch', '--list', 'planted')).toBe('');
  });

  it('is killed at its deadline, with everything that it has started', async () => {
    const pid = path.join(home, 'pid');
    const call = git({ gitDir: gitDir() }, ['-c', `alias.x=!sleep 600 & echo $! > ${pid}; wait`, 'x'], {
      deadline: Date.now() + 1_500,
    });
    await expect(call).rejects.toMatchObject({ name: 'GitFailed', timedOut: true });
    const sleeper = Number(await readFile(pid, 'utf8'));
    await until('the sleeper is gone', () => !isAlive(sleeper));
  });

  it('is killed and frees its slot when its caller aborts', async () => {
    const begun = path.join(home, 'begun');
    const giveUp = new AbortController();
    const calls = Array.from({ length: 40 }, () =>
      git({ gitDir: gitDir() }, ['-c', `alias.x=!touch ${begun}; exec sleep 600`, 'x'], { signal: giveUp.signal }),
    );
    const ends = Promise.allSettled(calls);
    await until('one has begun', () => existsSync(begun));
    giveUp.abort(new Error('nobody waits any more'));
    expect((await ends).every((end) => end.status === 'rejected')).toBe(true);
    expect(await commitOf({ gitDir: gitDir() }, 'main')).toBe(at(repository, 'rev-parse', 'main'));
  });

  it('reports git’s exit code and message', async () => {
    await expect(git({ gitDir: gitDir() }, ['cat-file', '-e', 'nothing'])).rejects.toMatchObject({
      name: 'GitFailed',
      code: 128,
      timedOut: false,
      stderr: expect.stringContaining('nothing'),
    });
  });

  it('does not report a missing commit as a conflict', async () => {
    const head = at(repository, 'rev-parse', 'main');
    await expect(mergeTree({ gitDir: gitDir() }, head, '1'.repeat(40))).rejects.toThrow(GitFailed);
  });

  it.each([
    ['core.hooksPath', 'hooks'],
    ['safe.bareRepository', 'explicit'],
    ['merge.verifySignatures', 'true'],
    ['commit.gpgSign', 'true'],
    ['status.showUntrackedFiles', 'no'],
    ['log.showSignature', 'true'],
    ['core.safecrlf', 'true'],
    ['core.autocrlf', 'true'],
    ['core.attributesFile', 'attributes'],
    ['core.excludesFile', 'excludes'],
    ['filter.store.clean', 'false'],
    ['diff.external', 'false'],
    ['diff.noprefix', 'true'],
    ['init.defaultBranch', 'trunk'],
    ['init.templateDir', 'template'],
    ['clone.defaultRemoteName', 'upstream'],
    ['transfer.fsckObjects', 'true'],
    ['core.bare', 'true'],
    ['include.path', '/nonexistent/../etc'],
  ])('does not depend on the machine’s setting of %s', async (name, value) => {
    const settings = path.join(home, 'machine');
    const before = process.env['GIT_CONFIG_GLOBAL'];
    at(home, 'config', '--file', settings, name, value);
    process.env['GIT_CONFIG_GLOBAL'] = settings;
    try {
      const { copy, tree, scratch } = await checkedOut();
      await put('tree/b.bin', 'b\r\n');
      const view = await viewOf(tree, scratch, copy);
      const { stdout } = await git(view, ['status', '--porcelain', '-z']);
      expect(stdout).toBe('?? b.bin\0');
      await git(view, ['add', '--all'], { kind: 'checkout' });
      await git(view, ['commit', '--quiet', '-m', 'made'], { kind: 'checkout' });
      const { stdout: blob } = await git(view, ['cat-file', 'blob', 'HEAD:b.bin']);
      expect(blob).toBe('b\r');
    } finally {
      if (before === undefined) delete process.env['GIT_CONFIG_GLOBAL'];
      else process.env['GIT_CONFIG_GLOBAL'] = before;
    }
  });

  it('does not depend on the variables of a git that started the worker', async () => {
    process.env['GIT_DIR'] = '/nonexistent';
    process.env['GIT_INDEX_FILE'] = '/nonexistent';
    try {
      expect(await commitOf({ gitDir: gitDir() }, 'main')).toMatch(/^[0-9a-f]{40}$/);
    } finally {
      delete process.env['GIT_DIR'];
      delete process.env['GIT_INDEX_FILE'];
    }
  });
});

describe('slots', () => {
  const never = new AbortController().signal;

  it('leave room for other repositories, however many calls one makes', async () => {
    const slots = new Slots(4, 2);
    const taken = [await slots.take('a', never), await slots.take('a', never)];
    let third = false;
    const waiting = slots.take('a', never).then((free) => ((third = true), free));
    (await slots.take('b', never))();
    expect(third).toBe(false);
    taken[0]!();
    await waiting;
    expect(third).toBe(true);
  });

  it('are not kept for callers that aborted while waiting', async () => {
    const slots = new Slots(1, 1);
    const free = await slots.take('a', never);
    const giveUp = new AbortController();
    const waiting = slots.take('a', giveUp.signal);
    giveUp.abort(new Error('gave up'));
    await expect(waiting).rejects.toThrow('gave up');
    free();
    free(); // freeing twice counts once
    (await slots.take('b', never))();
  });
});

it('a program that prints endlessly is ended, and the error says so', async () => {
  const env = { PATH: process.env['PATH']! };
  const end = await runProgram('yes', [], { cwd: home, env, limitMs: 60_000 });
  expect(end).toMatchObject({ code: undefined, stderr: expect.stringContaining('It printed more than') });
});

describe('a repository has one name', () => {
  const nameOf = async (given: string) => {
    const found = await locate(given);
    return found.is === 'found' ? found.name : found;
  };

  it('whether it is given by a link, an escaped file:// URL or a linked worktree', async () => {
    await symlink(repository, path.join(home, 'link'));
    at(repository, 'worktree', 'add', '--quiet', '-b', 'other', path.join(home, 'linked'));
    const spellings = [repository, `${repository}/`, path.join(home, 'link'), path.join(home, 'linked')];
    const urls = [
      `file://${repository}`,
      `file://${repository.replace('shop', '%73hop')}`,
      `file://localhost${repository}`,
    ];
    for (const given of [...spellings, ...urls]) expect([given, await nameOf(given)]).toEqual([given, repository]);
  });

  it('that is its own folder if it is bare', async () => {
    const bare = path.join(home, 'bare.git');
    at(home, 'clone', '--quiet', '--bare', repository, bare);
    expect(await nameOf(bare)).toBe(bare);
  });

  it('only if it is trusted: another user’s folder is refused with git’s reason until the machine’s owner trusts it', async () => {
    if (process.getuid?.() !== 0) return; // only root can give a folder away
    execFileSync('chown', ['-R', '12345:12345', repository]);
    expect(await locate(repository)).toEqual({
      is: 'none',
      because: expect.stringMatching(/ownership[^]*safe\.directory/),
    });
    const settings = path.join(home, 'machine');
    at(home, 'config', '--file', settings, 'safe.directory', repository);
    const before = process.env['GIT_CONFIG_GLOBAL'];
    process.env['GIT_CONFIG_GLOBAL'] = settings;
    try {
      expect(await nameOf(repository)).toBe(repository);
    } finally {
      if (before === undefined) delete process.env['GIT_CONFIG_GLOBAL'];
      else process.env['GIT_CONFIG_GLOBAL'] = before;
    }
  });
});

describe('a checkout that an agent has worked in', () => {
  it('is viewed with its index, HEAD, branches and unfinished merge, and stays unchanged', async () => {
    const { copy, tree, scratch, start } = await checkedOut();
    await put('tree/b.txt', 'b\n');
    at(tree, 'add', '--all');
    at(tree, ...as, 'commit', '--quiet', '-m', 'by the agent');
    const made = at(tree, 'rev-parse', 'HEAD');
    at(tree, 'checkout', '--quiet', '-b', 'elsewhere', start);
    await writeFile(path.join(tree, '.git', 'MERGE_HEAD'), `${made}\n`);
    await writeFile(path.join(tree, '.git', 'MERGE_MODE'), 'no-ff');
    await writeFile(path.join(tree, '.git', 'index.lock'), '');

    const view = await viewOf(tree, scratch, copy);
    expect(await commitOf(view, 'work')).toBe(made);
    expect(await commitOf(view, 'HEAD')).toBe(start);
    expect(await commitOf(view, 'MERGE_HEAD')).toBe(made);
    await put('tree/c.txt', 'c\n');
    await git(view, ['add', '--all'], { kind: 'checkout' });
    await git(view, ['commit', '--quiet', '-m', 'by us'], { kind: 'checkout' });
    expect(await commitOf(view, 'HEAD^2')).toBe(made);
    expect(at(tree, 'rev-parse', 'HEAD')).toBe(start);
    await fetchFrom(copy, view.gitDir, [(await commitOf(view, 'HEAD'))!]);
    expect(await commitOf(copy, (await commitOf(view, 'HEAD'))!)).toBeDefined();
  });

  it('cannot make us run its configured filters, hooks, monitors, drivers or signing', async () => {
    const { copy, tree, scratch } = await checkedOut();
    const trap = path.join(home, 'trapped');
    const bomb = path.join(home, 'bomb.sh');
    await writeFile(bomb, `#!/bin/sh\ntouch ${trap}\ncat\n`);
    await chmod(bomb, 0o755);
    await put('tree/.gitattributes', '* filter=bomb diff=bomb merge=bomb\n');
    for (const name of [
      'filter.bomb.clean',
      'filter.bomb.smudge',
      'filter.bomb.process',
      'core.fsmonitor',
      'core.sshCommand',
      'core.alternateRefsCommand',
      'diff.external',
      'diff.bomb.command',
      'diff.bomb.textconv',
      'merge.bomb.driver',
      'gpg.program',
      'core.editor',
      'credential.helper',
      'alias.status',
      'remote.origin.uploadpack',
      'trailer.x.command',
    ])
      at(tree, '-c', 'core.fsmonitor=false', 'config', name, bomb);
    at(tree, '-c', 'core.fsmonitor=false', 'config', 'core.worktree', repository);
    for (const hook of ['pre-commit', 'commit-msg', 'post-commit', 'post-index-change', 'reference-transaction']) {
      await mkdir(path.join(tree, '.git', 'hooks'), { recursive: true });
      await symlink(bomb, path.join(tree, '.git', 'hooks', hook));
    }
    await rm(trap, { force: true });
    const view = await viewOf(tree, scratch, copy);
    await put('tree/a.txt', 'changed\n');
    await git(view, ['status', '--porcelain', '-z'], { kind: 'checkout' });
    await git(view, ['add', '--all'], { kind: 'checkout' });
    await git(view, ['commit', '--quiet', '-m', 'by us'], { kind: 'checkout' });
    await git(view, ['diff', '--name-only', '-z', 'HEAD~1', 'HEAD']);
    await fetchFrom(copy, view.gitDir, [(await commitOf(view, 'HEAD'))!]);
    expect(existsSync(trap)).toBe(false);
  });

  it.each([
    ['removed', async (folder: string) => rm(folder, { recursive: true })],
    [
      'a gitfile',
      async (folder: string) => (await rm(folder, { recursive: true }), writeFile(folder, `gitdir: ${gitDir()}`)),
    ],
    ['a link', async (folder: string) => (await rm(folder, { recursive: true }), symlink(gitDir(), folder))],
  ])('is no longer a checkout if its .git is %s', async (_, spoil) => {
    const { copy, tree, scratch } = await checkedOut();
    await spoil(path.join(tree, '.git'));
    await expect(viewOf(tree, scratch, copy)).rejects.toThrow(NotACheckout);
  });

  it('is read without following a link or waiting for a pipe', async () => {
    const { copy, tree, scratch } = await checkedOut();
    await rm(path.join(tree, '.git', 'index'));
    execFileSync('mkfifo', [path.join(tree, '.git', 'index'), path.join(tree, '.git', 'MERGE_HEAD')]);
    await symlink('/dev/zero', path.join(tree, '.git', 'refs', 'heads', 'endless'));
    expect(await commitOf(await viewOf(tree, scratch, copy), 'HEAD')).toBe(at(repository, 'rev-parse', 'main'));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
