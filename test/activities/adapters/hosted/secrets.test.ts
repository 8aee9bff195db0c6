import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { NOTHING } from '../../../../activities/adapters/git/commits.ts';
import { loginOf, GitHttp } from '../../../support/git-http.ts';
import { LOGIN, RemoteShop } from '../../../support/remote.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(90_000);

const BASIC = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64');
const hasSecret = (text: string) => text.includes(LOGIN.password) || text.includes(BASIC);

let shop: RemoteShop;
beforeEach(async () => {
  shop = await RemoteShop.create();
});
afterEach(() => shop.close());

/** The processes of this machine that run git, with their arguments and environments. */
async function processes(): Promise<{ args: string; env: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const read = (pid: string, file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const all = pids.map(async (pid) => ({ args: await read(pid, 'cmdline'), env: await read(pid, 'environ') }));
  return (await Promise.all(all)).filter(({ args }) => args !== '');
}

/** The files below a folder that contain a secret. */
async function filesWithSecret(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries.map(async (entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    return entry.isFile() && hasSecret(await readFile(file, 'latin1')) ? [file] : [];
  });
  return (await Promise.all(found)).flat();
}

/** Everything that can be read of a failure. */
const textOf = (failure: unknown): string => {
  const { message, stack, cause, ...rest } = failure as Error & Record<string, unknown>;
  return [message, stack, JSON.stringify(rest), cause === undefined ? '' : textOf(cause)].join('\n');
};

/** Puts a git before the real one that records how it is called. Returns what it recorded. */
async function recording(): Promise<() => Promise<string>> {
  const bin = path.join(shop.home, 'bin');
  const record = path.join(shop.home, 'record');
  await mkdir(bin);
  await writeFile(record, '');
  const real = (await shop.sh('command -v git')).trim();
  await writeFile(path.join(bin, 'git'), `#!/bin/sh\nprintf '%s\\n' "$@" >> '${record}'\nexec '${real}' "$@"\n`);
  await chmod(path.join(bin, 'git'), 0o755);
  process.env['PATH'] = `${bin}:${process.env['PATH']}`;
  return () => readFile(record, 'utf8');
}

describe('credentials', () => {
  const before = process.env['PATH'];
  afterEach(() => {
    process.env['PATH'] = before;
  });

  it('are in no argument, no file below the data folder and no environment but that of git itself', async () => {
    const recorded = await recording();
    await shop.sh('head -c 200000 /dev/urandom > big.bin');
    const head = await shop.commit('b.txt', 'b', 'main');
    const workspace = shop.open();
    shop.http.trouble = () => ({ slow: { bytes: 20_000, ms: 100 } });
    const fetched = workspace.fetch(shop.name);
    const seen = await until('git fetches', async () => {
      const all = await processes();
      return all.some(({ args }) => args.includes('remote-http') && args.includes(shop.address)) && all;
    });
    expect(seen.filter(({ args }) => hasSecret(args))).toEqual([]);
    const informed = seen.filter(({ env }) => hasSecret(env)).map(({ args }) => path.basename(args.split('\0')[0]!));
    expect(new Set(informed)).toEqual(new Set(['git', 'git-remote-http'].filter((name) => informed.includes(name))));
    expect(informed).toContain('git');
    await fetched;
    shop.http.trouble = undefined;

    await workspace.checkout(shop.name, head, path.join(shop.home, 'data', 'tree'), { branch: 'work', base: 'main' });
    expect(await workspace.move(shop.name, 'work', head, NOTHING)).toBe(true);
    expect(await recorded()).toContain('fetch');
    expect(hasSecret(await recorded())).toBe(false);
    expect(await filesWithSecret(path.join(shop.home, 'data'))).toEqual([]);
  });

  it.each([
    ['the server refuses them', { status: 401 }],
    ['the server forbids it', { status: 403, text: `Not for ${LOGIN.password}, Authorization: Basic ${BASIC}` }],
    ['the server fails', { status: 500, text: `x-access-token:${LOGIN.password}@elsewhere` }],
    ['the connection breaks', { cutAfter: 10 }],
  ])('are in no failure when %s', async (_, trouble) => {
    const workspace = shop.open();
    shop.http.trouble = () => trouble;
    const failures = [
      await workspace.fetch(shop.name).catch((failure: unknown) => failure),
      await workspace.pullRequestHead(shop.name, 1).catch((failure: unknown) => failure),
    ];
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(Error);
      expect(hasSecret(textOf(failure))).toBe(false);
    }
    expect(await filesWithSecret(path.join(shop.home, 'data'))).toEqual([]);
  });

  it('are in no log that git-lfs writes when it fails', async () => {
    const text = `version https://git-lfs.github.com/spec/v1\noid sha256:${'a'.repeat(64)}\nsize 5\n`;
    await writeFile(path.join(shop.clone, 'logo.bin'), text);
    const head = await shop.commit('.gitattributes', '*.bin filter=lfs', 'main');
    const workspace = shop.open();
    await workspace.adopt(shop.name, { lfs: true });
    shop.http.trouble = ({ url }) => (url?.includes('/info/lfs/') ? { status: 500 } : undefined);
    const tree = path.join(shop.home, 'data', 'tree');
    const failure = await workspace.checkout(shop.name, head, tree).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ name: 'ForgeUnavailable' });
    expect(shop.http.requests.some(({ authorization }) => loginOf(authorization)?.password === LOGIN.password)).toBe(
      true,
    );
    const logs = path.join(await workspace.fetch(shop.name), 'lfs', 'logs');
    expect(await readdir(logs)).toHaveLength(1);
    expect(await filesWithSecret(path.join(shop.home, 'data'))).toEqual([]);
    expect(hasSecret(textOf(failure))).toBe(false);
  });

  it('are sent nowhere else by what an agent writes into the configuration of our copy', async () => {
    const trap = new GitHttp(path.join(shop.home, 'served'));
    const address = await trap.listen();
    const workspace = shop.open();
    const copy = await workspace.fetch(shop.name);
    const planted = `[url "${address}/"]\n\tinsteadOf = ${shop.address}/\n[http]\n\tproxy = ${address}\n`;
    const config = path.join(copy, 'config');
    const before = await readFile(config, 'utf8');
    await writeFile(config, `${before}${planted}`);
    const head = await shop.commit('b.txt', 'b', 'main');
    expect(await workspace.headOf(shop.name, 'main')).toBe(head);
    expect(await readFile(config, 'utf8')).toBe(before);
    expect(trap.requests).toEqual([]);
    await trap.close();
  });

  it('go through the proxy that the environment names, whose password is in no failure', async () => {
    const url = 'http://git.invalid/acme/shop';
    const source = async () => ({ name: url, cloneUrl: `${url}.git`, defaultBranch: 'main' });
    const workspace = shop.open({ source });
    process.env['http_proxy'] = shop.address.replace('//', '//ana:password-of-proxy@');
    try {
      expect(await workspace.headOf(url, 'main')).toBe(await shop.at('main'));
      await shop.http.close();
      const failure = await workspace.fetch(url).catch((thrown: unknown) => thrown);
      expect(failure).toMatchObject({ name: 'ForgeUnavailable' });
      expect(textOf(failure)).not.toContain('password-of-proxy');
    } finally {
      delete process.env['http_proxy'];
    }
  });

  it('are taken from no `.netrc` and no helper of the machine', async () => {
    const home = process.env['HOME'];
    await writeFile(path.join(shop.home, '.netrc'), `machine 127.0.0.1 login ana password secret-of-ana\n`);
    await writeFile(
      path.join(shop.home, '.gitconfig'),
      `[credential]\n\thelper = "!f() { echo username=ana; echo password=secret-of-ana; }; f"\n`,
    );
    process.env['HOME'] = shop.home;
    try {
      const failure = shop.open({ credentials: async () => undefined }).fetch(shop.name);
      await expect(failure).rejects.toMatchObject({ name: 'CredentialsRefused' });
      expect(shop.http.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
    } finally {
      process.env['HOME'] = home;
    }
  });
});

describe('a redirect', () => {
  let other: GitHttp;
  let address: string;
  beforeEach(async () => {
    other = new GitHttp(path.join(shop.home, 'served'));
    address = await other.listen();
  });
  afterEach(() => other.close());

  const pathOf = (url = '') => url.replace('/acme/shop.git', '/acme/renamed.git');

  it.each([301, 302, 307, 308])(
    'with %i within the same host and port is followed with the credentials',
    async (status) => {
      await shop.sh(`cp -r '${shop.bare}' '${shop.http.placeOf('acme', 'renamed')}'`);
      shop.http.trouble = ({ url }) =>
        url?.startsWith('/acme/shop.git') ? { status, location: pathOf(url) } : undefined;
      const workspace = shop.open();
      const head = await shop.at('main');
      expect(await workspace.headOf(shop.name, 'main')).toBe(head);
      expect(await workspace.move(shop.name, 'work', head, NOTHING)).toBe(true);
    },
  );

  it('to another port is followed without the credentials', async () => {
    shop.http.trouble = ({ url }) => ({ location: `${address}${url}` });
    const workspace = shop.open();
    expect(await workspace.headOf(shop.name, 'main')).toBe(await shop.at('main'));
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
  });

  it('to another port that wants credentials gets none', async () => {
    other.admits = () => 401;
    shop.http.trouble = ({ url }) => ({ location: `${address}${url}` });
    const workspace = shop.open({ renew: async () => true });
    await expect(workspace.fetch(shop.name)).rejects.toMatchObject({ name: 'CredentialsRefused' });
    expect(other.requests.map(({ authorization }) => authorization).filter(Boolean)).toEqual([]);
  });

  it('in a circle ends', async () => {
    shop.http.trouble = ({ url }) => ({ location: `${shop.address}${url}` });
    await expect(shop.open().fetch(shop.name)).rejects.toMatchObject({ name: 'ForgeUnavailable' });
    expect(shop.http.requests.length).toBeLessThan(10);
  });

  it('to something else than git over HTTP is not followed', async () => {
    shop.http.trouble = () => ({ location: 'file:///etc/passwd' });
    await expect(shop.open().fetch(shop.name)).rejects.toMatchObject({ name: 'ForgeUnavailable' });
  });
});
