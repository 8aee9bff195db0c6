import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { giteaApi } from '../../activities/adapters/gitea/api.ts';
import { GiteaClient } from '../../activities/adapters/gitea/client.ts';
import type { HostedApi } from '../../activities/adapters/hosted/api.ts';
import {
  CredentialsRefused,
  ForgeUnavailable,
  NotThere,
  PermissionMissing,
} from '../../activities/adapters/hosted/failures.ts';
import { Secret } from '../../activities/adapters/hosted/secrets.ts';
import { removeFolder } from '../support/folders.ts';
import { apiOf, seen } from '../support/gitea/api.ts';
import { GiteaRepository } from '../support/gitea/repository.ts';
import { GiteaServer, SCOPES, type Account } from '../support/gitea/server.ts';

let server: GiteaServer;
let shop: GiteaRepository;
let bo: Account;
let api: HostedApi;

beforeAll(async () => {
  server = await GiteaServer.start();
  const files = { '.gatehouse.yml': 'checks: {}\n', '.gitea/workflows/ci.yml': 'on: push\n', '.drone.yml': 'x: 1\n' };
  shop = await GiteaRepository.create(server, 'ana', 'Shop', { files });
  bo = await shop.collaborator('bo', 'write');
  api = apiOf(server, bo);
});

afterAll(async () => {
  await api.close();
  await server.stop();
});

it('knows who we are', async () => {
  const { id } = await server.do('GET', '/users/bo');
  const who = { login: 'bo', id, name: 'bo of the shop', email: 'bo@forge.example', bot: false };
  expect(await api.me()).toEqual(who);
});

it('spells a repository as the forge does, under an earlier name too', async () => {
  const expected = {
    owner: 'ana',
    name: 'Shop',
    canonical: `${server.address}/ana/Shop`,
    cloneUrl: `${server.address}/ana/Shop.git`,
    defaultBranch: 'main',
    archived: false,
    empty: false,
    may: { read: true, write: true, administer: false },
    methods: ['merge', 'squash', 'rebase'],
  };
  expect(await api.repository({ owner: 'ANA', name: 'shop' })).toMatchObject(expected);
  expect((await apiOf(server, shop.owner).repository({ owner: 'ana', name: 'shop' }))?.may.administer).toBe(true);

  const before = await GiteaRepository.create(server, 'ana', 'before');
  await before.collaborator('bo', 'write');
  const known = await seen(api, before);
  await before.commit({ files: { 'a.txt': 'a\n' }, newBranch: 'work' });
  const after = await before.rename('after');
  expect(await api.repository({ owner: 'ana', name: 'before' })).toMatchObject({ name: 'after', id: known.id });
  // A POST to the earlier name is not done as a GET, and so succeeds there too.
  const wish = { branch: 'work', base: 'main', title: 'A change', body: '' };
  const { number } = await api.openPullRequest(known, wish);
  expect(await after.pullRequest(number)).toMatchObject({ title: 'A change', head: { ref: 'work' } });
});

it('prefers the merge method that the repository prefers', async () => {
  const picky = await GiteaRepository.create(server, 'ana', 'picky');
  const owner = apiOf(server, picky.owner);
  await picky.do('PATCH', '', { default_merge_style: 'squash' });
  expect((await seen(owner, picky)).methods).toEqual(['squash', 'merge', 'rebase']);
  const only = { allow_merge_commits: false, allow_squash_merge: false, allow_rebase: false };
  await picky.do('PATCH', '', { ...only, allow_rebase_explicit: true, default_merge_style: 'rebase-merge' });
  expect((await seen(owner, picky)).methods).toEqual(['rebase']);
  await picky.do('PATCH', '', { allow_rebase_explicit: false, default_merge_style: 'fast-forward-only' });
  expect((await seen(owner, picky)).methods).toEqual(['merge']);
  await picky.do('PATCH', '', { allow_fast_forward_only_merge: false });
  const none = await seen(owner, picky);
  expect(none.methods).toEqual([]);
  expect(await owner.missing(none)).toEqual([expect.stringMatching(/allows no merge method/)]);
});

it('shows nothing of a repository that is not there, or not for us', async () => {
  expect(await api.repository({ owner: 'ana', name: 'none' })).toBeUndefined();
  expect(await apiOf(server, await server.account('cy')).repository({ owner: 'ana', name: 'Shop' })).toBeUndefined();
});

it('says what of the rights is missing, and changes nothing to find out', async () => {
  const pulls = () => shop.do('GET', '/pulls?state=all');
  const before = await pulls();
  const of = async (scopes: readonly string[], login = 'bo') => {
    const narrowed = apiOf(server, await server.narrowed(login, scopes));
    const repository = await seen(narrowed, shop);
    return { may: repository.may.write, missing: (await narrowed.missing(repository)).join('\n') };
  };
  const admin = /does not administer the repository/;
  expect(await of(SCOPES)).toEqual({ may: true, missing: expect.stringMatching(admin) });
  expect(await of(SCOPES, 'ana')).toEqual({ may: true, missing: '' });
  const readOnly = await of(['read:repository', 'read:user', 'read:issue']);
  expect(readOnly.may).toBe(false);
  expect(readOnly.missing).toMatch(/lacks the scope write:repository.*it has read:issue,read:repository,read:user/);
  expect(readOnly.missing).toMatch(/lacks the scope write:issue/);
  const silent = await of(['write:repository']);
  expect(silent).toEqual({ may: true, missing: expect.stringMatching(/write:issue[^]*read:user/) });
  await shop.collaborator('dee', 'read');
  expect(await of(SCOPES, 'dee')).toMatchObject({ may: false, missing: expect.stringMatching(/may not write/) });
  expect(await pulls()).toEqual(before);
});

it('refuses by name what a narrowed token may not', async () => {
  const narrowed = apiOf(server, await server.narrowed('bo', ['write:repository']));
  await expect(narrowed.me()).rejects.toThrow(PermissionMissing);
  await expect(narrowed.me()).rejects.toThrow(/GET \/api\/v1\/user at Gitea \(403\).*required=\[read:user\]/);
  const repository = await seen(narrowed, shop);
  await expect(narrowed.addComment(repository, 1, 'x')).rejects.toThrow(/write:issue/);
  const open = apiOf(server, await server.narrowed('bo', ['public-only', ...SCOPES]));
  await expect(open.repository({ owner: 'ana', name: 'Shop' })).rejects.toThrow(/limited to public repos/);
});

it('is refused with a token that was revoked, and takes the one that its file has later', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-token-'));
  try {
    const file = path.join(folder, 'token');
    const first = await server.narrowed('bo', SCOPES);
    await writeFile(file, `${first.token}\n`);
    const name = 'GATEHOUSE_GITEA_TOKEN';
    const filed = giteaApi(new GiteaClient(server.address, new Secret({ name, file })));
    expect((await filed.me()).login).toBe('bo');
    await server.revoke(first);
    await expect(filed.me()).rejects.toThrow(CredentialsRefused);
    expect(await filed.renew({ owner: 'ana', name: 'Shop' })).toBe(false);
    const second = await server.narrowed('bo', SCOPES);
    await writeFile(file, `${second.token}\n`);
    expect((await filed.me()).login).toBe('bo');
    const { password } = await filed.credentials({ owner: 'ana', name: 'Shop' }, 'write');
    expect(password).toBe(second.token);
  } finally {
    await removeFolder(folder);
  }
});

it('gives credentials with which git may clone and push', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-clone-'));
  try {
    const { username, password } = await api.credentials({ owner: 'ana', name: 'Shop' }, 'write');
    const { cloneUrl } = await seen(api, shop);
    const as = { login: username, token: password, password: '' };
    await shop.git(folder, ['clone', '--quiet', cloneUrl, 'copy'], as);
    const copy = path.join(folder, 'copy');
    await shop.git(copy, ['push', '--quiet', 'origin', 'HEAD:pushed'], as);
    expect(await shop.head('pushed')).toBe(await shop.head());
  } finally {
    await removeFolder(folder);
  }
});

describe('a branch', () => {
  it('has its head, and no rules unless it is protected', async () => {
    const repository = await seen(api, shop);
    expect(await api.branch(repository, 'main')).toEqual({
      name: 'main',
      head: await shop.head(),
      protected: false,
      mayPush: true,
      required: [],
      approvals: 0,
      strict: false,
      signed: false,
      mergeQueue: false,
    });
    expect(await api.branch(repository, 'none')).toBeUndefined();
  });

  it('has its rules, as far as we may read them', async () => {
    const ruled = await GiteaRepository.create(server, 'ana', 'ruled');
    await ruled.collaborator('bo', 'write');
    await ruled.do('POST', '/branches', { new_branch_name: 'release/1', old_branch_name: 'main' });
    const rule = {
      enable_status_check: true,
      status_check_contexts: ['CI / *', 'lint'],
      required_approvals: 2,
      block_on_outdated_branch: true,
      require_signed_commits: true,
    };
    await ruled.protect('release/*', rule);
    const globs = [
      { name: 'CI / *', glob: true },
      { name: 'lint', glob: true },
    ];
    const known = { name: 'release/1', protected: true, mayPush: false, required: globs, approvals: 2 };
    expect(await api.branch(await seen(api, ruled), 'release/1')).toMatchObject(known);
    expect((await api.branch(await seen(api, ruled), 'release/1'))!.strict).toBeUndefined();
    const owner = apiOf(server, ruled.owner);
    const all = await owner.branch(await seen(owner, ruled), 'release/1');
    expect(all).toMatchObject({ ...known, strict: true, signed: true });

    // Checks are required, and none is named: all that report.
    await ruled.protect('main', { enable_status_check: true, status_check_contexts: [], enable_push: true });
    expect(await owner.branch(await seen(owner, ruled), 'main')).toMatchObject({
      mayPush: true,
      required: [{ name: '*', glob: true }],
      strict: false,
    });
  });
});

it('reads files and finds paths at a commit', async () => {
  const repository = await seen(api, shop);
  const head = await shop.head();
  expect(await api.fileAt(repository, head, '.gatehouse.yml')).toBe('checks: {}\n');
  expect(await api.fileAt(repository, head, '.gitea/workflows/ci.yml')).toBe('on: push\n');
  expect(await api.fileAt(repository, head, 'none.yml')).toBeUndefined();
  expect(await api.fileAt(repository, head, '.gitea')).toBeUndefined();
  const any = (...paths: string[]) => api.anyAt(repository, head, paths);
  expect(await any('.github/workflows/', '.gitea/workflows/')).toBe(true);
  expect(await any('.gitea/workflows')).toBe(true);
  expect(await any('.drone.yml/x', '.woodpecker*', 'Jenkinsfile')).toBe(false);
  expect(await any('.drone*')).toBe(true);
});

it('tells an archived repository, which takes nothing, and an empty one', async () => {
  const old = await GiteaRepository.create(server, 'ana', 'old');
  await old.commit({ files: { 'a.txt': 'a\n' }, newBranch: 'work' });
  const number = await old.open('work');
  await old.archive();
  const owner = apiOf(server, old.owner);
  const repository = await seen(owner, old);
  expect(repository).toMatchObject({ archived: true, may: { read: true, write: false } });
  expect(await owner.missing(repository)).toEqual([expect.stringMatching(/archived/)]);
  await expect(owner.addComment(repository, number, 'x')).rejects.toThrow(NotThere);
  await server.do('POST', '/admin/users/ana/repos', { body: { name: 'empty' } });
  expect(await owner.repository({ owner: 'ana', name: 'empty' })).toMatchObject({ empty: true });
});

it('waits for what is away, and knows it again', async () => {
  const gone = await GiteaRepository.create(server, 'ana', 'gone');
  const owner = apiOf(server, gone.owner);
  const repository = await seen(owner, gone);
  await gone.do('DELETE', '');
  await expect(owner.branch(repository, 'main')).rejects.toThrow(NotThere);
  await expect(owner.pullRequest(repository, 1)).rejects.toThrow(NotThere);
  await expect(owner.fileAt(repository, 'main', 'a.txt')).rejects.toThrow(NotThere);

  await server.kill();
  await expect(api.me()).rejects.toThrow(ForgeUnavailable);
  await server.restart();
  expect((await api.me()).login).toBe('bo');
});
