import { jest } from '@jest/globals';
import { run, Shop } from './checkouts.ts';

jest.setTimeout(120_000);

/**
 * main and work have diverged in: a text, a file that main deleted, one that work deleted, a link, a file with marks of 15
 * characters, a document that quotes marks, a binary file, and a file that both have renamed.
 */
const BASE = `
  printf 'one\\ntwo\\nthree\\n' > text; echo old > gone-in-main; echo old > gone-in-work; ln -s old link
  printf '*.md conflict-marker-size=15\\n*.bin -text -diff\\n' > .gitattributes; printf '# Guide\\nold\\n' > guide.md
  printf 'How to read it:\\n<<<<<<< HEAD\\nours\\n=======\\ntheirs\\n>>>>>>> main\\nold\\n' > quotes.txt
  printf 'a\\0b' > x.bin; seq 1 30 > renamed; printf 'a\\r\\n' > windows`;
const change = (side: string, gone: string, kept: string) => `
  printf 'one\\n${side}\\nthree\\n' > text; git rm -q ${gone}; echo ${side} > ${kept}; ln -sf ${side} link
  printf '# Guide\\n${side}\\n' > guide.md; sed -i 's/^old$/${side}/' quotes.txt; printf 'a\\0${side}' > x.bin
  git mv renamed renamed-${side}; git add -A; git commit -qm ${side}`;
const ALL = ['gone-in-main', 'gone-in-work', 'guide.md', 'link', 'quotes.txt', 'text', 'x.bin'];
const RENAMED = 'git rm -q --cached renamed 2>/dev/null; git rm -qf renamed-main; git add renamed-work;';
/** Resolves all conflicts except the given names, without staging anything. */
const decide = (...but: string[]) =>
  [
    RENAMED,
    ...Object.entries({
      text: 'printf "one\\nboth\\nthree\\n" > text',
      'gone-in-main': 'rm gone-in-main',
      'gone-in-work': 'rm gone-in-work',
      link: 'ln -sf both link',
      'guide.md': 'printf "# Guide\\nboth\\n" > guide.md',
      'quotes.txt':
        "printf 'How to read it:\\n<<<<<<< HEAD\\nours\\n=======\\ntheirs\\n>>>>>>> main\\nboth\\n' > quotes.txt",
      'x.bin': 'echo both > x.bin',
    }).flatMap(([name, how]) => (but.includes(name) ? [] : [how])),
    '',
  ].join('\n');

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.create(BASE);
  await run(
    shop.repository,
    `git checkout -q -b work; ${change('work', 'gone-in-work', 'gone-in-main')}
     git checkout -q main; ${change('main', 'gone-in-main', 'gone-in-work')}`,
  );
});
afterAll(() => shop.remove());

let n = 0;
const resolve = (script: string) => shop.settle(`resolver-${(n += 1)}`, script, { resolve: true });
const write = (script: string) => shop.settle(`writer-${(n += 1)}`, script);
const left = (...names: string[]) => ({
  is: 'refused',
  because: expect.stringMatching(new RegExp(`Conflicts are left in ${names.join(', ')}[.:]`)),
});

describe('a resolver', () => {
  it('that does nothing has resolved nothing', async () => {
    const settled = await resolve('true');
    expect(settled).toMatchObject({ is: 'refused' });
    for (const name of [...ALL, 'renamed-main', 'renamed-work']) expect((settled as any).because).toContain(name);
  });

  it.each(ALL)('that leaves only %s is refused with that name', async (name) => {
    expect(await resolve(decide(name))).toMatchObject(left(name));
  });

  it.each([
    ['by what is in the files', decide()],
    ['by staging what git left', `${decide(...ALL)} git checkout -q --ours text guide.md quotes.txt; git add -A`],
    ['by its own commit', `${decide()} git add -A; git commit -qm merged`],
    [
      'by taking one side',
      `${RENAMED} git checkout -q --theirs text guide.md quotes.txt x.bin; git rm -q gone-in-main gone-in-work; git add link`,
    ],
    [
      'by merging again',
      'git merge --abort; git merge -q -X ours origin/main || true; git rm -qf gone-in-main gone-in-work renamed-main 2>/dev/null; git rm -q --cached renamed; git add -A; git commit -qm merged',
    ],
  ])('that has resolved everything %s is done', async (_, script) => {
    const settled = await resolve(script);
    expect(settled).toMatchObject({ is: 'made' });
    const copy = await shop.workspace.fetch(shop.repository);
    const { commit } = settled as { commit: string };
    expect((await run(copy, `git show -s --format=%P ${commit}`)).split(' ')).toHaveLength(2);
    expect(await run(copy, `git ls-tree --name-only ${commit} renamed-work`)).toBe('renamed-work');
  });

  it.each([
    ['staged', 'git add -A'],
    ['committed', 'git add -A; git commit -qm merged'],
    ['committed, with a new index', 'rm .git/index; git add -A; git commit -qm merged'],
  ])('that has %s git’s marks has not resolved those files', async (_, script) => {
    expect(await resolve(script)).toMatchObject(left('guide.md', 'quotes.txt', 'text'));
  });

  it('that leaves one line of git’s marks has not resolved that file', async () => {
    const text = (middle: string) =>
      `${decide('text')} printf 'one\\nwork\\n${middle}\\nmain\\nthree\\n' > text; git add -A`;
    expect(await resolve(text('======='))).toMatchObject(left('text'));
    expect(await resolve(text('||||||| 0123456'))).toMatchObject(left('text'));
    expect(await resolve(text('======'))).toMatchObject({ is: 'made' });
  });

  it.each([
    ['the index is gone', 'rm .git/index'],
    ['the index is broken', 'echo broken > .git/index'],
  ])('that does nothing has resolved nothing, even if %s', async (_, script) => {
    const settled = await resolve(script);
    expect(settled).toMatchObject({ is: 'refused' });
    for (const name of ALL) expect((settled as any).because).toContain(name);
  });

  it.each([
    ['git merge --abort', 'given up'],
    ['git reset -q --hard', 'given up'],
    ['rm .git/MERGE_HEAD; git add -A', 'given up'],
  ])('that aborts the merge has failed: %s', async (script, because) => {
    expect(await resolve(script)).toMatchObject({ is: 'refused', because: expect.stringContaining(because) });
  });
});

describe('a writer', () => {
  it('that leaves a merge unfinished is refused with its conflicts', async () => {
    const settled = await write('git merge -q origin/main >/dev/null || true');
    expect(settled).toMatchObject({ is: 'refused', because: expect.stringContaining('text') });
  });

  it.each([
    [
      'a merge',
      'git merge -q origin/main >/dev/null || true; git add -A; git commit -qm merged',
      ['guide.md', 'quotes.txt', 'text'],
    ],
    [
      'a squashed merge',
      'git merge -q --squash origin/main >/dev/null 2>&1 || true; git add -A; git commit -qm squashed',
      ['guide.md', 'quotes.txt', 'text'],
    ],
    [
      'a cherry-pick',
      'git cherry-pick origin/main >/dev/null 2>&1 || true; git add -A; git -c core.editor=true cherry-pick --continue >/dev/null',
      ['guide.md', 'quotes.txt', 'text'],
    ],
    [
      'a stash',
      'echo mine > text; git stash -q; echo other > text; git commit -qam other; git stash pop -q >/dev/null 2>&1 || true; git add -A; git commit -qm both',
      ['text'],
    ],
    [
      'a squashed merge of a branch that no longer exists',
      'git branch tmp origin/main; git merge -q --squash tmp >/dev/null 2>&1 || true; git add -A; git commit -qm squashed; git reset -q --hard; git branch -q -D tmp',
      ['guide.md', 'quotes.txt', 'text'],
    ],
    [
      'a switch to another branch that kept local changes',
      'git branch other origin/main; printf "one\nmine\nthree\n" > text; git checkout -q -m other >/dev/null 2>&1; cp text ..; git checkout -q -f work; mv ../text .; git branch -q -f other origin/main; git add -A; git commit -qm taken',
      ['text'],
    ],
    [
      'a patch',
      'git diff HEAD origin/main -- text > ../p; git apply -q ../p; git commit -qam theirs; git diff HEAD~1 > ../p; git reset -q --hard HEAD~1; printf "one\nmine\nthree\n" > text; git commit -qam mine; git apply --3way ../p >/dev/null 2>&1 || true; git add -A; git commit -qm patched; git reset -q --hard',
      ['text'],
    ],
  ])('that commits the marks of %s is refused', async (_, script, names) => {
    expect(await write(script)).toMatchObject(left(...names));
  });

  it.each([
    [
      'quotes them',
      "printf 'Like this:\\n<<<<<<< HEAD\\nmine\\n=======\\nyours\\n>>>>>>> feature-branch\\n' > manual.txt",
    ],
    [
      'quotes an existing branch',
      "printf '<<<<<<< HEAD\\nmine\\n=======\\nyours\\n>>>>>>> origin/main\\n' > manual.txt",
    ],
    ['changes what quotes them', 'echo more >> quotes.txt'],
    ['underlines with them', "printf 'Title\\n=======\\n>>>>>>> cited\\n' > manual.txt"],
    ['is Python', "printf '>>> 1 + 1\\n<<<<<<<<<<\\n' > manual.txt"],
  ])('whose document %s has no conflict', async (_, script) => {
    expect(await write(script)).toMatchObject({ is: 'made' });
  });

  it('that has resolved its own merge succeeds', async () => {
    const settled = await write(`git merge -q origin/main >/dev/null || true; ${decide()}`);
    expect(settled).toMatchObject({ is: 'made' });
  });
});

describe('file names that are not UTF-8', () => {
  /** caf\xe9 in Latin-1, and r\xe9sum\xe9.lnk, a link. */
  const names = (side: string) =>
    `f=$(printf 'caf\\351.txt'); l=$(printf 'r\\351sum\\351.lnk'); printf 'one\\n${side}\\nthree\\n' > "$f"; ln -sf ${side} "$l"
     echo ${side} > "über.txt"; git add -A`;
  const there = `f=$(printf 'caf\\351.txt'); l=$(printf 'r\\351sum\\351.lnk'); u="über.txt";`;
  let old: Shop;
  beforeAll(async () => {
    old = await Shop.create(names('old'));
    await run(
      old.repository,
      `git checkout -q -b work; ${names('work')}; git commit -qm work; git checkout -q main; ${names('main')}; git commit -qm main`,
    );
  });
  afterAll(() => old.remove());
  const leaves = async (name: string, script: string) => old.settle(name, `${there} ${script}`, { resolve: true });

  it.each([
    ['nothing decided', 'true', ['caf\ufffd.txt', 'r\ufffdsum\ufffd.lnk', 'über.txt']],
    ['marks staged', 'ln -sf both "$l"; git add -A', ['caf\ufffd.txt', 'über.txt']],
    ['one file decided', 'echo both > "$f"', ['r\ufffdsum\ufffd.lnk', 'über.txt']],
    ['the link decided', 'ln -sf both "$l"; echo both > "$u"', ['caf\ufffd.txt']],
  ])('conflict like any others: %s', async (name, script, open) => {
    expect(await leaves(name.replaceAll(' ', '-'), script)).toMatchObject(left(...open));
  });

  it('are resolved like any others', async () => {
    const settled = await leaves('decided', 'for each in "$f" "$u"; do echo both > "$each"; done; ln -sf both "$l"');
    expect(settled).toMatchObject({ is: 'made' });
    expect(await old.textOf(settled, 'über.txt')).toBe('both');
  });
});
