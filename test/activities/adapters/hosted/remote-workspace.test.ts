import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { NOTHING, commitTree } from '../../../../activities/adapters/git/commits.ts';
import { git, GitFailed } from '../../../../activities/adapters/git/door.ts';
import { failureOf } from '../../../../activities/adapters/hosted/git/failures.ts';
import { StillFetching } from '../../../../activities/adapters/hosted/git/updates.ts';
import type { RemoteWorkspace } from '../../../../activities/adapters/hosted/git/workspace.ts';
import { RemoteShop } from '../../../support/remote.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(90_000);

let shop: RemoteShop;
let workspace: RemoteWorkspace;
beforeEach(async () => {
  shop = await RemoteShop.create();
  workspace = shop.open();
});
afterEach(() => shop.close());

const services = () => shop.http.requests.map(({ method, url }) => `${method} ${url.split('/').at(-1)}`);
const copyOf = async () => ({ gitDir: await workspace.fetch(shop.name) });

/** A commit of ours on top of another one, with the same files. */
async function made(parent: string, message = 'ours'): Promise<string> {
  const copy = await copyOf();
  const tree = (await git(copy, ['rev-parse', `${parent}^{tree}`])).stdout;
  return commitTree(copy, tree, [parent], message);
}

describe('a copy', () => {
  it('has the branches, the tags and the default branch', async () => {
    await shop.commit('b.txt', 'b', 'work/1');
    await shop.sh('git tag v1; git push --quiet origin v1');
    const { stdout } = await git(await copyOf(), ['for-each-ref', '--format=%(refname)']);
    expect(stdout.split('\n')).toEqual(['refs/heads/main', 'refs/heads/work/1', 'refs/tags/v1']);
    expect((await git(await copyOf(), ['symbolic-ref', 'HEAD'])).stdout).toBe('refs/heads/main');
  });

  it('of an empty repository is empty', async () => {
    await shop.http.create('acme', 'empty');
    const empty = `${shop.address}/acme/empty`;
    const source = async () => ({ name: empty, cloneUrl: `${empty}.git`, defaultBranch: 'main' });
    expect(await shop.open({ source }).headOf(empty, 'main')).toBeUndefined();
  });

  it('is brought up to date by one exchange, in which only what is new is sent', async () => {
    await shop.sh('head -c 300000 /dev/urandom > big.bin');
    await shop.commit('b.txt', 'b', 'main');
    await workspace.fetch(shop.name);
    expect(shop.http.sent()).toBeGreaterThan(300_000);

    await workspace.fetch(shop.name);
    expect(services()).toEqual(['GET refs?service=git-upload-pack', 'POST git-upload-pack']);
    expect(shop.http.sent()).toBeLessThan(2_000);

    const head = await shop.commit('c.txt', 'c', 'main');
    expect(await workspace.headOf(shop.name, 'main')).toBe(head);
    expect(shop.http.sent()).toBeLessThan(4_000);
    expect(await workspace.fileAt(shop.name, head, 'c.txt')).toBe('c');
    expect(shop.http.requests).toEqual([]);
  });

  it('follows branches that were set back, deleted, or replaced by a folder of branches', async () => {
    await shop.commit('b.txt', 'b', 'work');
    await workspace.fetch(shop.name);
    const reset = await shop.commit('c.txt', 'c', 'work', 'main');
    expect(await workspace.headOf(shop.name, 'work')).toBe(reset);
    await shop.sh('git push --quiet origin :work; git push --quiet origin HEAD:refs/heads/work/1');
    expect(await workspace.headOf(shop.name, 'work')).toBeUndefined();
    expect(await workspace.headOf(shop.name, 'work/1')).toBe(reset);
  });

  it('keeps commits that no branch has any more, and gets those that it never had', async () => {
    const kept = await shop.commit('b.txt', 'b', 'work');
    await workspace.fetch(shop.name);
    await shop.sh('git push --quiet origin :work');
    const unknown = await shop.commit('c.txt', 'c', 'other');
    await shop.sh('git push --quiet origin :other');
    expect(await workspace.fileAt(shop.name, kept, 'b.txt')).toBe('b');
    expect(await workspace.fileAt(shop.name, unknown, 'c.txt')).toBe('c');
    await expect(workspace.fileAt(shop.name, 'a'.repeat(40), 'c.txt')).rejects.toThrow('is no longer in');
  });

  it('gets the head of a pull request when it is asked for', async () => {
    const head = await shop.commit('b.txt', 'b', 'fork');
    await shop.sh('git push --quiet origin :fork HEAD:refs/pull/17/head');
    await workspace.fetch(shop.name);
    expect((await git(await copyOf(), ['for-each-ref', 'refs/pull'])).stdout).toBe('');
    expect(await workspace.pullRequestHead(shop.name, 17)).toBe(head);
    expect(await workspace.pullRequestHead(shop.name, 18)).toBeUndefined();
  });

  it('stays fast after many fetches, and loses no commit', async () => {
    const gone = await shop.commit('gone.txt', 'gone', 'gone');
    const packs = path.join(await workspace.fetch(shop.name), 'objects', 'pack');
    await shop.sh('git push --quiet origin :gone');
    const count = async () => (await readdir(packs)).filter((name) => name.endsWith('.pack')).length;
    let most = 0;
    for (let n = 0; n < 60 && (await count()) >= most; n += 1) {
      most = await count();
      await shop.commit('b.txt', String(n), 'main');
      await workspace.fetch(shop.name);
    }
    expect(most).toBe(50);
    expect(await count()).toBeLessThan(10);
    expect(await workspace.fileAt(shop.name, gone, 'gone.txt')).toBe('gone');
    await git({ gitDir: path.dirname(path.dirname(packs)) }, ['fsck', '--connectivity-only']);
  });

  it('makes checkouts that need no network', async () => {
    const head = await shop.commit('b.txt', 'b', 'work');
    const tree = path.join(shop.home, 'tree');
    await workspace.checkout(shop.name, head, tree, { branch: 'work', base: 'main' });
    await shop.http.close();
    expect(await shop.sh('git fetch --quiet origin; git diff --name-only origin/main...HEAD', tree)).toBe('b.txt');
    expect(await readFile(path.join(tree, '.git', 'config'), 'utf8')).not.toContain(shop.address);
  });

  it('is shared by callers at the same time', async () => {
    await workspace.fetch(shop.name);
    shop.http.sent();
    await Promise.all(Array.from({ length: 10 }, () => workspace.fetch(shop.name)));
    expect(services().filter((service) => service.startsWith('GET'))).toHaveLength(2);
  });

  it('is not blocked by locks that a killed git has left', async () => {
    const { gitDir } = await copyOf();
    const lock = path.join(gitDir, 'refs', 'heads', 'main.lock');
    await writeFile(lock, '');
    const head = await shop.commit('b.txt', 'b', 'main');
    await expect(workspace.fetch(shop.name)).rejects.toThrow('File exists');
    const old = new Date(Date.now() - 120_000);
    await utimes(lock, old, old);
    expect(await workspace.headOf(shop.name, 'main')).toBe(head);
  });
});

describe('a first copy', () => {
  it('that takes long goes on, tells its progress, and is used when it is complete', async () => {
    await shop.sh('head -c 400000 /dev/urandom > big.bin');
    const head = await shop.commit('b.txt', 'b', 'main');
    shop.http.trouble = () => ({ slow: { bytes: 20_000, ms: 100 } });
    const hasty = shop.open({ waitMs: 800 });
    const copy = hasty.copyOf(shop.name);
    await expect(hasty.fetch(shop.name)).rejects.toThrow(StillFetching);
    await expect(readdir(copy)).rejects.toThrow('ENOENT');
    const said = await until('its progress', () =>
      hasty.fetch(shop.name).then(
        () => 'nothing',
        ({ message }: Error) => message.includes(': ') && message,
      ),
    );
    expect(said).toMatch(/^Git is fetching http:\S+: \w+ objects: /);
    await until('the copy', () => hasty.headOf(shop.name, 'main').catch(() => false));
    expect(await hasty.headOf(shop.name, 'main')).toBe(head);
    expect(shop.http.requests.filter(({ url }) => url.includes('info/refs')).length).toBeLessThan(20);
  });

  it('ends with its worker, and the next worker goes on', async () => {
    await shop.sh('head -c 400000 /dev/urandom > big.bin');
    const head = await shop.commit('b.txt', 'b', 'main');
    shop.http.trouble = () => ({ slow: { bytes: 10_000, ms: 200 } });
    const first = shop.open({ waitMs: 500 });
    await expect(first.fetch(shop.name)).rejects.toThrow(StillFetching);
    await first.close();
    await expect(first.fetch(shop.name)).rejects.toThrow('This worker is stopping.');
    shop.http.trouble = undefined;
    expect(await workspace.headOf(shop.name, 'main')).toBe(head);
    expect(await readdir(path.join(await workspace.fetch(shop.name), 'objects', 'pack'))).not.toContainEqual(
      expect.stringMatching(/^tmp_/),
    );
  });

  it('of a worker that was killed is finished by the next one, and git of the killed one ends', async () => {
    await shop.sh('head -c 400000 /dev/urandom > big.bin');
    const head = await shop.commit('b.txt', 'b', 'main');
    shop.http.trouble = () => ({ slow: { bytes: 5_000, ms: 200 } });
    const { worker } = await shop.startWorker();
    const parts = path.join(`${workspace.copyOf(shop.name)}.draft`, 'objects', 'pack');
    await until('a part of a pack', async () =>
      (await readdir(parts).catch((): string[] => [])).some((name) => name.startsWith('tmp_pack')),
    );
    const begun = Date.now();
    worker.kill('SIGKILL');
    await until('git has ended', async () => (await shop.gitProcesses()).length === 0);
    expect(Date.now() - begun).toBeLessThan(10_000);
    await expect(readdir(workspace.copyOf(shop.name))).rejects.toThrow('ENOENT');

    shop.http.trouble = undefined;
    expect(await until('the copy', () => workspace.headOf(shop.name, 'main').catch(() => false))).toBe(head);
    const left = await readdir(path.join(workspace.copyOf(shop.name), 'objects', 'pack'));
    expect(left.filter((name) => name.startsWith('tmp_'))).toEqual([]);
  });

  it('is made once by several workers', async () => {
    const others = [await shop.startWorker(), await shop.startWorker()];
    const head = await workspace.headOf(shop.name, 'main');
    expect(head).toBe(await shop.at('main'));
    expect(await Promise.all(others.map(({ ended }) => ended))).toEqual([0, 0]);
    const packs = await readdir(path.join(workspace.copyOf(shop.name), 'objects', 'pack'));
    expect(packs.filter((name) => name.endsWith('.pack'))).toHaveLength(1);
  });

  it('that makes no progress is ended', async () => {
    await shop.sh('head -c 400000 /dev/urandom > big.bin');
    await shop.commit('b.txt', 'b', 'main');
    shop.http.trouble = ({ method }) => (method === 'POST' ? { slow: { bytes: 1_000, ms: 60_000 } } : undefined);
    await expect(shop.open({ stallMs: 1_500 }).fetch(shop.name)).rejects.toThrow('nothing moved for 1.5 s');
  });
});

describe('a branch', () => {
  it('moves from exactly one commit to a later one', async () => {
    const main = await shop.at('main');
    const [first, second] = [await made(main), await made(main, 'another')];
    expect(await workspace.move(shop.name, 'work', first, NOTHING)).toBe(true);
    expect(await shop.at('work')).toBe(first);
    expect(await workspace.move(shop.name, 'work', second, NOTHING)).toBe(false);
    expect(await workspace.move(shop.name, 'work', second, main)).toBe(false);
    const third = await made(first);
    expect(await workspace.move(shop.name, 'work', third, first)).toBe(true);
    expect(await shop.at('work')).toBe(third);
  });

  it('never moves to a commit that does not descend from where it is', async () => {
    const main = await shop.at('main');
    const [first, second] = [await made(main), await made(main, 'another')];
    await workspace.move(shop.name, 'work', first, NOTHING);
    await expect(workspace.move(shop.name, 'work', second, first)).rejects.toThrow('does not descend from');
    expect(await shop.at('work')).toBe(first);
  });

  it('that was set back by somebody does not move, although the new commit descends from it', async () => {
    const main = await shop.at('main');
    const first = await made(main);
    await workspace.move(shop.name, 'work', first, NOTHING);
    await shop.sh(`git push --quiet --force origin ${main}:work`);
    expect(await workspace.move(shop.name, 'work', await made(first), first)).toBe(false);
  });

  it('that has moved although the answer was lost counts as moved', async () => {
    const next = await made(await shop.at('main'));
    shop.http.trouble = ({ method, url }) =>
      method === 'POST' && url?.endsWith('git-receive-pack') ? { cutAfter: 0 } : undefined;
    await expect(workspace.move(shop.name, 'work', next, NOTHING)).rejects.toMatchObject({ name: 'ForgeUnavailable' });
    shop.http.trouble = undefined;
    await until('the push', async () => (await shop.at('work')) === next);
    expect(await workspace.move(shop.name, 'work', next, NOTHING)).toBe(true);
  });

  it('is deleted if it is still at the commit', async () => {
    const head = await shop.commit('b.txt', 'b', 'work');
    await workspace.fetch(shop.name);
    await workspace.remove(shop.name, 'work', await shop.at('main'));
    expect(await shop.at('work')).toBe(head);
    await workspace.remove(shop.name, 'work', head);
    expect(await shop.at('work')).toBe('none');
    await workspace.remove(shop.name, 'work', head);
  });

  it('that a rule protects is refused in the words of the server', async () => {
    const hook = path.join(shop.bare, 'hooks', 'pre-receive');
    const lines = ['GH013: Repository rule violations', '', '\\033[31m- planted-token-5d1f\\033[0m'];
    await writeFile(hook, `#!/bin/sh\nprintf '${lines.join('\\n')}\\n' >&2\nexit 1\n`, { mode: 0o755 });
    const next = await made(await shop.at('main'));
    await expect(workspace.move(shop.name, 'work', next, NOTHING)).rejects.toMatchObject({
      name: 'PushRefused',
      words: 'GH013: Repository rule violations\n- ***\n(pre-receive hook declined)',
    });
    expect(await shop.at('work')).toBe('none');
  });
});

describe('a failure', () => {
  it.each([
    [401, 'CredentialsRefused', 'The forge refuses our credentials for git fetch from'],
    [403, 'PermissionMissing', 'The forge does not permit git fetch from'],
    [404, 'NotThere', 'found no such repository'],
    [429, 'RateLimited', 'The forge limits git fetch from'],
    [500, 'ForgeUnavailable', 'The forge did not finish git fetch from'],
    [503, 'ForgeUnavailable', 'The forge did not finish git fetch from'],
  ])('with status %i is %s', async (status, name, message) => {
    shop.http.trouble = () => ({ status, text: 'the words of the server' });
    await expect(workspace.fetch(shop.name)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  it('with 403 that is a rate limit waits for a minute', async () => {
    shop.http.trouble = () => ({ status: 403, text: 'You have exceeded a secondary rate limit.' });
    await expect(workspace.fetch(shop.name)).rejects.toMatchObject({ name: 'RateLimited', retryAfterMs: 60_000 });
  });

  it.each([
    ['fatal: unable to access: Could not resolve host: git.example', 'ForgeUnavailable'],
    [
      'fatal: unable to access: gnutls_handshake() failed: The TLS connection was non-properly terminated.',
      'ForgeUnavailable',
    ],
    ['error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly\nfatal: early EOF', 'ForgeUnavailable'],
    [
      'fatal: unable to access: Operation too slow. Less than 1 bytes/sec transferred the last 120 seconds',
      'ForgeUnavailable',
    ],
    ['error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502', 'ForgeUnavailable'],
    ['remote: fatal: write error: No space left on device\nfatal: early EOF', 'ForgeUnavailable'],
    ["remote: Repository not found.\nfatal: repository 'https://git.example/a/b.git/' not found", 'NotThere'],
    ["fatal: could not read Username for 'https://git.example': terminal prompts disabled", 'CredentialsRefused'],
    ["fatal: Authentication failed for 'https://git.example/a/b.git/'", 'CredentialsRefused'],
    [
      'remote: This repository was archived so it is read-only.\nfatal: The requested URL returned error: 403',
      'PermissionMissing',
    ],
    ['fatal: write error: No space left on device', 'GitFailed'],
    ['fatal: cannot create thread: Resource temporarily unavailable', 'GitFailed'],
    ["error: Unable to create '/x/packed-refs.lock': File exists", 'GitFailed'],
  ])('in the words %j is %s', (words, name) => {
    expect(failureOf(new GitFailed(['fetch'], words, 128), 'git fetch')).toMatchObject({ name });
  });

  it.each(['info/refs', 'git-upload-pack'])('of a connection that breaks in %s is transient', async (service) => {
    shop.http.trouble = ({ url }) => (url?.includes(`/shop.git/${service}`) ? { cutAfter: 100 } : undefined);
    await expect(workspace.fetch(shop.name)).rejects.toMatchObject({ name: 'ForgeUnavailable' });
    shop.http.trouble = undefined;
    expect(await workspace.headOf(shop.name, 'main')).toBe(await shop.at('main'));
  });

  it('of a server that is gone is transient', async () => {
    await shop.http.close();
    await expect(workspace.fetch(shop.name)).rejects.toMatchObject({ name: 'ForgeUnavailable' });
  });

  it('with refused credentials is retried once with new ones', async () => {
    let login = { ...shop.login, password: 'outdated-token' };
    const renew = async () => {
      login = shop.login;
      return true;
    };
    const renewing = shop.open({ credentials: async () => login, renew });
    expect(await renewing.headOf(shop.name, 'main')).toBe(await shop.at('main'));
    expect(shop.http.requests.filter(({ status }) => status === 401)).toHaveLength(1);

    shop.http.sent();
    shop.http.admits = () => 401;
    await expect(renewing.fetch(shop.name)).rejects.toMatchObject({ name: 'CredentialsRefused' });
    expect(shop.http.requests).toHaveLength(2);
  });
});
