import { pino } from 'pino';
import type { Configuration } from '../../../activities/adapters/configuration/configuration.ts';
import { RunRows } from '../../../activities/adapters/state/runs.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { csrfTokenOf } from '../../../client/http/access/cookies.ts';
import { localPath } from '../../../client/http/access/page-callers.ts';
import { LASTS_MS, SignIns } from '../../../client/http/access/sign-ins.ts';
import { openDoor, type Door } from '../../../client/http/door.ts';
import type { Runs } from '../../../client/runs.ts';
import { DATABASES, openState } from '../../support/state/databases.ts';
import { noteOf, parked } from '../../support/state/notes.ts';

const SHOP = 'https://github.com/acme/shop';
const ACTION = '/api/v1/runs/default/A/actions/merge';

describe.each(DATABASES)('signing in on %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  let door: Door;
  let acted: unknown[];
  let configuration: Pick<Configuration, 'people' | 'roles'>;

  const open = (over: object = {}) =>
    openDoor(
      {
        runs: { act: async (...given: unknown[]) => acted.push(given) && { is: 'taken' } } as Partial<Runs> as Runs,
        state,
        reachable: async () => true,
        secrets: {},
        configuration: () => configuration,
        user: 'root',
        log: pino({ level: 'silent' }),
        ...over,
      },
      { host: '127.0.0.1', port: 0, exact: true },
    );
  const ask = (path: string, cookie = '', init: RequestInit = {}) =>
    fetch(`${door.url}${path}`, { redirect: 'manual', ...init, headers: { cookie, ...(init.headers as object) } });
  const post = (path: string, secret: string, headers: Record<string, string>, body = '{}') =>
    ask(path, `gatehouse=${secret}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });
  const byLink = async () => {
    const path = new URL((await door.link())!).pathname;
    const answer = await ask(path);
    return { path, answer, cookie: answer.headers.getSetCookie().join() };
  };
  const signedIn = (login = 'ana-gh') => new SignIns(state).begin({ through: 'github', login });
  const statusOf = async (secret: string) => (await ask('/api/v1/runs', `gatehouse=${secret}`)).status;

  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    acted = [];
    configuration = { people: { ana: { github: 'ana-gh' } }, roles: {} };
    const rows = new RunRows(state);
    await rows.write(noteOf({ ...parked('A', 1), repository: SHOP, base: 'main' }));
    await rows.write(noteOf({ ...parked('B', 1), repository: `${SHOP}2`, base: 'main' }));
    door = await open();
  });
  afterEach(async () => {
    await door.close();
    await state.close();
    await database.remove();
  });

  it('a link signs in once, as the user of the operating system, and says so when it was used', async () => {
    const { path, answer, cookie } = await byLink();
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    expect(cookie).toMatch(/^gatehouse=[\w-]{43}; .*HttpOnly; SameSite=Lax$/);
    expect((await ask('/api/v1/runs', cookie.split(';')[0])).status).toBe(200);
    const again = await ask(path);
    expect([again.status, await again.text()]).toEqual([410, expect.stringContaining('was used already')]);
  });

  it('neither a HEAD nor a preview uses a link up, and no other door takes it', async () => {
    const path = new URL((await door.link())!).pathname;
    expect((await ask(path, '', { method: 'HEAD' })).status).toBe(404);
    expect((await ask(path, '', { headers: { 'sec-purpose': 'prefetch' } })).status).toBe(404);
    const other = await open({ user: undefined });
    expect((await fetch(`${other.url}${path}`)).status).toBe(404);
    expect(await other.link()).toBeUndefined();
    await other.close();
    expect((await ask(path)).status).toBe(303);
  });

  it('a sign-in gets a new secret, and ends what the browser had before', async () => {
    const fixed = await signedIn();
    const path = new URL((await door.link())!).pathname;
    const cookie = (await ask(path, `gatehouse=${fixed}`)).headers.getSetCookie().join();
    expect(cookie).not.toContain(fixed);
    expect(await statusOf(fixed)).toBe(401);
  });

  it('behind TLS the cookie is Secure and bound to the host', async () => {
    await door.close();
    door = await open({ proxies: ['127.0.0.1'] });
    const path = new URL((await door.link())!).pathname;
    const answer = await ask(path, '', { headers: { 'x-forwarded-proto': 'https' } });
    expect(answer.headers.getSetCookie().join()).toMatch(
      /^__Host-gatehouse=.*Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
  });

  it('a session outlives its door, and ends when it is idle, old, or its person is removed', async () => {
    const secret = await signedIn();
    await door.close();
    door = await open();
    expect(await statusOf(secret)).toBe(200);
    const signIns = new SignIns(state);
    for (const ms of [LASTS_MS.idle, LASTS_MS.most])
      expect(await signIns.find(await signedIn(), Date.now() + ms + 1_000)).toBeUndefined();
    configuration = { people: {}, roles: {} };
    expect(await statusOf(secret)).toBe(401);
  });

  it('signing out ends the session for whoever has its cookie; everywhere ends all of the account', async () => {
    const [one, two, three] = [await signedIn(), await signedIn(), await signedIn('bo')];
    configuration.people = { ana: { github: 'ana-gh' }, bo: { github: 'bo' } };
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await post('/sign-out', one, form, 'csrf=wrong')).status).toBe(403);
    expect((await post('/sign-out', one, form, `csrf=${csrfTokenOf(one)}`)).status).toBe(303);
    expect([await statusOf(one), await statusOf(two)]).toEqual([401, 200]);
    const four = await signedIn();
    expect((await post('/sign-out/everywhere', four, form, `csrf=${csrfTokenOf(four)}`)).status).toBe(303);
    expect([await statusOf(two), await statusOf(four), await statusOf(three)]).toEqual([401, 401, 200]);
  });

  it('keeps no secret of a session', async () => {
    const secret = await signedIn();
    const kept = JSON.stringify(await state.query((db) => db.selectFrom('sign_ins').selectAll().execute()));
    expect(kept).not.toContain(secret);
  });

  const forgeries: [string, (token: string) => Record<string, string>][] = [
    ['without a token', () => ({})],
    ['with another token', () => ({ 'x-csrf-token': csrfTokenOf('another') })],
    ['from another site', (token) => ({ 'x-csrf-token': token, 'sec-fetch-site': 'cross-site' })],
    ['from another port', (token) => ({ 'x-csrf-token': token, origin: 'http://127.0.0.1:1' })],
    ['from no origin', (token) => ({ 'x-csrf-token': token, origin: 'null' })],
  ];
  it.each(forgeries)('refuses an action of a session %s', async (__, headers) => {
    const secret = await signedIn();
    expect((await post(ACTION, secret, headers(csrfTokenOf(secret)))).status).toBe(403);
    expect(acted).toEqual([]);
  });

  it('acts by a session with its token, under the name of the configuration file', async () => {
    const secret = await signedIn();
    expect((await post(ACTION, secret, { 'x-csrf-token': csrfTokenOf(secret) })).status).toBe(200);
    expect(acted).toMatchObject([['run/default/A', 'merge', { by: 'ana', via: 'page' }]]);
  });

  it('a role reaches its repositories and bases only: others are not there, and nothing is done to them', async () => {
    configuration.roles = { lead: { people: ['ana'], may: ['see', 'merge'], repositories: [SHOP], bases: ['main'] } };
    const secret = await signedIn();
    const as = (path: string) => ask(path, `gatehouse=${secret}`);
    const { runs } = (await (await as('/api/v1/runs')).json()) as { runs: { workflowId: string }[] };
    expect(runs.map(({ workflowId }) => workflowId)).toEqual(['run/default/A']);
    expect((await as('/api/v1/runs/default/B')).status).toBe(404);
    const token = { 'x-csrf-token': csrfTokenOf(secret) };
    const refused = await post('/api/v1/runs/default/B/actions/merge', secret, token);
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      { code: 'not_allowed', detail: `ana may merge only on ${SHOP} for the base main, by the role lead.` },
    ]);
    expect((await post(ACTION, secret, token)).status).toBe(200);
  });

  it('everybody who can sign in may see, and no more, if people has the name *', async () => {
    configuration.people = { '*': {} };
    const secret = await signedIn('stranger');
    expect(await statusOf(secret)).toBe(200);
    expect((await post(ACTION, secret, { 'x-csrf-token': csrfTokenOf(secret) })).status).toBe(403);
  });

  it('refuses tokens in addresses, and no page of ours may be framed', async () => {
    expect((await ask('/api/v1/runs?access_token=abc')).status).toBe(400);
    const { headers } = await ask('/sign-in');
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('referrer-policy')).toBe('same-origin');
  });
});

it.each([
  ['/runs/default/A?x=1', '/runs/default/A?x=1'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['/a\r\nset-cookie: x', '/'],
  ['https://evil.example', '/'],
  ['javascript:alert(1)', '/'],
  [['/a', '/b'], '/'],
  [undefined, '/'],
])('after the sign-in, %j leads to %s', (to, path) => expect(localPath(to)).toBe(path));
