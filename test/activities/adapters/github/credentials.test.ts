import { addressesOf } from '../../../../activities/adapters/github/addresses.ts';
import { githubApi } from '../../../../activities/adapters/github/api.ts';
import { Secret } from '../../../../activities/adapters/hosted/secrets.ts';
import {
  CredentialsRefused,
  NotThere,
  PermissionMissing,
  RateLimited,
} from '../../../../activities/adapters/hosted/failures.ts';
import { program } from '../../../support/programs.ts';
import { githubRig, type GithubRig } from '../../../support/github/rig.ts';

const ALL = {
  contents: 'write',
  pull_requests: 'write',
  checks: 'read',
  statuses: 'write',
  actions: 'write',
  issues: 'write',
  workflows: 'write',
  administration: 'read',
  repository_hooks: 'write',
};

let rig: GithubRig;
beforeEach(async () => void (rig = await githubRig()));
afterEach(async () => {
  const { breaches } = rig.stub;
  await rig.dispose();
  expect(breaches).toEqual([]);
});
const made = () => rig.stub.calls.filter(({ path }) => path.endsWith('/access_tokens'));
const SHOP = { owner: 'acme', name: 'shop' };

it.each([
  ['https://api.github.com', 'https://api.github.com', 'https://api.github.com/graphql', 'https://github.com'],
  [
    'https://ghe.acme.example/api/v3',
    'https://ghe.acme.example/api/v3',
    'https://ghe.acme.example/api/graphql',
    'https://ghe.acme.example',
  ],
  [
    'http://10.0.0.7:3000/api/v3/',
    'http://10.0.0.7:3000/api/v3',
    'http://10.0.0.7:3000/api/graphql',
    'http://10.0.0.7:3000',
  ],
])('is at the addresses of %s', (url, api, graphql, pages) => {
  expect(addressesOf(url)).toMatchObject({ api, graphql, pages });
});

it.each([
  'http://api.github.com',
  'https://github.com',
  'https://ghe.acme.example',
  'https://ghe.acme.example/api/v4',
  'https://user:pass@ghe.acme.example/api/v3',
  'https://ghe.acme.example/api/v3?x=1',
  'ftp://ghe.acme.example/api/v3',
  'nonsense',
])('knows no GitHub at %s', (url) => expect(addressesOf(url)).toBeUndefined());

describe('every call', () => {
  it('says its version and who we are', async () => {
    await rig.api.branch(rig.repository, 'main');
    await rig.api.queued!(rig.repository, { number: 1 } as never);
    for (const { headers } of rig.stub.calls) {
      expect(headers).toMatchObject({
        'x-github-api-version': '2022-11-28',
        'user-agent': expect.stringMatching(/^gatehouse\b/) as unknown,
      });
    }
  });

  it('counts nothing while nothing changes', async () => {
    await rig.api.branch(rig.repository, 'main');
    const { counted } = rig.stub;
    await rig.api.branch(rig.repository, 'main');
    expect(rig.stub.counted).toBe(counted);
  });

  it('waits with all others once the limit is used up', async () => {
    rig.stub.limits.set('gate', { of: 5_000, left: 0, reset: Math.floor(Date.now() / 1_000) + 600 });
    await expect(rig.api.branch(rig.repository, 'main')).rejects.toThrow(RateLimited);
    const asked = rig.stub.calls.length;
    await expect(rig.api.checks(rig.repository, 'a'.repeat(40))).rejects.toThrow(RateLimited);
    expect(rig.stub.calls).toHaveLength(asked);
  });

  it('follows a renamed repository, also for what changes something', async () => {
    rig.shop.formerNames.push('acme/store');
    expect(await rig.api.repository({ owner: 'acme', name: 'store' })).toMatchObject({
      name: 'shop',
      canonical: `${rig.stub.pages}/acme/shop`,
    });
    const head = (await rig.shop.headOf('main'))!;
    const old = { ...rig.repository, name: 'store' };
    await rig.api.setStatus(old, head, { context: 'gatehouse', state: 'success', description: 'x'.repeat(200) });
    expect(rig.shop.statuses).toMatchObject([{ context: 'gatehouse', state: 'success' }]);
    expect(rig.shop.statuses[0]!.description).toHaveLength(140);
  });
});

describe('a token', () => {
  it('says whose it is', async () => {
    const { id } = rig.stub.account('gate');
    expect(await rig.api.me()).toMatchObject({
      login: 'gate',
      name: 'gate',
      email: `${id}+gate@users.noreply.127.0.0.1`,
      bot: false,
    });
  });

  it('that is refused says so, and is not asked with again at once', async () => {
    const api = rig.open({ token: 'wrong' });
    await expect(api.repository(SHOP)).rejects.toThrow(CredentialsRefused);
    const asked = rig.stub.calls.length;
    await expect(api.repository(SHOP)).rejects.toThrow(CredentialsRefused);
    expect(rig.stub.calls).toHaveLength(asked);
  });

  it('in a file is read again when it is refused', async () => {
    const tokenFile = await rig.file('token', 'wrong\n');
    const api = rig.open({ tokenFile });
    await expect(api.repository(SHOP)).rejects.toThrow(CredentialsRefused);
    await rig.file('token', `${rig.token}\n`);
    expect(await api.repository(SHOP)).toMatchObject({ name: 'shop' });
    expect(await api.renew(SHOP)).toBe(false);
    await rig.file('token', 'another');
    expect(await api.renew(SHOP)).toBe(true);
  });

  it('sees a repository or does not', async () => {
    expect(await rig.api.repository({ owner: 'acme', name: 'nope' })).toBeUndefined();
    const stranger = rig.open({ token: rig.stub.token('stranger') });
    expect(await stranger.repository(SHOP)).toBeUndefined();
    const reader = rig.open({ token: rig.stub.token('bo') });
    expect(await reader.repository(SHOP)).toMatchObject({ may: { read: true, write: false, administer: false } });
  });

  it('that lacks a right says which', async () => {
    const api = rig.open({ token: rig.stub.token('gate', { metadata: 'read' }) });
    const asking = api.checks(rig.repository, 'a'.repeat(40));
    await expect(asking).rejects.toThrow(PermissionMissing);
    await expect(asking).rejects.toThrow(/It needs (checks|statuses)=read\./);
    expect(await api.missing(rig.repository)).toEqual([
      'The token lacks "pull requests: read" for acme/shop.',
      'The token lacks "checks: read" for acme/shop.',
      'The token lacks "statuses: read" for acme/shop.',
      'The token lacks "actions: read" for acme/shop.',
      'The token lacks "webhooks: read" for acme/shop.',
    ]);
  });

  it('says what is left of its limit', async () => {
    const reset = Math.floor(Date.now() / 1_000) + 600;
    rig.stub.limits.set('gate', { of: 5_000, left: 4_000, reset });
    const { counted } = rig.stub;
    expect(await rig.api.limit()).toEqual({ left: 4_000, of: 5_000, until: new Date(reset * 1_000).toISOString() });
    expect(rig.stub.counted).toBe(counted);
  });
});

describe('an App', () => {
  it.each(['pkcs1', 'pkcs8'] as const)(
    'with a key in %s has tokens narrowed to the repository and to what the call needs',
    async (type) => {
      const app = rig.stub.app(ALL, [rig.shop, await rig.stub.repository('acme/other')], type);
      const api = rig.open({ app });
      await api.branch(rig.repository, 'main');
      expect(made().map(({ body }) => body)).toEqual([
        { repositories: ['shop'], permissions: { metadata: 'read', contents: 'read' } },
        { repositories: ['shop'], permissions: { metadata: 'read' } },
      ]);
      await api.branch(rig.repository, 'main');
      expect(made()).toHaveLength(2);
    },
  );

  it('takes a key whose line breaks are written as \\n, and refuses none at all without showing it', async () => {
    const app = rig.stub.app(ALL, [rig.shop]);
    const api = rig.open({ app: { id: app.id, key: app.key.replaceAll('\n', '\\n') } });
    expect(await api.repository(SHOP)).toMatchObject({ name: 'shop' });
    const bad = () => rig.open({ app: { id: 1, key: 'my secret key' } });
    expect(bad).toThrow('GATEHOUSE_GITHUB_APP_KEY: expected a private key in PEM');
    expect(bad).not.toThrow('my secret key');
  });

  it('is a bot', async () => {
    const app = rig.stub.app(ALL, [rig.shop]);
    expect(await rig.open({ app }).me()).toMatchObject({
      login: 'gatehouse-bot[bot]',
      email: `${app.bot.id}+gatehouse-bot[bot]@users.noreply.127.0.0.1`,
      bot: true,
    });
  });

  it('makes a token anew 5 minutes before it expires, and once when it is refused', async () => {
    const app = rig.stub.app(ALL, [rig.shop]);
    const api = rig.open({ app });
    await api.repository(SHOP);
    rig.stub.aheadMs = 54 * 60_000;
    await api.repository(SHOP);
    expect(made()).toHaveLength(1);
    rig.stub.aheadMs = 55.5 * 60_000;
    await api.repository(SHOP); // shows us the present time of GitHub
    await api.repository(SHOP);
    expect(made()).toHaveLength(2);
    for (const [token, { kind }] of [...rig.stub.access]) if (kind === 'installation') rig.stub.access.delete(token);
    await api.repository(SHOP);
    expect(made()).toHaveLength(3);
  });

  it('makes each kind of token anew when all are revoked at once', async () => {
    const app = rig.stub.app(ALL, [rig.shop]);
    const api = rig.open({ app });
    const repository = (await api.repository(SHOP))!;
    const head = (await rig.shop.headOf('main'))!;
    await api.checks(repository, head);
    await api.comments(repository, 1).catch(() => undefined);
    for (const [token, { kind }] of [...rig.stub.access]) if (kind === 'installation') rig.stub.access.delete(token);
    expect(await api.checks(repository, head)).toEqual([]);
    await api
      .comments(repository, 1)
      .catch((failure: unknown) => expect(failure).not.toBeInstanceOf(CredentialsRefused));
    expect(await api.repository(SHOP)).toMatchObject({ name: 'shop' });
  });

  it('does not make tokens all the time while they are refused', async () => {
    const app = rig.stub.app(ALL, [rig.shop]);
    const api = rig.open({ app });
    await api.repository(SHOP);
    rig.stub.trouble = ({ path }) =>
      path === '/repos/acme/shop' ? { status: 401, body: { message: 'Bad credentials' } } : undefined;
    for (let n = 0; n < 5; n += 1) await expect(api.repository(SHOP)).rejects.toThrow(CredentialsRefused);
    expect(made()).toHaveLength(2);
    expect(rig.stub.calls.filter(({ path }) => path === '/repos/acme/shop').length).toBeLessThanOrEqual(5);
  });

  it.each([-300_000, 300_000])('bears a clock that differs by %i ms', async (aheadMs) => {
    const app = rig.stub.app(ALL, [rig.shop]);
    const api = rig.open({ app });
    rig.stub.aheadMs = aheadMs;
    expect(await api.repository(SHOP)).toMatchObject({ name: 'shop' });
  });

  it('that lacks a right says which, and what does not work', async () => {
    const app = rig.stub.app({ ...ALL, checks: 'read', statuses: 'read' }, [rig.shop]);
    const api = rig.open({ app });
    const head = (await rig.shop.headOf('main'))!;
    const setting = api.setStatus(rig.repository, head, { context: 'gatehouse', state: 'pending', description: '' });
    await expect(setting).rejects.toThrow(PermissionMissing);
    await expect(setting).rejects.toThrow(/statuses: write of acme\/shop/);
    expect(await api.missing(rig.repository)).toEqual([
      'The App gatehouse-bot lacks "statuses: write", so commit statuses are neither seen nor set.',
    ]);
  });

  it('is installed on some repositories only, under their present names', async () => {
    const other = await rig.stub.repository('acme/other');
    const app = rig.stub.app(ALL, [rig.shop]);
    const api = rig.open({ app });
    expect(await api.repository({ owner: 'acme', name: 'other' })).toBeUndefined();
    await expect(api.credentials({ owner: 'acme', name: 'other' }, 'read')).rejects.toThrow(NotThere);
    rig.shop.formerNames.push('acme/store');
    expect(await api.repository({ owner: 'acme', name: 'store' })).toMatchObject({ name: 'shop' });
    expect(other.id).not.toBe(rig.shop.id);
  });

  it('reads what branch protection it may', async () => {
    rig.shop.protections.set('main', { checks: [{ context: 'build', app: 15_368 }], strict: true, approvals: 2 });
    const some = { ...ALL };
    delete (some as { administration?: string }).administration;
    const api = rig.open({ app: rig.stub.app(some, [rig.shop]) });
    const branch = await api.branch(rig.repository, 'main');
    expect(branch).toMatchObject({ protected: true, required: [{ name: 'build', app: 15_368 }], approvals: 0 });
    expect(branch!.mayPush).toBeUndefined();
  });
});

describe('git', () => {
  const clone = async (url: string, login: { username: string; password: string }) => {
    const basic = Buffer.from(`${login.username}:${login.password}`).toString('base64');
    const args = ['-c', `http.extraHeader=Authorization: Basic ${basic}`, 'ls-remote', url, 'refs/heads/main'];
    return program('git', args, { reject: false, env: { GIT_TERMINAL_PROMPT: '0' } });
  };

  it('is let in with a token, and with one of an App that is narrowed to reading or writing', async () => {
    const app = rig.stub.app(ALL, [rig.shop]);
    for (const api of [rig.api, rig.open({ app })]) {
      const read = await clone(rig.repository.cloneUrl, await api.credentials(SHOP, 'read'));
      expect(read.stdout).toContain(await rig.shop.headOf('main'));
    }
    await rig.open({ app }).credentials(SHOP, 'write');
    expect(made().map(({ body }) => (body as { permissions: object }).permissions)).toEqual([
      { metadata: 'read', contents: 'read' },
      { metadata: 'read', contents: 'write', workflows: 'write' },
    ]);
  });

  it('may push without workflow files where the App may not write those', async () => {
    const app = rig.stub.app({ contents: 'write' }, [rig.shop]);
    const { username, password } = await rig.open({ app }).credentials(SHOP, 'write');
    expect(username).toBe('x-access-token');
    expect(rig.stub.access.get(password)).toMatchObject({ permissions: { contents: 'write' } });
  });

  it('has new credentials after a refusal', async () => {
    const api = rig.open({ app: rig.stub.app(ALL, [rig.shop]) });
    const { password } = await api.credentials(SHOP, 'read');
    expect(await api.renew(SHOP)).toBe(true);
    expect((await api.credentials(SHOP, 'read')).password).not.toBe(password);
    expect(await rig.api.renew(SHOP)).toBe(false);
  });
});

it('never shows a token', async () => {
  const addresses = addressesOf('http://127.0.0.1:1/api/v3')!;
  const api = githubApi({ addresses, by: { token: new Secret({ name: 'T', value: 'ghp_very-secret' }) } });
  const failure = await api.repository(SHOP).catch((error: unknown) => error);
  const { inspect } = await import('node:util');
  expect(inspect(failure, { depth: 10 })).not.toContain('very-secret');
});
