import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { giteaApi } from '../../../../activities/adapters/gitea/api.ts';
import { GiteaClient } from '../../../../activities/adapters/gitea/client.ts';
import { variables } from '../../../../activities/adapters/gitea/variables.ts';
import { eventsOf } from '../../../../activities/adapters/gitea/webhooks.ts';
import type {
  HostedApi,
  HostedCheck,
  HostedRepository,
  PullRequest,
} from '../../../../activities/adapters/hosted/api.ts';
import { CredentialsRefused, ForgeUnavailable } from '../../../../activities/adapters/hosted/failures.ts';
import { Secret } from '../../../../activities/adapters/hosted/secrets.ts';

/** What the real one does only now and then, or does not do in this version. `test/forges/` has all the rest. */
interface Said {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

let server: Server;
let asked: string[];
let says: (call: string) => Said | undefined;
let api: HostedApi;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    const call = `${request.method} ${request.url?.replace('/api/v1', '')}`;
    asked.push(call);
    const { status = 200, body, headers = {} } = says(call) ?? { status: 404, body: { message: 'not found' } };
    const text = body === undefined || typeof body === 'string' ? (body ?? '') : JSON.stringify(body);
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const token = new Secret({ name: 'GATEHOUSE_GITEA_TOKEN', value: 't0ken' });
  api = giteaApi(new GiteaClient(address(), token));
});

afterEach(async () => {
  await api.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const repository: HostedRepository = {
  id: 1,
  owner: 'ana',
  name: 'shop',
  canonical: 'https://git.example/ana/shop',
  cloneUrl: 'https://git.example/ana/shop.git',
  defaultBranch: 'main',
  archived: false,
  empty: false,
  may: { read: true, write: true, administer: false },
  methods: ['merge'],
};
const me = { id: 3, login: 'bo', full_name: '', email: 'bo@example.com' };

describe('a token that is refused', () => {
  it('is asked about again before that means anything, because a locked database refuses good ones', async () => {
    let left = 2;
    says = () => (left-- > 0 ? { status: 401, body: { message: 'invalid token' } } : { body: me });
    expect(await api.me()).toEqual({ id: 3, login: 'bo', name: 'bo', email: 'bo@example.com', bot: false });
    expect(asked).toHaveLength(3);
    // A call that changes something too: nothing was done for whom was refused.
    left = 1;
    says = () => (left-- > 0 ? { status: 401 } : { status: 201, body: {} });
    await api.react(repository, 7, '+1');
    expect(asked.slice(3)).toEqual(Array.from({ length: 2 }, () => 'POST /repos/ana/shop/issues/comments/7/reactions'));
  });

  it('is refused for all calls then, until it is due to be checked', async () => {
    says = () => ({ status: 401, body: { message: 'invalid token' } });
    await expect(api.me()).rejects.toThrow(CredentialsRefused);
    expect(asked).toHaveLength(3);
    await expect(api.me()).rejects.toThrow(/refuses our credentials/);
    await expect(api.checks(repository, 'abc')).rejects.toMatchObject({ retryAfterMs: expect.any(Number) });
    expect(asked).toHaveLength(3);
  });
});

it('reads all pages of a server whose pages are smaller than ours', async () => {
  const hooks = Array.from({ length: 7 }, (_, id) => ({ id, config: { url: `u${id}` }, events: [], active: true }));
  says = (call) => {
    const page = Number(/page=(\d+)/.exec(call)![1]);
    const link = page < 4 ? { link: `<x>; rel="next"` } : {};
    return { body: hooks.slice((page - 1) * 2, page * 2), headers: link };
  };
  expect((await api.webhooks(repository)).map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

describe('Actions of a version with other numbers, or of none', () => {
  const red: HostedCheck = {
    name: 'CI / build (push)',
    state: 'red',
    conclusion: 'failure',
    summary: 'Failing after 3s',
    from: { kind: 'status', id: 1, run: 7, job: 0 },
  };
  const other = { id: 0, run_id: 7, name: 'lint' };

  it('hand on no log of another job', async () => {
    says = (call) => (call.endsWith('/jobs/0') ? { body: other } : { body: 'the log of lint' });
    expect(await api.logOf(repository, red)).toBe('Failing after 3s');
  });

  it('start no other job', async () => {
    says = (call) => (call.startsWith('GET') ? { body: { jobs: [other] } } : { status: 201 });
    expect(await api.rerun(repository, 'abc', [red])).toEqual([]);
    expect(asked.filter((call) => call.startsWith('POST'))).toEqual([]);
  });

  it('are not missed', async () => {
    says = () => undefined;
    expect(await api.logOf(repository, red)).toBe('Failing after 3s');
    expect(await api.rerun(repository, 'abc', [red])).toEqual([]);
    expect(await api.heldRuns(repository, 'abc')).toEqual([]);
  });
});

it('takes a state that it does not know for no verdict', async () => {
  const status = { id: 1, status: 'considering', context: 'ci', target_url: '', description: '' };
  says = () => ({ body: { statuses: [status] } });
  expect(await api.checks(repository, 'abc')).toMatchObject([{ state: 'pending', conclusion: 'considering' }]);
});

it('finds the job of a status in its own pages only', async () => {
  const status = { id: 1, status: 'failure', context: 'ci', description: 'Has been cancelled' };
  const there = (url: string) => ({ body: { statuses: [{ ...status, target_url: url }] } });
  says = () => there('https://ci.example/ana/shop/actions/runs/7/jobs/9');
  expect((await api.checks(repository, 'abc'))[0]).toMatchObject({ state: 'red', from: { kind: 'status', id: 1 } });
  says = () => there('/ana/shop/actions/runs/7/jobs/9');
  expect((await api.checks(repository, 'abc'))[0]).toMatchObject({
    state: 'again',
    url: `${address()}/ana/shop/actions/runs/7/jobs/9`,
    from: { run: 7, job: 9 },
  });
});

describe('a merge', () => {
  const pull: PullRequest = {
    number: 17,
    url: 'https://git.example/ana/shop/pulls/17',
    title: 'A change',
    body: '',
    state: 'open',
    draft: false,
    head: 'abc',
    branch: 'work',
    base: 'main',
    fork: false,
    author: 'bo',
    updatedAt: '2026-01-01T00:00:00Z',
  };
  const branch = { name: 'main', commit: { id: 'def' }, protected: false };
  const wish = { head: 'abc', method: 'merge', title: 'T', message: 'M' } as const;
  const answering = (answer: Said) => (call: string) =>
    call.startsWith('POST') ? answer : call.endsWith('/branches/main') ? { body: branch } : { body: [] };

  it.each([
    [405, 'Not all required status checks successful', 'checks'],
    [405, 'Does not have enough approvals', 'reviews'],
    [405, 'There are requested changes', 'reviews'],
    [405, 'There are official review requests', 'reviews'],
    [405, 'The head branch is behind the base branch', 'behind'],
    [405, 'Work in progress PRs cannot be merged', 'draft'],
    [405, 'squash is not allowed an allowed merge style for this repository', 'method'],
    [405, 'wont sign: nokey', 'signatures'],
    [405, 'User not allowed to merge PR', 'refused'],
    [409, 'PushRejected with remote message: no Fridays', 'refused'],
    [409, 'merge push out of date', 'base-modified'],
    [422, 'something else', 'refused'],
  ])('is answered %i, "%s": %s', async (status, words, is) => {
    says = answering({ status, body: { message: words } });
    // Its other name is tried for a method that is not allowed.
    expect(await api.merge(repository, pull, { ...wish, method: 'squash' })).toEqual({ is, words });
  });

  it('is moved by another head', async () => {
    says = answering({ status: 409, body: { message: 'head out of date' } });
    expect(await api.merge(repository, pull, wish)).toEqual({ is: 'moved' });
  });

  it('conflicts in the words of git', async () => {
    const body = { Style: 'merge', StdOut: 'CONFLICT (content): Merge conflict in a.ts\n', StdErr: '', Err: {} };
    says = answering({ status: 409, body });
    const words = 'CONFLICT (content): Merge conflict in a.ts';
    expect(await api.merge(repository, pull, wish)).toEqual({ is: 'conflicted', words });
  });

  it('has no answer for the forge to interpret if the server fails, and is called once', async () => {
    says = answering({ status: 500, body: { message: '' } });
    await expect(api.merge(repository, pull, wish)).rejects.toThrow(ForgeUnavailable);
    expect(asked.filter((call) => call.startsWith('POST'))).toHaveLength(1);
  });
});

describe('the variables', () => {
  const { GATEHOUSE_GITEA_URL: url } = variables;
  it.each([
    ['https://git.example.com', 'https://git.example.com'],
    ['https://Git.Example.com:443/', 'https://git.example.com'],
    ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
  ])('take the address %s', (text, expected) => expect(url.parse(text)).toBe(expected));
  it.each(['git.example.com', 'ssh://git@git.example.com', 'https://x:y@git.example.com', 'https://example.com/git'])(
    'refuse %s',
    (text) => expect(url.safeParse(text).error?.issues[0]?.message).toMatch(/address/),
  );
});

it('asks for events by the names that Gitea has for them', () => {
  const asked = ['check_run', 'push', 'pull_request', 'pull_request_review', 'issue_comment', 'status', 'push'];
  expect(eventsOf(asked)).toEqual([
    'push',
    'pull_request',
    'pull_request_sync',
    'pull_request_review_approved',
    'pull_request_review_rejected',
    'pull_request_review_comment',
    'issue_comment',
    'pull_request_comment',
    'status',
  ]);
});
