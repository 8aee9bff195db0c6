import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { NOTHING } from '../../../../activities/adapters/git/commits.ts';
import { settle } from '../../../../activities/adapters/git/settling/settling.ts';
import { examineContents } from '../../../../activities/adapters/hosted/git/contents.ts';
import { addressOf } from '../../../../activities/adapters/hosted/git/submodules.ts';
import { parseSettings } from '../../../../activities/adapters/settings/repository-settings.ts';
import type { GitHttp } from '../../../support/git-http.ts';
import { GitHttp as AnotherServer } from '../../../support/git-http.ts';
import { program } from '../../../support/programs.ts';
import { RemoteShop } from '../../../support/remote.ts';

jest.setTimeout(90_000);

let shop: RemoteShop;
beforeEach(async () => {
  shop = await RemoteShop.create();
});
afterEach(() => shop.close());

const tree = (...names: string[]) => path.join(shop.home, 'tree', ...names);
const pointerOf = (text: string) => {
  const oid = createHash('sha256').update(text).digest('hex');
  return { oid, text: `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${text.length}\n` };
};
const settingsOf = (text: string) => {
  const read = parseSettings(text);
  if ('fields' in read) throw new Error(JSON.stringify(read.fields));
  return read.settings;
};

/** Settles what was done in the checkout, as after a job, and returns the commit. */
async function settled(workspace: ReturnType<RemoteShop['open']>, start: string): Promise<string> {
  const copy = { gitDir: await workspace.fetch(shop.name) };
  const scratch = path.join(shop.home, 'scratch.git');
  const keep = { folder: shop.home, name: 'kept' };
  const end = await settle({ tree: tree(), begun: { start }, copy, keep, scratch }, 'coder: T-1 A task');
  if (end.is !== 'made') throw new Error(JSON.stringify(end));
  return end.commit;
}

describe('files of git-lfs', () => {
  let head: string;
  beforeEach(async () => {
    const { text, oid } = pointerOf('the logo\n');
    shop.http.lfs.contents.set(oid, Buffer.from('the logo\n'));
    await writeFile(path.join(shop.clone, 'logo.bin'), text);
    head = await shop.commit('.gitattributes', '*.bin filter=lfs', 'main');
  });

  it('have their contents in checkouts, and what agents add is sent before it is pushed', async () => {
    const workspace = shop.open();
    await workspace.adopt(shop.name, { lfs: true });
    await workspace.checkout(shop.name, head, tree(), { branch: 'work', base: 'main' });
    expect(await readFile(tree('logo.bin'), 'utf8')).toBe('the logo\n');

    await writeFile(tree('new.bin'), 'another logo\n');
    const commit = await settled(workspace, head);
    const pointer = pointerOf('another logo\n');
    expect(await workspace.fileAt(shop.name, commit, 'new.bin')).toBe(pointer.text.trimEnd());
    expect(await workspace.move(shop.name, 'work', commit, NOTHING)).toBe(true);
    expect(shop.http.lfs.contents.get(pointer.oid)?.toString()).toBe('another logo\n');
  });

  it('are fetched from elsewhere without our credentials', async () => {
    const storage: GitHttp = new AnotherServer(path.join(shop.home, 'elsewhere'));
    storage.lfs.contents.set(pointerOf('the logo\n').oid, Buffer.from('the logo\n'));
    shop.http.lfs.elsewhere = await storage.listen();
    const workspace = shop.open();
    await workspace.adopt(shop.name, { lfs: true });
    await workspace.checkout(shop.name, head, tree());
    expect(await readFile(tree('logo.bin'), 'utf8')).toBe('the logo\n');
    expect(storage.lfs.seen).toEqual([undefined]);
    await storage.close();
  });

  it('are fetched from where the repository is, whatever `.lfsconfig` says', async () => {
    const trap: GitHttp = new AnotherServer(path.join(shop.home, 'trap'));
    const address = await trap.listen();
    head = await shop.commit('.lfsconfig', `[lfs]\n\turl = ${address}/acme/shop.git/info/lfs`, 'main');
    const workspace = shop.open();
    await workspace.adopt(shop.name, { lfs: true });
    await workspace.checkout(shop.name, head, tree());
    expect(await readFile(tree('logo.bin'), 'utf8')).toBe('the logo\n');
    expect(trap.requests).toEqual([]);
    await trap.close();
  });

  it('that the forge does not have are a failure, not an empty file', async () => {
    shop.http.lfs.contents.clear();
    const workspace = shop.open();
    await workspace.adopt(shop.name, { lfs: true });
    await expect(workspace.checkout(shop.name, head, tree())).rejects.toThrow('no such content');
  });

  it.each([
    [401, 'CredentialsRefused'],
    [403, 'PermissionMissing'],
    [429, 'RateLimited'],
    [500, 'ForgeUnavailable'],
  ])('that are answered with %i are %s', async (status, name) => {
    const workspace = shop.open();
    await workspace.adopt(shop.name, { lfs: true });
    shop.http.trouble = ({ url }) => (url?.includes('/info/lfs/') ? { status } : undefined);
    await expect(workspace.checkout(shop.name, head, tree())).rejects.toMatchObject({ name });
  });

  it('need a setting, and git-lfs on this machine', async () => {
    const copy = { gitDir: await shop.open().fetch(shop.name) };
    const examined = (text: string) =>
      examineContents(copy, { commit: head, url: shop.url }, settingsOf(text)).then(({ fields }) => fields);
    expect(await examined('')).toMatchObject([{ path: '.gatehouse.yml:git.lfs' }]);
    expect(await examined('git: { lfs: false }')).toEqual([]);
    expect(await examined('git: { lfs: true }')).toEqual([]);

    const before = process.env['PATH'];
    const bin = path.join(shop.home, 'bin');
    await mkdir(bin);
    await program('ln', ['-s', '/usr/bin/git', path.join(bin, 'git')]);
    process.env['PATH'] = bin;
    try {
      const expected = expect.stringContaining("'lfs' is not a git command");
      expect(await examined('git: { lfs: true }')).toMatchObject([{ path: '.gatehouse.yml:git.lfs', expected }]);
    } finally {
      process.env['PATH'] = before;
    }
  });
});

describe('submodules', () => {
  let lib: string;
  let head: string;

  /** Commits a link at `vendor/lib` to the library's commit, under this address. */
  async function linked(url: string, branch = 'main'): Promise<string> {
    await writeFile(path.join(shop.clone, '.gitmodules'), `[submodule "lib"]\n\tpath = vendor/lib\n\turl = ${url}\n`);
    await shop.sh(`git update-index --add --cacheinfo 160000,${lib},vendor/lib`);
    await shop.sh(
      `git add .gitmodules; git commit --quiet -m 'a submodule'; git push --quiet --force origin HEAD:${branch}`,
    );
    return shop.sh('git rev-parse HEAD');
  }

  beforeEach(async () => {
    const bare = await shop.http.create('acme', 'lib');
    const work = path.join(shop.home, 'lib');
    await mkdir(work);
    const script = `git init --quiet --initial-branch main; echo lib > lib.txt; git add --all; git commit --quiet -m lib
      git push --quiet '${bare}' HEAD:main; git rev-parse HEAD`;
    lib = await shop.sh(script, work);
    head = await linked('../lib.git');
    shop.http.requests.splice(0);
  });

  const source = async (name: string) => ({ name, cloneUrl: `${name}.git`, defaultBranch: 'main' });

  it('are checked out with our credentials if the configuration names them, and stay submodules', async () => {
    const workspace = shop.open({ source, names: (name) => name.endsWith('/lib') });
    await workspace.adopt(shop.name, { submodules: true });
    await workspace.checkout(shop.name, head, tree(), { branch: 'work', base: 'main' });
    expect(await readFile(tree('vendor', 'lib', 'lib.txt'), 'utf8')).toBe('lib\n');
    expect(await shop.sh('git status --porcelain', tree())).toBe('');
    expect(await shop.sh('git rev-parse HEAD', tree('vendor', 'lib'))).toBe(lib);

    await writeFile(tree('b.txt'), 'b\n');
    const commit = await settled(workspace, head);
    expect(await shop.sh(`git diff --name-only ${head} ${commit}`, await workspace.fetch(shop.name))).toBe('b.txt');
  });

  it('are fetched without our credentials if the configuration does not name them', async () => {
    shop.http.admits = (login) => (login ? 200 : 401);
    const workspace = shop.open({ source });
    await workspace.adopt(shop.name, { submodules: true });
    await expect(workspace.checkout(shop.name, head, tree())).rejects.toMatchObject({ name: 'CredentialsRefused' });
    const asked = shop.http.requests.filter(({ url }) => url.startsWith('/acme/lib'));
    expect(asked.map(({ authorization }) => authorization)).toEqual([undefined]);

    // Also if our copy of it, which was fetched with our credentials, has the commit.
    await workspace.fetch(`${shop.address}/acme/lib`);
    await expect(workspace.checkout(shop.name, head, tree())).rejects.toMatchObject({ name: 'CredentialsRefused' });
    shop.http.admits = () => 200;
    await workspace.checkout(shop.name, head, tree());
    expect(await readFile(tree('vendor', 'lib', 'lib.txt'), 'utf8')).toBe('lib\n');
  });

  it.each(['https://elsewhere.example/acme/lib.git', 'file:///etc', '/etc', 'ext::sh -c true', '../../..'])(
    'at %s stay empty, and the run says so',
    async (url) => {
      head = await linked(url);
      const workspace = shop.open({ source });
      await workspace.adopt(shop.name, { submodules: true });
      await workspace.checkout(shop.name, head, tree());
      await expect(lstat(tree('vendor', 'lib', '.git'))).rejects.toThrow('ENOENT');
      const copy = { gitDir: await workspace.fetch(shop.name) };
      const settings = settingsOf('git: { submodules: true }');
      expect(await examineContents(copy, { commit: head, url: shop.url }, settings)).toMatchObject({
        lacking: expect.stringContaining('vendor/lib will be empty'),
      });
    },
  );

  it('are not checked out without the setting, and the run says so', async () => {
    const workspace = shop.open({ source });
    await workspace.adopt(shop.name, {});
    await workspace.checkout(shop.name, head, tree());
    await expect(lstat(tree('vendor', 'lib', '.git'))).rejects.toThrow('ENOENT');
    const copy = { gitDir: await workspace.fetch(shop.name) };
    expect(await examineContents(copy, { commit: head, url: shop.url }, settingsOf(''))).toMatchObject({
      fields: [],
      lacking: expect.stringContaining('With git: { submodules: true }'),
    });
  });

  it('of themselves end at a limit', async () => {
    const work = path.join(shop.home, 'lib');
    const script = `printf '[submodule "lib"]\\n\\tpath = again\\n\\turl = ../lib.git\\n' > .gitmodules
      git update-index --add --cacheinfo 160000,${lib},again; git add .gitmodules; git commit --quiet -m again
      git push --quiet '${shop.http.placeOf('acme', 'lib')}' HEAD:main; git rev-parse HEAD`;
    for (let depth = 0; depth < 6; depth += 1)
      lib = await shop.sh(script.replaceAll(/160000,\w+/g, `160000,${lib}`), work);
    head = await linked('../lib.git');
    const workspace = shop.open({ source, names: () => true });
    await workspace.adopt(shop.name, { submodules: true });
    await expect(workspace.checkout(shop.name, head, tree())).rejects.toThrow('nested more than 5 deep');
  });

  it.each([
    ['../lib.git', 'https://git.example/acme/lib.git'],
    ['./lib', 'https://git.example/acme/shop.git/lib.git'],
    ['../../other/lib', 'https://git.example/other/lib.git'],
    ['https://git.example/acme/lib', 'https://git.example/acme/lib.git'],
    ['git@git.example:acme/lib.git', 'https://git.example/acme/lib.git'],
    ['ssh://git@git.example:2222/acme/lib.git', 'https://git.example/acme/lib.git'],
    ['http://git.example/acme/lib', undefined],
    ['https://git.example:8443/acme/lib', undefined],
    ['https://ana:secret@git.example/acme/lib', 'https://git.example/acme/lib.git'],
    ['git@elsewhere.example:acme/lib.git', undefined],
    ['https://git.example/lib', undefined],
    ['file:///srv/lib.git', undefined],
    ['-oProxyCommand=true', undefined],
    [undefined, undefined],
  ])('have the address %s as %s', (url, address) => {
    expect(addressOf({ url }, 'https://git.example/acme/shop.git')).toBe(address);
  });
});
