import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import type { Spent } from '../../../../activities/adapters/git/door.ts';
import { discarded, settle as settleNow } from '../../../../activities/adapters/git/settling/settling.ts';
import { run, Shop } from './checkouts.ts';

jest.setTimeout(120_000);

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.create(`
    printf 'one\\ntwo\\n' > a.txt; mkdir -p docs; echo guide > docs/guide.md
    printf 'crlf\\r\\n' > windows.txt; printf '*.txt text\\n' > attributes
    echo 'build/' > .gitignore; ln -s a.txt link; echo '#!/bin/sh' > run.sh; chmod +x run.sh`);
});
afterAll(() => shop.remove());

let n = 0;
const settle = (script: string) => shop.settle(`job-${(n += 1)}`, script);
const made = { is: 'made' };
const refused = (because: string) => ({ is: 'refused', because: expect.stringContaining(because) });
const noted = (text: string) => expect.arrayContaining([expect.stringContaining(text)]);

/** The scripts of agents, the result of settling, and files of the resulting commit with their modes. */
describe('an agent’s work becomes a commit', () => {
  it.each<[string, string, object, Record<string, string | undefined>?]>([
    ['nothing', 'true', { is: 'nothing', notes: [] }],
    [
      'a new file, a changed one, a removed one',
      'echo x > x; echo 3 >> a.txt; rm docs/guide.md',
      made,
      { x: '100644', 'docs/guide.md': undefined },
    ],
    ['a file made executable', 'chmod +x a.txt', made, { 'a.txt': '100755' }],
    ['links to any target', 'ln -s /etc e; ln -s /dev/zero z', made, { e: '120000', z: '120000' }],
    [
      'a folder in place of a file',
      'rm a.txt; mkdir a.txt; echo x > a.txt/x',
      made,
      { 'a.txt/x': '100644', 'a.txt': undefined },
    ],
    [
      'a link in place of a folder',
      'mv docs d; ln -s d docs',
      made,
      { docs: '120000', 'd/guide.md': '100644', 'docs/guide.md': undefined },
    ],
    ['its own commits', 'echo x > x; git add x; git commit -qm x; echo y > y', made, { x: '100644', y: '100644' }],
    [
      'an ignored file added with --force',
      'mkdir build; echo x > build/x; git add -f build/x',
      made,
      { 'build/x': '100644' },
    ],
    [
      'files hidden from git',
      'git update-index --assume-unchanged a.txt; git update-index --skip-worktree docs/guide.md; chmod +x a.txt; rm docs/guide.md; mkdir docs/guide.md; echo x > docs/guide.md/x',
      made,
      { 'a.txt': '100755', 'docs/guide.md/x': '100644', 'docs/guide.md': undefined },
    ],
    [
      'a file hidden from git and removed',
      'git update-index --skip-worktree docs/guide.md; rm docs/guide.md',
      made,
      { 'docs/guide.md': undefined },
    ],
    [
      'a file hidden from git in a sparse checkout',
      'git sparse-checkout set --no-cone docs >/dev/null; git update-index --skip-worktree docs/guide.md; chmod +x docs/guide.md',
      made,
      { 'a.txt': '100644', 'docs/guide.md': '100755' },
    ],
    [
      'stale locks of git',
      'echo x > x; : > .git/index.lock; : > .git/HEAD.lock; : > .git/config.lock',
      made,
      { x: '100644' },
    ],
    [
      'names of all kinds',
      "echo x > 'café menú.txt'; echo x > '日本語.md'; echo x > \"$(printf 'a\\nb')\"; echo x > ' -x'; echo x > ':(top)x'; echo x > A.TXT",
      made,
      {
        'café menú.txt': '100644',
        '日本語.md': '100644',
        'a\nb': '100644',
        ' -x': '100644',
        ':(top)x': '100644',
        'A.TXT': '100644',
      },
    ],
    ['names that are not UTF-8', 'echo x > "$(printf \'a\\377b\')"; echo x > x', made, { x: '100644' }],
    ['a broken index', 'echo x > x; echo broken > .git/index', made, { x: '100644', 'a.txt': '100644' }],
    ['a missing index', 'echo x > x; rm .git/index', made, { x: '100644', 'a.txt': '100644' }],
    [
      'a split index',
      'git config core.splitIndex true; git update-index --split-index; echo x > x; git add x',
      made,
      { x: '100644' },
    ],
    [
      'a sparse checkout',
      'git sparse-checkout set --no-cone docs >/dev/null; echo x > docs/x',
      made,
      { 'docs/x': '100644', 'a.txt': '100644' },
    ],
    [
      'a sparse index',
      'git sparse-checkout set --cone --sparse-index docs >/dev/null; echo x > docs/x',
      made,
      { 'docs/x': '100644', 'run.sh': '100755' },
    ],
    ['an index whose objects are missing', 'echo x > x; git add x; rm -rf .git/objects/??', made, { x: '100644' }],
    ['a new pipe beside it', 'mkfifo p; echo x > x', made, { x: '100644', p: undefined }],
    [
      'settings that break git',
      'echo x > x; git config core.bare true; git config extensions.unknown 1; git config core.repositoryformatversion 9',
      made,
      { x: '100644' },
    ],
    ['an invalid configuration file', 'echo x > x; echo "[[[" > .git/config', made, { x: '100644' }],
    ['a work tree configured elsewhere', 'git config core.worktree /tmp; echo x > x', made, { x: '100644' }],
    [
      'its own filters',
      'echo "* filter=f" > .git/info-attributes; git config filter.f.clean "echo bad"; git config filter.f.required true; echo "* filter=f" > .gitattributes; echo x > x',
      made,
      { x: '100644' },
    ],
    ['its own branch', 'git checkout -qb mine; echo x > x; git add x; git commit -qm x', made, { x: '100644' }],
    ['a detached HEAD', 'git checkout -q --detach; echo x > x; git add x; git commit -qm x', made, { x: '100644' }],
    ['packed refs and objects', 'echo x > x; git add x; git commit -qm x; git gc -q', made, { x: '100644' }],
    [
      'a merge without conflicts',
      'git checkout -qb o; echo o > o; git add o; git commit -qm o; git checkout -q work; echo x > x; git add x; git commit -qm x; git merge -q --no-commit --no-ff o',
      made,
      { x: '100644', o: '100644' },
    ],
    ['an unfinished bisect', 'git bisect start -q; echo x > x', made, { x: '100644' }],
    [
      'folders without permissions',
      'mkdir -p c/d; echo x > c/d/x; echo y > c/y; chmod 000 c/d c/y c',
      made,
      { 'c/d/x': '100644', 'c/y': '100644' },
    ],
    [
      'paths that are too long for a system call',
      'p=a; q=b; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do p=$p/$(printf "%0200d" $i); q=$q/$(printf "%0200d" $i); done; mkdir -p $p $q; echo x > $q/x; mv b $p/b; echo x > x',
      expect.objectContaining({ is: expect.stringMatching('nothing|made|refused') }),
    ],
    [
      'a submodule link without a repository',
      'git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub; git commit -qm sub',
      { is: 'nothing', notes: noted('sub') },
    ],
    ['only ignored files', 'mkdir build; echo x > build/x', { is: 'nothing', notes: noted('ignored files') }],
  ])('%s', async (_, script, end, files = {}) => {
    const settled = await settle(script);
    expect(settled).toMatchObject(end);
    expect(await shop.filesOf(settled)).toMatchObject(
      Object.fromEntries(Object.entries(files).filter(([, mode]) => mode)),
    );
    for (const [name, mode] of Object.entries(files))
      if (!mode) expect(await shop.filesOf(settled)).not.toHaveProperty([name]);
    expect(await shop.outer()).toBe('dotfiles');
  });

  it.each([
    ['nothing was changed', 'true', { is: 'nothing' }, undefined],
    [
      'git has inspected it again',
      'touch -d 2001-01-01 windows.txt; git status --short >/dev/null',
      { is: 'nothing' },
      undefined,
    ],
    ['the index is gone', 'rm .git/index', { is: 'nothing' }, undefined],
    ['another file was changed', 'touch -d 2001-01-01 windows.txt; echo x > x', made, 'crlf\r'],
    ['it was changed', 'echo more >> windows.txt', made, 'crlf\nmore'],
  ])('line ends alone are not a change: %s', async (_, script, end, text) => {
    await run(
      shop.repository,
      'git checkout -q main; cp attributes .gitattributes; git add .gitattributes; git commit -qm attributes',
    );
    try {
      const settled = await settle(script);
      expect(settled).toMatchObject(end);
      expect(await shop.textOf(settled, 'windows.txt')).toBe(text);
    } finally {
      await run(shop.repository, 'git reset -q --hard HEAD~1');
    }
  });
});

describe('an agent’s work is refused with a reason', () => {
  it.each([
    ['a removed .git', 'rm -rf .git; echo secret > x', 'no longer a git checkout'],
    ['a gitfile', 'mv .git ../moved.git; echo "gitdir: ../moved.git" > .git', 'no longer a git checkout'],
    ['a link in place of .git', 'mv .git ../linked.git; ln -s ../linked.git .git', 'no longer a git checkout'],
    [
      'a new repository with a commit',
      'rm -rf .git; git init -q; echo x > x; git add -A; git commit -qm x',
      'does not descend',
    ],
    [
      'a new repository without a commit',
      'rm -rf .git; git init -q; echo x > x',
      'HEAD names main, which has no commit',
    ],
    [
      'a branch without a commit',
      'git checkout -q --orphan fresh; echo x > x',
      'HEAD names fresh, which has no commit',
    ],
    ['an invalid HEAD', 'echo nonsense > .git/HEAD', 'HEAD names no commit that exists'],
    ['no HEAD', 'rm .git/HEAD', 'does not descend'],
    ['rewritten commits', 'git commit -q --amend --allow-empty -m other', 'does not descend'],
    ['a removed checkout', 'cd ..; rm -rf tree', 'The checkout is gone'],
    ['a link in place of the checkout', 'cd ..; mv tree other; ln -s other tree', 'The checkout is gone'],
    ['a pipe in place of a file', 'rm a.txt; mkfifo a.txt', 'a.txt'],
    ['a file of 3 GB', 'truncate -s 3G big', 'big (3.0 GiB)'],
    ['a nested clone', 'git clone -q . ../elsewhere; git clone -q ../elsewhere vendor', 'vendor (of '],
    [
      'an unfinished rebase',
      'echo x > x; git add x; git commit -qm x; echo y > y; git add y; git commit -qm y; GIT_SEQUENCE_EDITOR="sed -i 1s/pick/edit/" git rebase -q -i HEAD~2',
      'A rebase was left unfinished',
    ],
    [
      'broken objects',
      'echo broken > x; git add x; git commit -qm x; f=.git/objects/$(git rev-parse HEAD:x | sed "s,..,&/,"); chmod +w $f; echo broken > $f',
      'refuses',
    ],
    [
      'missing objects',
      'echo gone > x; git add x; git commit -qm x; rm .git/objects/$(git rev-parse HEAD:x | sed "s,..,&/,"); rm x; echo y > y',
      'Git refuses',
    ],
    [
      'refs in another format',
      'rm -rf .git/refs; mkdir .git/refs; echo "this repository uses the reftable format" > .git/refs/heads; mkdir .git/reftable; echo "ref: refs/heads/.invalid" > .git/HEAD',
      'in another form',
    ],
    [
      'a text in an encoding that it is not in',
      'echo "*.u working-tree-encoding=UTF-16" > .gitattributes; printf "abc" > x.u',
      'refuses',
    ],
  ])('%s', async (_, script, because) => {
    const settled = await settle(script);
    expect(settled).toMatchObject(refused(because));
    expect(await shop.outer()).toBe('dotfiles');
  });

  it('and its commits are kept as a bundle', async () => {
    const settled = await settle(
      'git checkout -q --orphan fresh; echo x > x; git add x; git commit -qm "my work"; echo y > y',
    );
    expect(settled).toMatchObject({ is: 'refused', notes: noted('Left behind: the branch fresh') });
    const file = /Kept in (\S+\.bundle)/.exec(settled.notes.join(' '))![1]!;
    const heads = await run(shop.repository, `git bundle list-heads ${file}`);
    expect(heads).toContain('refs/left/branches/fresh');
    await run(shop.repository, `git fetch -q ${file} 'refs/left/*:refs/left/*'; git cat-file -e refs/left/files:y`);
  });
});

describe('an agent’s commits', () => {
  const COMMITTED = 'echo x > mine; git add mine; git commit -qm "my work"';
  const REFTABLE =
    'rm -rf .git/refs; mkdir .git/refs; echo "this repository uses the reftable format" > .git/refs/heads; echo "ref: refs/heads/.invalid" > .git/HEAD';

  it.each([
    ['its refs are of another form', REFTABLE],
    ['its refs are gone', 'rm -rf .git/refs'],
    ['its packed refs are broken', 'echo nonsense > .git/packed-refs'],
    [
      'its HEAD is a link, and nothing else names it',
      'git checkout -q --detach; git branch -qD work; rm -rf .git/logs; mv .git/HEAD ../elsewhere; ln -s ../../elsewhere .git/HEAD',
    ],
    ['its objects are packed, and its refs are broken', 'git gc -q; echo nonsense > .git/packed-refs'],
  ])('are kept if %s', async (_, script) => {
    const settled = await settle(`${COMMITTED}; ${script}`);
    expect(settled).toMatchObject({ is: 'refused', notes: noted('Kept in') });
    const file = /Kept in (\S+\.bundle)/.exec(settled.notes.join(' '))![1]!;
    const fetch = `git fetch -q ${file} 'refs/left/*:refs/kept/${n}/*'`;
    const shown = await run(
      shop.repository,
      `${fetch}; for r in $(git for-each-ref --format='%(refname)' refs/kept/${n}); do git show $r:mine; done`,
    );
    expect(shown).toBe('x');
  });

  it('are kept with their git folder if its objects cannot be read', async () => {
    const settled = await settle(`${COMMITTED}; mv .git/objects .git/things`);
    expect(settled).toMatchObject({ is: 'refused', notes: noted('its .git is now') });
    const place = /its \.git is now (\S+\.git)\./.exec(settled.notes.join(' '))![1]!;
    expect(await readdir(place)).toContain('things');
  });

  it('are reported as lost if their git folder is gone', async () => {
    const settled = await settle(`${COMMITTED}; rm -rf .git`);
    expect(settled).toMatchObject({ is: 'refused', notes: noted('could be kept') });
  });
});

describe('files that git ignores', () => {
  it('are kept if they are few and small, and the others are reported', async () => {
    const settled = await settle(
      'mkdir build; echo made > build/x; truncate -s 20M build/large; mkfifo build/p; git init -q build/repo',
    );
    expect(settled).toMatchObject({ is: 'nothing', notes: noted('build/: ignored files are not part of the change') });
    const [, file = '', without] = /They are kept in (\S+\.bundle), except for (\d+):/.exec(settled.notes.join(' '))!;
    expect(Number(without)).toBeGreaterThanOrEqual(1);
    await run(shop.repository, `git fetch -q ${file} refs/left/ignored:refs/ignored`);
    expect(await run(shop.repository, 'git ls-tree -r --name-only refs/ignored')).toBe('build/x');
    expect(await run(shop.repository, 'git show refs/ignored:build/x')).toBe('made');
  });
});

describe('repositories within the checkout', () => {
  it.each([
    ['without a commit', 'mkdir -p p/web; cd p/web; git init -q; echo x > index.js', { 'p/web/index.js': '100644' }],
    [
      'with commits',
      'mkdir -p p/web; cd p/web; git init -q; echo x > index.js; git add .; git commit -qm x; echo y > y',
      { 'p/web/index.js': '100644', 'p/web/y': '100644' },
    ],
    [
      'in one another',
      'mkdir -p p/q/r; git init -q p; git init -q p/q; git init -q p/q/r; echo x > p/q/r/x',
      { 'p/q/r/x': '100644' },
    ],
    ['with a git folder elsewhere', 'git init -q --separate-git-dir ../sep.git p; echo x > p/x', { 'p/x': '100644' }],
    ['that is no repository', 'mkdir -p p/.git; echo x > p/x', { 'p/x': '100644' }],
    [
      'in a folder that is tracked',
      'cd docs; git init -q; echo x > x; git add .; git commit -qm x',
      { 'docs/x': '100644', 'docs/guide.md': '100644' },
    ],
    [
      'that it committed as a link',
      'mkdir p; cd p; git init -q; echo x > x; git add .; git commit -qm x; cd ..; git add -A 2>/dev/null; git commit -qm linked',
      { 'p/x': '100644' },
    ],
  ])('become plain files of the change: %s', async (_, script, files) => {
    const settled = await settle(script);
    expect(settled).toMatchObject(made);
    expect(await shop.filesOf(settled)).toMatchObject(files);
    expect(Object.values(await shop.filesOf(settled))).not.toContain('160000');
    const copy = await shop.workspace.fetch(shop.repository);
    const all = await run(
      copy,
      `git log --format= --raw -m main..${(settled as { commit: string }).commit} 2>/dev/null || git log --format= --raw -m ${(settled as { commit: string }).commit}`,
    );
    expect(all).not.toContain('160000');
  });

  it('are reported, and their own history is kept', async () => {
    const settled = await settle('mkdir p; cd p; git init -q; echo x > x; git add .; git commit -qm x');
    expect(settled.notes.join(' ')).toMatch(/became plain files of the change: p\. .*history is kept in \S+\.bundle/);
  });

  it('keep history that is on no branch, and report broken history', async () => {
    const commit = 'git init -q; echo x > x; git add .; git commit -qm x';
    const detached = await settle(`mkdir p; cd p; ${commit}; git checkout -q --detach; git branch -D main -q`);
    expect(detached.notes.join(' ')).toMatch(/history is kept in \S+\.bundle/);
    const broken = await settle(`mkdir p; cd p; ${commit}; rm -rf .git/objects/??`);
    expect(broken).toMatchObject({ is: 'made' });
    expect(broken.notes.join(' ')).toMatch(/The history of p could not be kept\. Git refuses what it left: /);
  });

  it('that are worktrees are left out, and their branch becomes the result', async () => {
    const settled = await settle('git worktree add -q -b mine wt; cd wt; echo x > x; git add x; git commit -qm x');
    expect(settled).toMatchObject({ is: 'made', notes: noted('branch mine') });
    expect(Object.keys(await shop.filesOf(settled))).toContain('x');
    expect(Object.keys(await shop.filesOf(settled)).filter((name) => name.startsWith('wt'))).toEqual([]);
  });

  it('that .gitmodules names stay submodules, at a commit that their remote has', async () => {
    await run(shop.home, 'rm -rf lib; git init -q lib; cd lib; echo 42 > answer; git add .; git commit -qm lib');
    const add = `git submodule --quiet add ${shop.home}/lib vendor/lib`;
    const settled = await settle(add);
    expect(settled).toMatchObject(made);
    expect(await shop.filesOf(settled)).toMatchObject({ 'vendor/lib': '160000', '.gitmodules': '100644' });
    const own = await settle(`${add}; cd vendor/lib; echo 43 > answer; git commit -qam mine`);
    expect(own).toMatchObject(refused('vendor/lib'));
  });
});

describe('work outside of the checkout’s branch', () => {
  it.each([
    [
      'on a branch, after switching back',
      'git checkout -qb feature/mine; echo x > x; git add x; git commit -qm x; git checkout -q work',
      made,
      'feature/mine',
    ],
    [
      'on the work branch, with another commit checked out',
      'echo x > x; git add x; git commit -qm x; git checkout -q --detach origin/main',
      made,
      'work',
    ],
    ['in a stash', 'echo x >> a.txt; git stash -q', { is: 'nothing' }, 'a stash'],
    [
      'on two branches',
      'for b in one two; do git checkout -qb $b main 2>/dev/null || git checkout -qb $b work; echo $b > $b; git add $b; git commit -qm $b; done; git checkout -q two; git checkout -qb three work; git checkout -q work',
      { is: 'nothing' },
      'the branch one, the branch two',
    ],
    [
      'on another branch beside its result',
      'git checkout -qb other; echo x > x; git add x; git commit -qm x; git checkout -q work; echo y > y',
      made,
      'the branch other',
    ],
    [
      'on a tag',
      'git checkout -q --detach; echo x > x; git add x; git commit -qm x; git tag v9; git checkout -q work',
      { is: 'nothing' },
      'the tag v9',
    ],
    [
      'on no branch',
      'git checkout -q --detach; echo x > x; git add x; git commit -qm x; git checkout -q work',
      { is: 'nothing' },
      'which no branch names',
    ],
  ])('becomes the result, or is reported and kept: %s', async (name, script, end, reported) => {
    const { message, ...settling } = await shop.begin(name.replaceAll(' ', '-'));
    await run(settling.tree, script);
    await settleNow(settling, message);
    // Settles again, as after a crash before the result was recorded. Our copy already has the commits.
    const settled = await settleNow(settling, message);
    expect(settled).toMatchObject(end);
    const notes = settled.notes.join(' ');
    expect(notes).toContain(reported);
    if (/Left behind/.test(notes)) {
      const file = /Kept in (\S+\.bundle)/.exec(notes)![1]!;
      expect(await readdir(path.dirname(file))).toContain(path.basename(file));
    }
  });

  it.each([
    'git push -q origin HEAD:refs/heads/pushed',
    'git push -q origin HEAD:refs/remotes/origin/main',
    'git push -q --mirror origin',
  ])('does not reach our copy by the agent’s own push: %s', async (push) => {
    const { copy, message, ...settling } = await shop.begin(`pushes-${push.length}`);
    const before = await run(copy.gitDir, 'git for-each-ref');
    await run(settling.tree, `echo x > x; git add x; git commit -qm x; if ${push} 2> out; then exit 1; fi; rm out`);
    expect(await run(copy.gitDir, 'git for-each-ref')).toBe(before);
    expect(await settleNow({ ...settling, copy }, message)).toMatchObject({ is: 'made' });
  });

  it('is not reported if it was only rewritten', async () => {
    const settled = await settle('echo x > x; git add x; git commit -qm x; echo y > x; git commit -qa --amend -m y');
    expect(settled).toEqual({ is: 'made', commit: expect.any(String), notes: [] });
  });
});

describe('settling', () => {
  it('has the same result when it is repeated', async () => {
    const dates = 'export GIT_AUTHOR_DATE="@1700000000 +0000" GIT_COMMITTER_DATE="@1700000000 +0000"';
    const script = `${dates}; echo x > x; git add x; git commit -qm x; git checkout -q --detach origin/main`;
    const first = await settle(script);
    expect(first).toMatchObject(made);
    expect(await settle(script)).toEqual(first);
  });

  it('notices a changed file with the same length and time as the index entry', async () => {
    const at = 'touch -d @1700000000';
    const settled = await settle(`until
        printf 'one\\ntwo\\n' > a.txt; ${at} a.txt; git update-index --refresh; then=$(stat -c %Z a.txt)
        printf 'eno\\nowt\\n' > a.txt; ${at} a.txt; [ "$then" = "$(stat -c %Z a.txt)" ]
      do :; done; ${at} .git/index`);
    expect(settled).toMatchObject(made);
    expect(await shop.textOf(settled, 'a.txt')).toBe('eno\nowt');
  });

  it('walks through the files only twice if nothing was changed', async () => {
    const settling = await shop.begin('untouched');
    const walks: string[] = [];
    const note = (spent: unknown) => {
      const call = (spent as Spent).args.join(' ');
      if (/^(?:add|status|diff-files|update-index|ls-files --others)/.test(call)) walks.push(call.split(' -z')[0]!);
    };
    subscribe('gatehouse:git', note);
    expect(await discarded(settling)).toEqual([]);
    unsubscribe('gatehouse:git', note);
    expect(walks).toEqual(['ls-files --others --exclude-standard', 'diff-files --name-only']);
  });

  it('ends at its time limit, and reports that as the reason', async () => {
    const { message, ...settling } = await shop.begin('late');
    await run(settling.tree, 'echo x > x');
    expect(await settleNow({ ...settling, limitMs: 1 }, message)).toMatchObject(refused('took more than 0.001 s'));
  });

  it('aborts when its signal does', async () => {
    const { message, ...settling } = await shop.begin('stopped');
    const signal = AbortSignal.abort(new Error('It was stopped.'));
    await expect(settleNow({ ...settling, signal }, message)).rejects.toThrow('It was stopped.');
  });

  it('throws if our own copy is gone, because a retry can succeed', async () => {
    const { message, ...settling } = await shop.begin('without-copy');
    const copy = { gitDir: path.join(shop.home, 'nowhere.git') };
    await expect(settleNow({ ...settling, copy }, message)).rejects.toThrow('not a git repository');
  });
});
