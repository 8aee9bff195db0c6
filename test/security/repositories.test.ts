import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { jest } from '@jest/globals';
import { discarded, settle } from '../../activities/adapters/git/settling/settling.ts';
import { readResult } from '../../activities/adapters/local/command-executor/result.ts';
import { commitId, isAncestor } from '../../activities/adapters/git/commits.ts';
import { gitForge } from '../../activities/adapters/local/git-forge/index.ts';
import { parseSettings } from '../../activities/adapters/settings/repository-settings.ts';
import { LocalWorkspace } from '../../activities/adapters/local/repositories/workspace.ts';
import { Branch, ChangeInput } from '../../workflows/contracts/change.ts';
import { Id } from '../../workflows/contracts/pipeline-run.ts';
import { takeEnvironment } from '../../worker/config.ts';
import { removeFolder } from '../support/folders.ts';
import { stateIn } from '../support/state/databases.ts';

jest.setTimeout(300_000);

let home: string;
let shop: string;
let trap: string;
const git = async (cwd: string, ...args: string[]) => (await execa('git', args, { cwd })).stdout;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'gatehouse-security-'));
  shop = path.join(home, 'shop');
  trap = path.join(home, 'trapped');
  await execa('git', ['init', '--quiet', '--initial-branch', 'main', shop]);
  await commit({ '.gatehouse.yml': 'checks: { test: "true" }\n', 'a.txt': 'a\n' });
});
afterEach(() => removeFolder(home));

async function commit(files: Record<string, string>): Promise<string> {
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(shop, name), text);
  await git(shop, 'add', '--all');
  const as = ['-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example', '-c', 'core.hooksPath=/dev/null'];
  await git(shop, ...as, 'commit', '--quiet', '--allow-empty', '--message', 'a commit');
  return git(shop, 'rev-parse', 'HEAD');
}
const forge = () =>
  gitForge({ root: path.join(home, 'data'), environment: process.env, state: stateIn(path.join(home, 'data')) });
const change = async () => ({
  repository: shop,
  base: 'main',
  branch: 'work',
  basis: await git(shop, 'rev-parse', 'main'),
});

describe('names that become refs, folders and arguments', () => {
  const REFS = [
    '-x',
    '--upload-pack=touch /tmp/x',
    '--output=x',
    '../main',
    'a/../b',
    'a..b',
    'a@{1}',
    '@',
    'HEAD',
    'a b',
    'a\nb',
    'a\0b',
    'a\x1b[2Jb',
    'a\x9bb',
    'a~1',
    'a^{tree}',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    '/a',
    'a/',
    'a//b',
    'a.',
    'a.lock',
    'a.lock/b',
    '.a',
    'a/.b',
    '',
    'main\u202egnp',
    'main\u200b',
    'x'.repeat(201),
  ];
  it.each(REFS)('%j is not a valid branch or base', (name) => {
    expect(Branch.safeParse(name).success).toBe(false);
    expect(ChangeInput.safeParse({ repository: '/srv/shop', base: name }).success).toBe(false);
  });

  it.each([...REFS.filter((name) => name !== 'HEAD'), 'a/b', 'ä', '.git', 'a;b', '$(x)', '`x`', 'x'.repeat(65)])(
    '%j is not a valid id of a task or workspace',
    (id) => {
      expect(Id.safeParse(id).success).toBe(false);
    },
  );

  it.each(['--upload-pack=x', '-', 'a\0b', 'a\nb', '', '/'.repeat(256)])(
    '%j is not a valid repository',
    (repository) => {
      expect(ChangeInput.safeParse({ repository }).success).toBe(false);
    },
  );

  it.each([
    '--output=/tmp/x',
    '-x',
    'main',
    'HEAD',
    'HEAD~1',
    'a'.repeat(39),
    'a'.repeat(41),
    '',
    `${'a'.repeat(40)}\n`,
  ])('%j is not a valid commit id, and is never passed to git', async (name) => {
    expect(() => commitId(name)).toThrow('is not a commit id');
    await expect(
      isAncestor({ gitDir: path.join(shop, '.git') }, name, await git(shop, 'rev-parse', 'HEAD')),
    ).rejects.toThrow('is not a commit id');
  });
});

describe('repositories', () => {
  it('that do not exist on this disk are refused, and nothing is run for them', async () => {
    await mkdir(path.join(shop, 'below'));
    const no = [
      `ext::sh -c touch%20${trap}`,
      `fd::17`,
      'https://example.invalid/shop.git',
      'ssh://-oProxyCommand=touch/x',
      'git@example.invalid:shop.git',
      'shop',
      './shop',
      'file://example.invalid/etc',
      'file:///%00',
      'file:shop',
      `${shop}/.git`,
      `${shop}/below`,
      `${shop}/../nothing`,
      '/etc',
      '/dev/zero',
      '/',
    ];
    for (const repository of no) {
      const found = await forge().examine({ repository, branch: 'work', branchGiven: true });
      expect([repository, found]).toEqual([
        repository,
        { is: 'refused', fields: [expect.objectContaining({ path: 'change.repository' })] },
      ]);
    }
    expect(existsSync(trap)).toBe(false);
  });

  it('cannot make us run programs from their configuration, hooks or attributes', async () => {
    const bomb = path.join(home, 'bomb.sh');
    await writeFile(bomb, `#!/bin/sh\necho "$0 $*" >> ${trap}\nexit 0\n`);
    await chmod(bomb, 0o755);
    const hooks = path.join(shop, '.git', 'hooks');
    await mkdir(hooks, { recursive: true });
    for (const hook of [
      'reference-transaction',
      'post-checkout',
      'pre-commit',
      'post-commit',
      'post-merge',
      'update',
      'post-index-change',
      'pre-auto-gc',
      'fsmonitor-watchman',
    ])
      await symlink(bomb, path.join(hooks, hook));
    await commit({
      '.gitattributes': '* filter=bomb diff=bomb merge=bomb\n',
      '.gitmodules': `[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch%20${trap}\n`,
    });
    const { basis, ...rest } = await change();
    await git(shop, 'branch', 'work');
    for (const [name, value] of [
      ['core.fsmonitor', bomb],
      ['core.hooksPath', hooks],
      ['core.sshCommand', bomb],
      ['core.alternateRefsCommand', bomb],
      ['core.pager', bomb],
      ['core.editor', bomb],
      ['diff.external', bomb],
      ['uploadpack.packObjectsHook', bomb],
      ['submodule.recurse', 'true'],
      ['fetch.recurseSubmodules', 'true'],
      ['protocol.ext.allow', 'always'],
      ['gpg.program', bomb],
      ['commit.gpgSign', 'true'],
    ])
      await git(shop, '-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', 'config', name!, value!);
    await rm(trap, { force: true }); // triggered by the set-up itself
    const local = forge();
    expect(await local.examine({ repository: shop, branch: 'work', branchGiven: true })).toMatchObject({ is: 'found' });
    const made = await local.commitFiles({ ...rest, basis }, { files: { 'new.txt': 'new\n' }, message: 'a document' });
    expect(made).toMatchObject({ is: 'committed' });
    const { head, baseHead } = (await local.look({ ...rest, basis })) as { head: string; baseHead: string };
    await new LocalWorkspace(path.join(home, 'data')).checkout(shop, head, path.join(home, 'tree'), { branch: 'work' });
    expect(await local.merge({ ...rest, basis }, { head, baseHead, message: 'a merge' })).toMatchObject({
      is: 'merged',
    });
    expect(existsSync(path.join(shop, 'new.txt'))).toBe(true); // the owner's checkout was updated
    expect(existsSync(trap) && (await readFile(trap, 'utf8'))).toBe(false);
  });

  it('cannot make us run what an agent configured in its checkout', async () => {
    const tree = path.join(home, 'tree');
    const { basis } = await change();
    const workspace = new LocalWorkspace(path.join(home, 'data'));
    await workspace.checkout(shop, basis, tree, { branch: 'work' });
    for (const [name, value] of [
      ['core.fsmonitor', `touch ${trap}; false`],
      ['filter.trap.clean', `touch ${trap}; cat`],
      ['filter.trap.smudge', `touch ${trap}; cat`],
      ['filter.trap.process', `touch ${trap}; cat`],
      ['diff.trap.command', `touch ${trap}`],
      ['diff.trap.textconv', `touch ${trap}; cat`],
      ['merge.trap.driver', `touch ${trap}`],
      ['core.alternateRefsCommand', `touch ${trap}`],
      ['uploadpack.packObjectsHook', `touch ${trap}; exec`],
    ])
      await git(tree, 'config', name!, value!);
    for (const folder of ['hooks', 'info']) await mkdir(path.join(tree, '.git', folder), { recursive: true });
    for (const hook of ['pre-commit', 'commit-msg', 'post-commit', 'post-index-change', 'reference-transaction']) {
      await writeFile(path.join(tree, '.git', 'hooks', hook), `#!/bin/sh\ntouch ${trap}\n`, { mode: 0o755 });
    }
    await writeFile(path.join(tree, '.git', 'info', 'attributes'), '* filter=trap diff=trap merge=trap\n');
    await writeFile(path.join(tree, '.gitattributes'), '* filter=trap diff=trap merge=trap\n');
    await rm(trap, { force: true });
    await writeFile(path.join(tree, 'b.txt'), 'b\n');
    const settling = {
      tree,
      begun: { start: basis },
      copy: { gitDir: await workspace.fetch(shop) },
      scratch: path.join(home, 'settling.git'),
      keep: { folder: path.join(home, 'bundles'), name: 'job' },
    };
    expect(await discarded(settling)).toEqual(['.gitattributes', 'b.txt']);
    expect(await settle(settling, 'what it made')).toMatchObject({ is: 'made' });
    expect(existsSync(trap)).toBe(false);
  });
});

describe('documents that are committed for an agent', () => {
  it.each([
    '../x.md',
    '/etc/x.md',
    'a/../../x.md',
    '.git/hooks/pre-commit',
    '.github/workflows/x.yml',
    '.gatehouse.yml',
    'a/.git/config',
    '-x.md',
    'a\nb.md',
    'a\0b.md',
    'a\\b.md',
    'a//b.md',
    '',
    'a,b.md',
  ])('are refused at the path %j', async (file) => {
    const end = await forge().commitFiles(await change(), { files: { [file]: 'x' }, message: 'm' });
    expect(end).toMatchObject({ is: 'refused', because: expect.stringContaining('not a path inside the repository') });
    expect(await git(shop, 'branch', '--list', 'work')).toBe('');
  });

  it('are refused, with the reason, if the branch has a link in place of their folder', async () => {
    const outside = path.join(home, 'outside');
    await mkdir(outside);
    await symlink(outside, path.join(shop, 'docs'));
    await commit({});
    const end = await forge().commitFiles(await change(), { files: { 'docs/spec.md': 'x' }, message: 'm' });
    expect(end).toMatchObject({ is: 'refused', because: expect.stringContaining('A file or a link on the branch') });
    expect(await readdir(outside)).toEqual([]);
  });

  it('replace a link of their name', async () => {
    const outside = path.join(home, 'outside.md');
    await symlink(outside, path.join(shop, 'spec.md'));
    await commit({});
    expect(await forge().commitFiles(await change(), { files: { 'spec.md': 'x' }, message: 'm' })).toMatchObject({
      is: 'committed',
    });
    expect(existsSync(outside)).toBe(false);
    expect(await git(shop, 'ls-tree', 'work', 'spec.md')).toMatch(/^100644 /);
  });
});

describe('settings', () => {
  it('come from the base, even if the branch changes them', async () => {
    const basis = (await change()).basis;
    await git(shop, 'checkout', '--quiet', '-b', 'work');
    const head = await commit({
      '.gatehouse.yml': `checks: { evil: "touch ${trap}" }\nagents: { default: "touch ${trap}" }\n`,
    });
    await git(shop, 'checkout', '--quiet', 'main');
    const local = forge();
    const look = () =>
      local.checks({ repository: shop, base: 'main', branch: 'work', basis }, head, { checkSeconds: 60, round: '1' });
    for (;;) {
      const { ended, running } = await look();
      expect([...ended.map(({ name }) => name), ...running]).toEqual(['test']);
      if (running.length === 0) break;
    }
    expect(existsSync(trap)).toBe(false);
    expect(await local.changedPaths({ repository: shop, base: 'main', branch: 'work', basis }, head)).toEqual([
      '.gatehouse.yml',
    ]);
  });

  it.each([
    ['__proto__: { checks: { a: b } }', '__proto__'],
    ['checks: { "../x": "true" }', 'checks'],
    ['checks: { "a\\nb": "true" }', 'checks'],
    ['agents: { "-x": "true" }', 'agents'],
    ['environment: { start: "true", ready: "http://169.254.169.254/" }', 'environment.ready'],
    ['environment: { start: "true", ready: "/\\u202e" }', 'environment.ready'],
    ['checks: !!js/function "() => 1"', 'checks'],
    [`a: &a [1,1,1,1,1,1,1,1,1]\n${'b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]'}`, ''],
    [`checks: ${'['.repeat(2_000)}${']'.repeat(2_000)}`, ''],
    ['x'.repeat(100_001), ''],
  ])('are refused with the name of the bad field: %j', (text, place) => {
    const read = parseSettings(text);
    expect(read).toMatchObject({
      fields: [{ path: expect.stringContaining('.gatehouse.yml') }, ...('fields' in read ? read.fields.slice(1) : [])],
    });
    expect(JSON.stringify(read)).toContain(place);
    expect(({} as any).checks).toBeUndefined();
  });

  it('cannot reach a prototype', () => {
    expect(parseSettings('checks: { __proto__: touch x }')).toMatchObject({
      fields: [{ path: '.gatehouse.yml:checks.__proto__' }],
    });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('may name a check like an inherited property', () => {
    expect(parseSettings('checks: { constructor: "true", toString: "false" }')).toMatchObject({
      settings: { checks: { constructor: 'true', toString: 'false' } },
    });
  });
});

describe('an agent’s result', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  it.each([
    ['nested too deep', `{"summary": "s", "output": ${nested(50_000)}}`, 'nested more than 100 deep'],
    ['nested a little too deep', `{"summary": "s", "output": ${nested(102)}}`, 'nested more than 100 deep'],
    ['too large', `{"summary": "s", "output": "${'x'.repeat(256_001)}"}`, 'of at most 256000'],
    ['invalid JSON', '{', 'not JSON'],
    ['not an object', '[]', 'does not fit'],
    ['without a summary', '{"__proto__": {"summary": "s"}}', 'does not fit'],
    ['of a negative cost', '{"summary": "s", "usage": {"costCents": -5}}', 'does not fit'],
  ])('is refused when it is %s', (_, text, because) => {
    expect(readResult(text, '')).toEqual({ broken: expect.stringContaining(because) });
    expect(({} as any).summary).toBeUndefined();
  });

  it('may have ordinary depth', () => {
    expect(readResult(`{"summary": "s", "output": ${nested(90)}}`, '')).toMatchObject({ result: { summary: 's' } });
  });
});

it('our variables are removed from the worker’s environment before it starts any process', () => {
  const environment = { PATH: '/bin', GATEHOUSE_CODEC_KEYS: 'k', GATEHOUSE_WEBHOOK_SECRET: 's', TEMPORAL_API_KEY: 't' };
  const before = { ...environment };
  expect(takeEnvironment(environment)).toEqual(before);
  expect(environment).toEqual({ PATH: '/bin' });
});
