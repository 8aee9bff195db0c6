import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ForgeUnavailable, NotThere, Refused } from '../../../../activities/adapters/hosted/failures.ts';
import { newPull } from '../../../support/github/operations/pulls.ts';
import type { Protection, RuleRow } from '../../../support/github/repository.ts';
import { githubRig, type GithubRig } from '../../../support/github/rig.ts';
import { until } from '../../../support/until.ts';

let rig: GithubRig;
beforeEach(async () => void (rig = await githubRig()));
afterEach(async () => {
  const { breaches } = rig.stub;
  await rig.dispose();
  expect(breaches).toEqual([]);
});

describe('a repository', () => {
  it('is as GitHub spells it', async () => {
    expect(await rig.api.repository({ owner: 'ACME', name: 'Shop' })).toEqual({
      id: rig.shop.id,
      owner: 'acme',
      name: 'shop',
      canonical: `${rig.stub.pages}/acme/shop`,
      cloneUrl: `${rig.stub.pages}/acme/shop.git`,
      defaultBranch: 'main',
      archived: false,
      empty: false,
      may: { read: true, write: true, administer: false },
      methods: ['merge', 'squash', 'rebase'],
    });
  });

  it('may be archived, or empty', async () => {
    rig.shop.archived = true;
    expect(await rig.api.repository(rig.repository)).toMatchObject({ archived: true });
    const empty = await rig.stub.repository('acme/empty', {});
    empty.collaborators.set('gate', 'write');
    expect(await rig.api.repository({ owner: 'acme', name: 'empty' })).toMatchObject({ empty: true });
  });

  it('has files and folders at a commit', async () => {
    const files = { '.github/workflows/ci.yml': 'on: push', '.woodpecker.yml': 'x', 'docs/ü.md': 'grün' };
    const head = await rig.shop.commit('work', files);
    const { api, repository } = rig;
    expect(await api.fileAt(repository, head, 'docs/ü.md')).toBe('grün');
    expect(await api.fileAt(repository, head, 'docs')).toBeUndefined();
    expect(await api.fileAt(repository, (await rig.shop.headOf('main'))!, 'docs/ü.md')).toBeUndefined();
    for (const [path, there] of [
      ['.github/workflows/', true],
      ['.github/workflows/ci.yml', true],
      ['.github/other', false],
      ['.gitlab-ci.yml', false],
      ['.woodpecker*', true],
      ['.travis.yml', false],
    ] as const) {
      expect([path, await api.anyAt(repository, head, [path])]).toEqual([path, there]);
    }
    expect(await api.anyAt(repository, head, ['Jenkinsfile', '.woodpecker*'])).toBe(true);
  });
});

describe('a branch', () => {
  const rule = (type: string, parameters?: object, more: Partial<RuleRow> = {}): RuleRow => ({
    type,
    ...(parameters && { parameters }),
    ...more,
  });
  const checksRule = (...checks: object[]) =>
    rule('required_status_checks', { required_status_checks: checks, strict_required_status_checks_policy: true });

  it.each<[string, { classic?: Protection; rules?: RuleRow[] }, object]>([
    [
      'has no rules',
      {},
      {
        protected: false,
        required: [],
        approvals: 0,
        strict: false,
        signed: false,
        mergeQueue: false,
        mayPush: true,
        methods: ['merge', 'squash', 'rebase'],
      },
    ],
    [
      'requires checks of any App or of one',
      { rules: [checksRule({ context: 'build' }, { context: 'lint', integration_id: 7 })] },
      { protected: true, required: [{ name: 'build' }, { name: 'lint', app: 7 }], strict: true, mayPush: false },
    ],
    [
      'may be pushed to by those who bypass',
      { rules: [rule('update', undefined, { bypass: 'always' })] },
      { mayPush: true },
    ],
    ['may not be pushed to', { rules: [rule('update')] }, { mayPush: false }],
    ['wants signatures', { rules: [rule('required_signatures')] }, { signed: true, mayPush: true }],
    ['wants a linear history', { rules: [rule('required_linear_history')] }, { methods: ['squash', 'rebase'] }],
    [
      'allows some methods',
      {
        rules: [
          rule('pull_request', {
            required_approving_review_count: 2,
            allowed_merge_methods: ['squash'],
            dismiss_stale_reviews_on_push: false,
            require_code_owner_review: false,
            require_last_push_approval: false,
            required_review_thread_resolution: false,
          }),
        ],
      },
      { methods: ['squash'], approvals: 2, mayPush: false },
    ],
    ['has a merge queue', { rules: [rule('merge_queue')] }, { mergeQueue: true }],
    [
      'says itself what it requires where protection cannot be read',
      { classic: { checks: [{ context: 'build', app: 5 }] } },
      { protected: true, required: [{ name: 'build', app: 5 }], mayPush: undefined },
    ],
  ])('%s', async (_, { classic, rules }, expected) => {
    if (classic) rig.shop.protections.set('main', classic);
    if (rules) rig.shop.rules.set('main', rules);
    expect(await rig.api.branch(rig.repository, 'main')).toMatchObject({
      name: 'main',
      head: await rig.shop.headOf('main'),
      ...expected,
    });
  });

  it('shows its protection to those who administer the repository, and rules count together with it', async () => {
    rig.shop.protections.set('main', {
      checks: [{ context: 'build' }],
      strict: true,
      approvals: 1,
      signatures: true,
      linear: true,
    });
    rig.shop.rules.set('main', [checksRule({ context: 'lint' })]);
    const api = rig.open({ token: rig.stub.token('ana') });
    const repository = (await api.repository(rig.repository))!;
    expect(await api.branch(repository, 'main')).toMatchObject({
      required: [{ name: 'lint' }, { name: 'build' }],
      approvals: 1,
      strict: true,
      signed: true,
      methods: ['squash', 'rebase'],
      mayPush: false,
    });
  });

  it('with a slash in its name is found, and one that is not there is not', async () => {
    await rig.shop.commit('agents/pay-1', { 'b.txt': 'b' });
    expect(await rig.api.branch(rig.repository, 'agents/pay-1')).toMatchObject({ name: 'agents/pay-1' });
    expect(await rig.api.branch(rig.repository, 'nope')).toBeUndefined();
  });

  it('is deleted, was not there, or is protected', async () => {
    await rig.shop.commit('agents/pay-1', { 'b.txt': 'b' });
    expect(await rig.api.deleteBranch(rig.repository, 'agents/pay-1')).toBe('deleted');
    expect(await rig.api.deleteBranch(rig.repository, 'agents/pay-1')).toBe('absent');
    rig.shop.protections.set('main', {});
    expect(await rig.api.deleteBranch(rig.repository, 'main')).toEqual({
      refused: 'Cannot delete this protected ref.',
    });
  });
});

describe('a pull request', () => {
  const wish = { branch: 'work', base: 'main', title: 'A title', body: 'A body' };

  it('is opened once', async () => {
    const head = await rig.shop.commit('work', { 'b.txt': 'b' });
    const opened = await rig.api.openPullRequest(rig.repository, wish);
    expect(opened).toMatchObject({
      number: 1,
      title: 'A title',
      body: 'A body',
      state: 'open',
      head,
      branch: 'work',
      base: 'main',
      fork: false,
      author: 'gate',
    });
    expect(opened).toMatchObject({
      mergeable: undefined,
      mergeState: undefined,
      url: `${rig.stub.pages}/acme/shop/pull/1`,
    });
    expect(await rig.api.openPullRequest(rig.repository, wish)).toMatchObject({ number: 1 });
    expect(await rig.api.pullRequestOf(rig.repository, { branch: 'work', base: 'main' })).toMatchObject({
      number: 1,
      mergeable: true,
      mergeState: 'clean',
    });
  });

  it('is refused in GitHub’s words', async () => {
    await expect(rig.api.openPullRequest(rig.repository, wish)).rejects.toThrow(Refused);
    await rig.shop.git('branch', 'work', 'main');
    await expect(rig.api.openPullRequest(rig.repository, wish)).rejects.toThrow('No commits between main and work');
  });

  it('is the open one, or else the newest closed one, and never that of a fork', async () => {
    const head = await rig.shop.commit('work', { 'b.txt': 'b' });
    const pull = { ...wish, head, author: rig.stub.account('ana'), updatedAt: rig.stub.iso() };
    expect(await rig.api.pullRequestOf(rig.repository, { branch: 'work' })).toBeUndefined();
    newPull(rig.shop, { ...pull, fork: 'eve' });
    const closed = newPull(rig.shop, { ...pull, state: 'closed', closedAt: rig.stub.iso() });
    expect(await rig.api.pullRequestOf(rig.repository, { branch: 'work' })).toMatchObject({
      number: closed.number,
      state: 'closed',
    });
    const open = newPull(rig.shop, { ...pull, base: 'main' });
    newPull(rig.shop, { ...pull, state: 'closed', closedAt: rig.stub.iso() });
    expect(await rig.api.pullRequestOf(rig.repository, { branch: 'work' })).toMatchObject({ number: open.number });
    expect(await rig.api.pullRequestOf(rig.repository, { branch: 'work', base: 'release' })).toBeUndefined();
    expect(await rig.api.pullRequest(rig.repository, 1)).toMatchObject({ fork: true });
    expect(await rig.api.pullRequest(rig.repository, 99)).toBeUndefined();
  });

  it('is mergeable, conflicted, a draft or not computed yet', async () => {
    rig.stub.slowMergeability = 2;
    const head = await rig.shop.commit('work', { 'a.txt': 'here' });
    const pull = newPull(rig.shop, { ...wish, head, author: rig.stub.account('ana'), updatedAt: rig.stub.iso() });
    const read = async () => {
      const { mergeable, mergeState } = (await rig.api.pullRequest(rig.repository, pull.number))!;
      return [mergeable, mergeState];
    };
    expect([await read(), await read(), await read()]).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [true, 'clean'],
    ]);
    pull.draft = true;
    expect(await read()).toEqual([true, 'draft']);
    await rig.shop.commit('main', { 'a.txt': 'there' });
    expect([await read(), await read(), await read()].at(-1)).toEqual([false, 'dirty']);
  });
});

describe('comments', () => {
  const opened = async () => {
    await rig.shop.commit('work', { 'b.txt': 'b' });
    return rig.api.openPullRequest(rig.repository, { branch: 'work', base: 'main', title: 't', body: '' });
  };

  it('are written, edited, read on all pages, reacted to, and gone', async () => {
    const { number } = await opened();
    rig.stub.mostPerPage = 2;
    const { api, repository } = rig;
    const first = await api.addComment(repository, number, 'one');
    for (const body of ['two', 'three', 'four', 'five']) await api.addComment(repository, number, body);
    expect(await api.editComment(repository, first.id, 'ONE')).toBe(true);
    expect((await api.comments(repository, number)).map(({ body }) => body)).toEqual([
      'ONE',
      'two',
      'three',
      'four',
      'five',
    ]);
    expect(await api.comment(repository, first.id)).toMatchObject({ body: 'ONE', author: 'gate', bot: false });
    await api.react(repository, first.id, '+1');
    await api.react(repository, first.id, '+1');
    expect(rig.shop.comments[0]!.reactions).toEqual(['+1']);
    rig.shop.comments.shift();
    expect(await api.comment(repository, first.id)).toBeUndefined();
    expect(await api.editComment(repository, first.id, 'x')).toBe(false);
    await api.react(repository, first.id, 'confused');
    await expect(api.addComment(repository, 99, 'x')).rejects.toThrow(NotThere);
  });

  it('that are new are found with their pull request', async () => {
    const { number } = await opened();
    const at = (time: string, login: string) =>
      rig.shop.comments.push({
        id: rig.stub.id(),
        number,
        body: time,
        by: rig.stub.account(login),
        createdAt: time,
        updatedAt: time,
        reactions: [],
      });
    at('2026-01-01T00:00:00Z', 'ana');
    at('2026-01-02T00:00:00Z', 'ana');
    const app = rig.stub.app({}, [rig.shop]);
    at('2026-01-03T00:00:00Z', app.bot.login);
    const found = await rig.api.newComments(rig.repository, '2026-01-02T00:00:00Z');
    expect(found.map(({ number: of, author, bot }) => [of, author, bot])).toEqual([
      [number, 'ana', false],
      [number, 'gatehouse-bot[bot]', true],
    ]);
  });

  it.each([
    ['gate', true],
    ['ana', true],
    ['bo', false],
    ['nobody-at-all', false],
  ])('are commands only of those who may write: %s', async (login, may) => {
    expect(await rig.api.mayWrite(rig.repository, login)).toBe(may);
  });

  it('are no commands where we may not ask', async () => {
    expect(await rig.open({ token: rig.stub.token('bo') }).mayWrite(rig.repository, 'ana')).toBeUndefined();
  });
});

describe('webhooks', () => {
  it('are made and listed without their secret, and signed', async () => {
    const got: { headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
    const receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (part: Buffer) => (body += part.toString()));
      request.on('end', () => {
        got.push({ headers: request.headers, body });
        response.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/webhooks/github`;
    const api = rig.open({ token: rig.stub.token('ana') });
    await api.createWebhook(rig.repository, { url, secret: 'very secret', events: ['pull_request'] });
    expect(await api.webhooks(rig.repository)).toEqual([
      { id: rig.shop.hooks[0]!.id, url, events: ['pull_request'], active: true },
    ]);
    await rig.shop.commit('work', { 'b.txt': 'b' });
    await api.openPullRequest(rig.repository, { branch: 'work', base: 'main', title: 't', body: '' });
    await until('a webhook', async () => got.length === 1);
    const signature = `sha256=${createHmac('sha256', 'very secret').update(got[0]!.body).digest('hex')}`;
    expect(got[0]!.headers).toMatchObject({ 'x-github-event': 'pull_request', 'x-hub-signature-256': signature });
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
    await expect(rig.api.createWebhook(rig.repository, { url, secret: 's', events: [] })).rejects.toThrow(NotThere);
  });
});

describe('trouble', () => {
  const page = '<!doctype html><title>Unicorn!</title>';
  it.each([
    ['a 500', { status: 500, body: { message: 'Server Error' } }],
    ['a 502 with a page', { status: 502, body: page }],
    ['a success with a page', { status: 200, body: page }],
    ['a 404 with a page', { status: 404, body: page }],
    ['a reset', { reset: true }],
    ['an answer in another form', { status: 200, body: { id: 'seventeen' } }],
    ['an answer of null', { status: 200, body: null }],
  ])('%s is a transient failure of every method', async (_, trouble) => {
    rig.stub.trouble = () => trouble;
    const { api, repository } = rig;
    const calls = [
      api.repository(repository),
      api.branch(repository, 'main'),
      api.pullRequest(repository, 1),
      api.checks(repository, 'a'.repeat(40)),
      api.addComment(repository, 1, 'x'),
      api.mayWrite(repository, 'ana'),
      api.limit(),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(ForgeUnavailable) as unknown });
    }
  });
});
