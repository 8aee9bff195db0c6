import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { git as ask } from '../../../../activities/adapters/git/door.ts';
import { viewOf } from '../../../../activities/adapters/git/viewing.ts';
import { gitForge } from '../../../../activities/adapters/local/git-forge/index.ts';
import { Moving } from '../../../../activities/adapters/local/repositories/moving.ts';
import { settingsOf } from '../../../../activities/adapters/settings/reading.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { stateIn } from '../../../support/state/databases.ts';
import { workspaceIn } from '../../../support/local.ts';
import { exclusivelyIn } from '../../../../activities/adapters/processes/exclusive.ts';

jest.setTimeout(120_000);

let home: string;
let shop: string;
let data: string;
let forge: ReturnType<typeof gitForge>;
const run = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example', ...args], {
    cwd,
    encoding: 'utf8',
    // Without the machine's own filters, such as those of an installed git-lfs.
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
  }).trim();
const git = (...args: string[]) => run(shop, ...args);
const put = async (file: string, text: string) => {
  await mkdir(path.dirname(path.join(shop, file)), { recursive: true });
  await writeFile(path.join(shop, file), text);
};
const commit = (message: string) => (
  git('add', '--all'),
  git('commit', '--quiet', '-m', message),
  git('rev-parse', 'HEAD')
);
const change = (): Change => ({ repository: shop, base: 'main', branch: 'gatehouse/T-1', basis });
let basis: string;

async function shopOf(...init: string[]): Promise<void> {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'gatehouse-repositories-')));
  [shop, data] = [path.join(home, 'shop'), path.join(home, 'data')];
  run(home, 'init', '--quiet', '--initial-branch', 'main', ...init, shop);
  await put('.gatehouse.yml', 'checks: { test: "true" }\nagents: { default: "true" }\n');
  await put('a.txt', 'a\n');
  basis = commit('first');
  forge = gitForge({ root: data, environment: process.env, state: stateIn(data) });
}
beforeEach(() => shopOf());
afterEach(async () => {
  await forge.close();
  await rm(home, { recursive: true, force: true });
});

const examined = (more: object = {}) =>
  forge.examine({ repository: shop, branch: 'gatehouse/T-1', branchGiven: false, ...more });

/** Commits a file on the work branch from elsewhere, as an agent's work arrives. */
async function work(file = 'b.txt', text = 'b\n', branch = 'gatehouse/T-1'): Promise<string> {
  const made = await forge.commitFiles({ ...change(), branch }, { files: { [file]: text }, message: 'work' });
  if (made.is !== 'committed') throw new Error(JSON.stringify(made));
  await forge.look({ ...change(), branch }, made.head);
  return made.head;
}
const merge = (head: string) => forge.merge(change(), { head, baseHead: git('rev-parse', 'main'), message: 'm' });

describe('a run is refused at its start for', () => {
  it.each([
    ['a shallow clone', ['--depth', '1'], 'git fetch --unshallow'],
    ['a partial clone', ['--filter=blob:none', '--no-checkout'], 'clone it without --filter'],
  ])('%s', async (_, how, cure) => {
    await put('a.txt', 'b\n');
    commit('second');
    git('config', 'uploadpack.allowFilter', 'true');
    run(home, 'clone', '--quiet', ...how, `file://${shop}`, path.join(home, 'clone'));
    const found = await examined({ repository: path.join(home, 'clone') });
    expect(found).toMatchObject({
      is: 'refused',
      fields: [{ path: 'change.repository', expected: expect.stringContaining(cure) }],
    });
  });

  it.each([
    ['gatehouse', 'gatehouse/T-1', 'gatehouse'],
    ['gatehouse/T-1/more', 'gatehouse/T-1', 'gatehouse/T-1/more'],
  ])('a branch %s in the way of %s', async (there, branch, named) => {
    git('branch', there);
    const expected = expect.stringContaining(`found the branch ${named},`);
    expect(await examined({ branch })).toMatchObject({ is: 'refused', fields: [{ path: 'change.branch', expected }] });
  });

  it('a folder that is not a repository', async () => {
    const found = await examined({ repository: home });
    expect(found).toMatchObject({
      fields: [{ expected: expect.stringContaining(`found no repository at ${home}`) }],
    });
  });
});

describe('files that need a filter of the machine', () => {
  const settings = (more: string) => `checks: { test: "true" }\nagents: { default: "true" }\n${more}`;
  const withFilter = async (filter: string, more = '') => {
    await put('.gitattributes', `*.bin filter=${filter}\n`);
    await put('logo.bin', 'the logo\n');
    await put('.gatehouse.yml', settings(more));
    basis = commit('a logo');
  };

  it('are refused, by file and filter, if the filter is required', async () => {
    await withFilter('store');
    git('config', 'filter.store.required', 'true');
    const expected = expect.stringMatching(/found logo\.bin: its filter store is required/);
    expect(await examined()).toMatchObject({ is: 'refused', fields: [{ path: 'change.repository', expected }] });
  });

  it('are left unfiltered if the filter is not required, or unknown to this machine', async () => {
    await withFilter('store');
    git('config', 'filter.store.clean', 'false');
    expect(await examined()).toMatchObject({ is: 'found' });
  });

  it('need a setting if the filter is git-lfs', async () => {
    await withFilter('lfs');
    const expected = expect.stringContaining('because logo.bin has the filter lfs');
    expect(await examined()).toMatchObject({ fields: [{ path: '.gatehouse.yml:git.lfs', expected }] });
  });

  it('are pointers if the settings say so', async () => {
    await withFilter('lfs', 'git: { lfs: false }\n');
    expect(await examined()).toMatchObject({ is: 'found' });
    await workspaceIn(data).checkout(shop, basis, path.join(home, 'tree'));
    expect(await readFile(path.join(home, 'tree', 'logo.bin'), 'utf8')).toBe('the logo\n');
  });

  it('get their contents from git-lfs if the settings say so, and the owner gets what agents add', async () => {
    const bin = path.join(home, 'bin');
    await mkdir(bin);
    const lfs = `#!/bin/sh
s=$(git config lfs.storage); case $1 in
version) echo git-lfs/3;; clean) t=$(mktemp); cat > $t; id=$(sha1sum < $t | cut -c1-40); mkdir -p $s; mv $t $s/$id; echo "oid $id";;
smudge) read -r _ id; cat $s/$id;; esac`;
    await writeFile(path.join(bin, 'git-lfs'), lfs, { mode: 0o755 });
    const before = process.env['PATH'];
    process.env['PATH'] = `${bin}:${before}`;
    try {
      const storage = path.join(shop, '.git', 'lfs');
      for (const [name, value] of [
        ['filter.lfs.clean', 'git-lfs clean'],
        ['lfs.storage', storage],
      ])
        git('config', name!, value!);
      await withFilter('lfs', 'git: { lfs: true }\n');
      expect(git('show', 'main:logo.bin')).toMatch(/^oid /);
      expect(await examined()).toMatchObject({ is: 'found' });
      await forge.claim(change(), { workflowId: 'a', runId: '1' }, async () => true);

      const workspace = workspaceIn(data);
      const tree = path.join(home, 'tree');
      await workspace.checkout(shop, basis, tree, { branch: 'gatehouse/T-1' });
      expect(await readFile(path.join(tree, 'logo.bin'), 'utf8')).toBe('the logo\n');
      await writeFile(path.join(tree, 'new.bin'), 'another\n');
      const copy = { gitDir: await workspace.fetch(shop) };
      const view = await viewOf(tree, path.join(home, 'scratch'), copy);
      await ask(view, ['add', '--all'], { kind: 'checkout' });
      await ask(view, ['commit', '--quiet', '-m', 'made'], { kind: 'checkout' });
      const pointer = (await ask(view, ['cat-file', 'blob', 'HEAD:new.bin'])).stdout;
      expect(await readFile(path.join(storage, pointer.slice(4)), 'utf8')).toBe('another\n');
    } finally {
      process.env['PATH'] = before;
    }
  });
});

it('submodules are reported at the start, because checkouts do not have them', async () => {
  expect(await examined()).not.toHaveProperty('lacking');
  const inner = path.join(home, 'inner');
  run(home, 'clone', '--quiet', shop, inner);
  git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', inner, 'vendor/lib');
  commit('a submodule');
  expect(await examined()).toMatchObject({ is: 'found', lacking: expect.stringContaining('vendor/lib will be empty') });
});

it.each(['sha1', 'sha256'])('a repository of the format %s goes from its first commit to its merge', async (format) => {
  await rm(home, { recursive: true });
  await shopOf(`--object-format=${format}`);
  expect(await examined()).toMatchObject({ is: 'found', change: { basis } });
  const head = await work();
  expect(await forge.mergeability(change())).toMatchObject({ is: 'mergeable', head });
  await workspaceIn(data).checkout(shop, head, path.join(home, 'tree'), { branch: 'gatehouse/T-1' });
  expect(await merge(head)).toMatchObject({ is: 'merged' });
  expect(git('show', 'main:b.txt')).toBe('b');
});

it('a checkout has all tags of a clone, including annotated ones', async () => {
  git('tag', '-a', 'v1.4.0', '-m', 'one');
  git('tag', 'plain');
  await workspaceIn(data).checkout(shop, basis, path.join(home, 'tree'));
  expect(run(path.join(home, 'tree'), 'describe', '--tags', '--abbrev=0')).toBe('v1.4.0');
  expect(run(path.join(home, 'tree'), 'tag', '--list')).toBe('plain\nv1.4.0');
});

it('a checkout works like a clone: it can be compared with its base, fetched and pulled', async () => {
  const head = await work();
  const tree = path.join(home, 'tree');
  const workspace = workspaceIn(data);
  await workspace.checkout(shop, head, tree, { branch: 'gatehouse/T-1', base: 'main' });
  expect(run(tree, 'diff', '--name-only', 'main...HEAD')).toBe('b.txt');
  expect(run(tree, 'remote', 'show', 'origin')).toContain('HEAD branch: main');
  expect(run(tree, 'symbolic-ref', 'refs/remotes/origin/HEAD')).toBe('refs/remotes/origin/main');

  await put('c.txt', 'c\n');
  const theirs = commit('theirs');
  await workspace.fetch(shop);
  run(tree, 'fetch', '--quiet', 'origin', 'main');
  expect(run(tree, 'rev-parse', 'FETCH_HEAD', 'origin/main')).toBe(`${theirs}\n${theirs}`);
  run(tree, 'pull', '--quiet', '--no-rebase', '--no-edit', 'origin', 'main');
  expect(run(tree, 'rev-parse', 'HEAD^2')).toBe(theirs);
  expect(run(tree, 'branch', '--list', '--format=%(refname:short)')).toBe('gatehouse/T-1\nmain');
});

it('a copy made by an older build is converted', async () => {
  const workspace = workspaceIn(data);
  const copy = await workspace.fetch(shop);
  run(copy, 'update-ref', 'refs/remotes/origin/main', basis);
  await writeFile(path.join(copy, 'gatehouse-seen'), 'as an older build wrote it');
  await workspace.fetch(shop);
  expect(run(copy, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/main');
});

it('a full disk is not reported as a wrong repository', async () => {
  const bin = path.join(home, 'bin');
  await mkdir(bin);
  const words = 'echo "fatal: write error: No space left on device" >&2; exit 128';
  await writeFile(path.join(bin, 'git'), `#!/bin/sh\n${words}\n`, { mode: 0o755 });
  const before = process.env['PATH'];
  process.env['PATH'] = `${bin}:${before}`;
  try {
    await expect(examined()).rejects.toThrow('No space left on device');
  } finally {
    process.env['PATH'] = before;
  }
  expect(await examined()).toMatchObject({ is: 'found' });
});

it('a title with a NUL is committed without it', async () => {
  const made = await forge.commitFiles(change(), { files: { 'b.txt': 'b\n' }, message: 'A\0 task' });
  expect(git('log', '-1', '--format=%s', (made as { head: string }).head)).toBe('A task');
});

it('an agent’s commits stay in its own checkout, not in shared objects', async () => {
  const tree = path.join(home, 'tree');
  await workspaceIn(data).checkout(shop, basis, tree, { branch: 'gatehouse/T-1' });
  await writeFile(path.join(tree, 'b.txt'), 'b\n');
  run(tree, 'add', '--all');
  run(tree, 'commit', '--quiet', '-m', 'by an agent');
  const [copy] = await readdir(path.join(data, 'repositories'));
  expect(() => run(path.join(data, 'repositories', copy!), 'cat-file', '-e', run(tree, 'rev-parse', 'HEAD'))).toThrow();
});

it('a base that was rewritten and collected still has the settings of the start', async () => {
  await work();
  await put('a.txt', 'anew\n');
  git('add', '--all');
  git('commit', '--quiet', '--amend', '-m', 'first, anew');
  git('branch', '-D', '--quiet', 'gatehouse/T-1');
  git('reflog', 'expire', '--expire=now', '--all');
  git('gc', '--quiet', '--prune=now');
  expect(() => git('cat-file', '-e', basis)).toThrow();
  expect((await settingsOf(workspaceIn(data), change())).checks).toEqual({ test: 'true' });
});

it('settings of a missing commit are an error, not empty', async () => {
  await expect(settingsOf(workspaceIn(data), { ...change(), basis: '1'.repeat(40) })).rejects.toThrow('no longer in');
});

describe('the writers of a branch', () => {
  it('are its authors, committers and co-authors except us, at the start and for each foreign commit', async () => {
    const ours = await work();
    git('checkout', '--quiet', 'gatehouse/T-1');
    await put('c.txt', 'c\n');
    const message = 'theirs\n\nCo-authored-by: Cy <cy@shop.example>\nCo-authored-by: Di <di@shop.example>';
    const theirs =
      (git('add', '--all'),
      git('commit', '--quiet', '--author', 'Bo <bo@shop.example>', '-m', message),
      git('rev-parse', 'HEAD'));
    git('checkout', '--quiet', 'main');
    const others = ['Ana', 'ana@shop.example', 'Cy', 'cy@shop.example', 'Di', 'di@shop.example'];
    const found = await examined();
    expect(found).toMatchObject({ is: 'found', head: theirs, writers: ['Bo', 'bo@shop.example', ...others] });
    const { foreign } = await forge.look(change(), ours);
    expect(foreign).toEqual([{ commit: theirs, author: 'Bo', email: 'bo@shop.example', others }]);
    // A foreign commit does not become ours because we push on top of it.
    await work('d.txt', 'd\n');
    expect((await forge.look(change(), ours)).foreign).toMatchObject([{ commit: theirs }]);
  });
});

describe('a merged branch', () => {
  const squash = async () => {
    git('merge', '--quiet', '--squash', 'gatehouse/T-1');
    return commit('squashed by hand');
  };

  it.each(['kept', 'deleted'])('is one that was squashed by hand and %s', async (what) => {
    const head = await work();
    const squashed = await squash();
    if (what === 'deleted') git('branch', '-D', '--quiet', 'gatehouse/T-1');
    expect(await forge.look(change(), head)).toMatchObject({ state: 'merged', mergeCommit: squashed, head });
    await put('b.txt', 'and main moves on, on the very same line\n');
    commit('later');
    expect(await forge.look(change(), head)).toMatchObject({ state: 'merged', mergeCommit: squashed });
    if (what === 'kept') expect(await merge(head)).toMatchObject({ is: 'merged', mergeCommit: squashed });
    expect(git('rev-list', '--count', 'main')).toBe('3');
  });

  it('is one whose commits were picked one by one', async () => {
    await work();
    const head = await work('c.txt', 'c\n');
    await put('z.txt', 'z\n');
    commit('something else');
    git('cherry-pick', `${basis}..gatehouse/T-1`);
    expect(await forge.look(change(), head)).toMatchObject({ state: 'merged', mergeCommit: git('rev-parse', 'main') });
  });

  it('is not one that was reset to the base, which is closed with a note', async () => {
    const head = await work();
    git('branch', '--force', 'gatehouse/T-1', 'main');
    const look = await forge.look(change(), head);
    expect(look).toMatchObject({ state: 'closed', note: expect.stringContaining('was set back to') });
    await put('z.txt', 'z\n');
    commit('main moves on');
    expect(await forge.look(change(), head)).toMatchObject({ state: 'closed' });
  });

  it('is not one that was deleted before its merge, which is closed with a note', async () => {
    const head = await work();
    git('branch', '-D', '--quiet', 'gatehouse/T-1');
    expect(await forge.look(change(), head)).toMatchObject({
      state: 'closed',
      note: expect.stringContaining('was deleted'),
    });
  });

  it('is not one whose changes were squashed and then reverted', async () => {
    const head = await work();
    await squash();
    git('revert', '--no-edit', 'HEAD');
    await put('z.txt', 'z\n');
    commit('later');
    const look = await forge.look(change(), head);
    expect(['open', 'merged']).toContain(look.state); // its commit still exists, although its changes do not
  });

  it('is not one without changes of its own while the base moves', async () => {
    git('branch', 'gatehouse/T-1');
    await put('z.txt', 'z\n');
    commit('main moves on');
    expect(await forge.look(change())).toMatchObject({ state: 'open' });
  });
});

describe('a ref that cannot be read', () => {
  const spoil = () => writeFile(path.join(shop, '.git', 'refs', 'heads', 'gatehouse', 'T-1'), '');

  it('is an error and not a deleted branch, until it is repaired', async () => {
    const head = await work();
    await spoil();
    await expect(forge.look(change(), head)).rejects.toThrow('cannot be read');
    await expect(forge.mergeability(change())).rejects.toThrow('cannot be read');
    await writeFile(path.join(shop, '.git', 'refs', 'heads', 'gatehouse', 'T-1'), `${head}\n`);
    expect(await forge.look(change(), head)).toMatchObject({ state: 'open', head });
  });

  it('does not hide other branches', async () => {
    await work();
    const head = await work('c.txt', 'c\n', 'gatehouse/T-2');
    await spoil();
    await put('z.txt', 'z\n');
    const baseHead = commit('main moves on');
    expect(await forge.look({ ...change(), branch: 'gatehouse/T-2' }, head)).toMatchObject({
      state: 'open',
      head,
      baseHead,
    });
  });
});

it('commits that the base has lost since the start, and a merge would restore, are reported', async () => {
  await put('secret.txt', 'leaked\n');
  basis = commit('leaks a key');
  const head = await work();
  expect(await forge.mergeability(change())).toEqual({ is: 'mergeable', head, baseHead: basis });
  git('reset', '--quiet', '--hard', 'HEAD~1');
  const restores = [expect.stringMatching(/^[0-9a-f]{7,} leaks a key$/)];
  expect(await forge.mergeability(change())).toMatchObject({ is: 'mergeable', head, restores });

  git('checkout', '--quiet', 'gatehouse/T-1');
  git('rebase', '--quiet', '--onto', 'main', basis);
  git('checkout', '--quiet', 'main');
  expect(await forge.mergeability(change())).not.toHaveProperty('restores');
});

it('a missing base is named in the error', async () => {
  await work();
  git('branch', '-m', 'main', 'trunk');
  await expect(forge.mergeability(change())).rejects.toThrow(`The base branch main of ${shop} does not exist`);
});

describe('heads that move during a poll', () => {
  it('are seen by the next poll, because both heads are fetched together', async () => {
    const head = await work();
    const { workshop: workspace } = forge as unknown as { workshop: ReturnType<typeof workspaceIn> };
    const fetch = workspace.fetch.bind(workspace);
    workspace.fetch = async (repository) => {
      const copy = await fetch(repository);
      git('commit', '--quiet', '--allow-empty', '-m', 'busy');
      return copy;
    };
    const before = git('rev-parse', 'main');
    expect(await forge.mergeability(change())).toMatchObject({ is: 'mergeable', head, baseHead: before });
    expect(await forge.updateFromBase(change())).toMatchObject({ is: 'merged' });
  });

  it('are the only reason to update the copy', async () => {
    const workspace = workspaceIn(data);
    const copy = await workspace.fetch(shop);
    await writeFile(path.join(copy, 'FETCH_HEAD'), 'as it was');
    const before = await readFile(path.join(copy, 'gatehouse-seen'), 'utf8');
    await rm(path.join(copy, 'config'));
    expect(await workspace.fetch(shop)).toBe(copy); // Git itself would refuse to work in it.
    expect(await readFile(path.join(copy, 'gatehouse-seen'), 'utf8')).toBe(before);
  });
});

describe('the owner’s repository', () => {
  const movingIn = () => new Moving(path.join(data, 'moves'), exclusivelyIn(data, stateIn(data)));
  const target = () => ({ gitDir: path.join(shop, '.git'), commonDir: path.join(shop, '.git') });

  it('is updated after a crash between the move of the branch and that of its checkout', async () => {
    const head = await work();
    await workspaceIn(data).fetch(shop);
    const before = git('rev-parse', 'main');
    const worktree = { ...target(), workTree: shop };
    await mkdir(path.join(data, 'moves'), { recursive: true });
    await writeFile(
      path.join(data, 'moves', 'crashed.json'),
      JSON.stringify({ branch: 'main', before, next: head, worktrees: [worktree] }),
    );
    git('update-ref', 'refs/heads/main', head);
    expect(git('status', '--porcelain')).not.toBe('');
    await movingIn().finishAll();
    expect(git('status', '--porcelain')).toBe('');
    expect(existsSync(path.join(shop, 'b.txt'))).toBe(true);
    expect((await readdir(path.join(data, 'moves'))).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it.each([
    ['before the branch was moved', async () => undefined],
    [
      'and its owner has committed since',
      async (head: string) => void (git('update-ref', 'refs/heads/main', head), git('commit', '--quiet', '-m', 'mine')),
    ],
    [
      'and its owner has another branch there now',
      async (head: string) =>
        void (git('checkout', '--quiet', '-b', 'mine'), git('update-ref', 'refs/heads/main', head)),
    ],
  ])('stays unchanged after a crash %s', async (_, since) => {
    const head = await work();
    const before = git('rev-parse', 'main');
    await mkdir(path.join(data, 'moves'), { recursive: true });
    const left = { branch: 'main', before, next: head, worktrees: [{ ...target(), workTree: shop }] };
    await writeFile(path.join(data, 'moves', 'crashed.json'), JSON.stringify(left));
    await since(head);
    const [at, state] = [git('rev-parse', 'HEAD'), git('status', '--porcelain')];
    await movingIn().finishAll();
    expect([git('rev-parse', 'HEAD'), git('status', '--porcelain')]).toEqual([at, state]);
  });

  it.each([
    ['its git folder is elsewhere', () => run(home, 'init', '--quiet', '--separate-git-dir', `${home}/git`, shop)],
    [
      'main is an alias of the branch that is checked out',
      () => (git('branch', '-m', 'trunk'), git('symbolic-ref', 'refs/heads/main', 'refs/heads/trunk')),
    ],
    [
      'its HEAD is a link',
      async () => (
        await rm(path.join(shop, '.git', 'HEAD')),
        await symlink('refs/heads/main', path.join(shop, '.git', 'HEAD'))
      ),
    ],
  ])('is updated if %s', async (_, form) => {
    await form();
    const head = await work();
    expect(await merge(head)).toMatchObject({ is: 'merged' });
    expect(git('status', '--porcelain')).toBe('');
    expect(existsSync(path.join(shop, 'b.txt'))).toBe(true);
    expect(git('rev-parse', 'HEAD')).toBe(git('rev-parse', 'main'));
    expect(git('merge-base', 'main', head)).toBe(head);
  });

  it('with its git folder elsewhere is updated after a crash', async () => {
    const elsewhere = path.join(home, 'git');
    run(home, 'init', '--quiet', '--separate-git-dir', elsewhere, shop);
    const head = await work();
    const worktrees = [{ gitDir: elsewhere, commonDir: elsewhere, workTree: shop }];
    await mkdir(path.join(data, 'moves'), { recursive: true });
    const left = { branch: 'main', before: git('rev-parse', 'main'), next: head, worktrees };
    await writeFile(path.join(data, 'moves', 'crashed.json'), JSON.stringify(left));
    git('update-ref', 'refs/heads/main', head);
    await movingIn().finishAll();
    expect(git('status', '--porcelain')).toBe('');
  });

  it('is not reported as dirty if the branch has moved meanwhile: then nothing is moved', async () => {
    const head = await work();
    const before = git('rev-parse', 'main');
    await put('c.txt', 'c\n');
    const theirs = commit('another merge');
    expect(await movingIn().move(target(), { branch: 'main', before, next: head })).toBe(false);
    expect([git('rev-parse', 'main'), git('status', '--porcelain')]).toEqual([theirs, '']);
  });

  it('blocks moves of a branch that is being rebased, bisected or merged into in any worktree', async () => {
    const head = await work();
    const linked = path.join(home, 'linked');
    git('checkout', '--quiet', '--detach');
    git('worktree', 'add', '--quiet', linked, 'main');
    const state = path.join(shop, '.git', 'worktrees', 'linked');
    const held = async (because: string) =>
      expect(await merge(head)).toMatchObject({ is: 'refused', because: expect.stringContaining(because) });
    await mkdir(path.join(state, 'rebase-merge'));
    await writeFile(path.join(state, 'rebase-merge', 'head-name'), 'refs/heads/main\n');
    await held('main is being rebased');
    await rm(path.join(state, 'rebase-merge'), { recursive: true });
    await writeFile(path.join(state, 'BISECT_START'), 'main\n');
    await held('main is being bisected');
    await rm(path.join(state, 'BISECT_START'));
    await writeFile(path.join(state, 'MERGE_HEAD'), `${head}\n`);
    await held('main is being merged into');
    await rm(path.join(state, 'MERGE_HEAD'));
    expect(await merge(head)).toMatchObject({ is: 'merged' });
    expect(existsSync(path.join(linked, 'b.txt'))).toBe(true);
  });

  it('does not block moves of a base in a worktree whose folder is gone', async () => {
    const head = await work();
    git('checkout', '--quiet', '--detach');
    git('worktree', 'add', '--quiet', path.join(home, 'gone'), 'main');
    await rm(path.join(home, 'gone'), { recursive: true });
    expect(await merge(head)).toMatchObject({ is: 'merged' });
    expect(git('show', 'main:b.txt')).toBe('b');
  });

  describe('whose files git would now store in another form', () => {
    beforeEach(async () => {
      await put('windows.txt', 'one\r\n');
      await put('logo.bin', 'LOGO\n');
      commit('files');
      await put('.gitattributes', '*.txt text\n*.bin filter=upper\n');
      git('add', '.gitattributes');
      git('commit', '--quiet', '-m', 'attributes');
      basis = git('rev-parse', 'HEAD');
      git('config', 'filter.upper.clean', 'tr A-Z a-z');
      await utimes(path.join(shop, 'windows.txt'), 1, 1);
      await utimes(path.join(shop, 'logo.bin'), 1, 1);
      expect(git('status', '--short')).toBe('M logo.bin\n M windows.txt');
    });

    it.each([
      ['b.txt', 'b\n', 'false', 'b\n'],
      ['windows.txt', 'two\n', 'false', 'two\n'],
      ['windows.txt', 'two\n', 'true', 'two\r\n'],
      ['logo.bin', 'other\n', 'input', 'other\n'],
    ])('is not dirty, and is updated: %s, %j with core.autocrlf=%s', async (file, text, autocrlf, written) => {
      git('config', 'core.autocrlf', autocrlf);
      const head = await work(file, text);
      expect(await merge(head)).toMatchObject({ is: 'merged' });
      expect(await readFile(path.join(shop, file), 'utf8')).toBe(written);
      if (file !== 'windows.txt') expect(await readFile(path.join(shop, 'windows.txt'), 'utf8')).toBe('one\r\n');
      if (file !== 'logo.bin') expect(await readFile(path.join(shop, 'logo.bin'), 'utf8')).toBe('LOGO\n');
    });

    it.each([
      ['a change', 'one\r\nmine\r\n'],
      ['other line ends than the commit', 'one\n'],
    ])('is dirty with %s of its owner', async (_, text) => {
      const head = await work('b.txt');
      await put('windows.txt', text);
      expect(await merge(head)).toMatchObject({ is: 'refused', because: expect.stringContaining('dirty') });
      expect(await readFile(path.join(shop, 'windows.txt'), 'utf8')).toBe(text);
    });
  });

  it('keeps a file of its owner that the merge would overwrite, and nothing moves', async () => {
    const head = await work();
    await put('b.txt', 'mine, and not committed\n');
    const before = git('rev-parse', 'main');
    expect(await merge(head)).toMatchObject({ is: 'refused', because: expect.stringContaining('dirty') });
    expect(git('rev-parse', 'main')).toBe(before);
    expect(await readFile(path.join(shop, 'b.txt'), 'utf8')).toBe('mine, and not committed\n');
  });

  it('reports the branch that is in the way of a new one', async () => {
    await examined();
    git('branch', 'gatehouse');
    const made = forge.commitFiles(change(), { files: { 'b.txt': 'b' }, message: 'work' });
    await expect(made).rejects.toMatchObject({
      name: 'BlockedByOwner',
      message: expect.stringContaining('while it has gatehouse'),
    });
  });

  it('keeps its name while a run lives, and has the default branch of the given folder', async () => {
    const [linked, link] = [path.join(home, 'linked'), path.join(home, 'link')];
    git('worktree', 'add', '--quiet', '-b', 'experiment', linked);
    await symlink(shop, link);
    expect(await examined({ repository: linked })).toMatchObject({ change: { repository: shop, base: 'experiment' } });
    expect(await examined({ repository: link })).toMatchObject({ change: { repository: shop, base: 'main' } });
    expect(await examined({ repository: `file://${link}` })).toMatchObject({ change: { repository: shop } });
  });

  it('is a different one if a link now leads elsewhere', async () => {
    const [other, link] = [path.join(home, 'other'), path.join(home, 'link')];
    run(home, 'clone', '--quiet', shop, other);
    await symlink(shop, link);
    expect(await examined({ repository: link })).toMatchObject({ change: { repository: shop } });
    await rm(link);
    await symlink(other, link);
    expect(await examined({ repository: link })).toMatchObject({ change: { repository: other } });
  });

  it('is recognised by its commits, unless another one has taken its place', async () => {
    await work();
    expect(await examined({ basis })).toMatchObject({ is: 'found' });
    // Its owner has rewritten the last commit, and collected what was there before.
    await put('a.txt', 'b\n');
    basis = commit('second');
    await workspaceIn(data).fetch(shop);
    git('commit', '--quiet', '--amend', '-m', 'second, in other words');
    git('reflog', 'expire', '--expire=now', '--all');
    git('gc', '--quiet', '--prune=now');
    expect(() => git('cat-file', '-e', basis)).toThrow();
    expect(await examined({ basis })).toMatchObject({ is: 'found' });

    await rm(shop, { recursive: true });
    run(home, 'init', '--quiet', '--initial-branch', 'main', shop);
    await put('.gatehouse.yml', 'agents: { default: "true" }\n');
    commit('another one');
    const expected = `expected the repository where the run began, found another one at ${shop}`;
    expect(await examined({ basis })).toEqual({ is: 'refused', fields: [{ path: 'change.repository', expected }] });
  });

  it('has one claim per branch, whichever of its names is used', async () => {
    git('worktree', 'add', '--quiet', '--detach', path.join(home, 'linked'));
    const first = await forge.claim(change(), { workflowId: 'a', runId: '1' }, async () => true);
    const second = await forge.claim(
      { ...change(), repository: `file://${path.join(home, 'linked')}` },
      { workflowId: 'b', runId: '1' },
      async () => true,
    );
    expect([first, second]).toEqual([{ is: 'ours' }, { is: 'held', by: { workflowId: 'a', runId: '1' } }]);
  });
});

it('thousands of commits by others are read in one poll', async () => {
  const stream = Array.from({ length: 3_000 }, (_, n) =>
    [
      `commit refs/heads/gatehouse/T-1`,
      `committer Bo <bo@shop.example> ${1_700_000_000 + n} +0000`,
      'data 1\nx',
      ...(n === 0 ? [`from ${basis}`] : []),
      `M 100644 inline f${n % 10}.txt`,
      `data ${String(n).length}\n${n}`,
      '',
    ].join('\n'),
  ).join('\n');
  execFileSync('git', ['fast-import', '--quiet'], { cwd: shop, input: stream });
  const { foreign } = await forge.look(change(), basis);
  expect(foreign).toHaveLength(3_000);
  const found = await examined();
  expect(found).toMatchObject({ writers: ['Bo', 'bo@shop.example'] });
});
