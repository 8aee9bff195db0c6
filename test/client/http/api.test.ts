import { pino } from 'pino';
import { openDoor, type Door } from '../../../client/http/door.ts';
import type { May } from '../../../client/http/access/permissions.ts';
import { Tokens } from '../../../client/http/access/tokens.ts';
import { InvalidInput, LiveRun, NotFound, Refused, Unreachable } from '../../../client/errors.ts';
import type { Runs } from '../../../client/runs.ts';
import { RunRows } from '../../../activities/adapters/state/runs.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { DATABASES, openState } from '../../support/state/databases.ts';
import { ended, noteOf, parked, stateOf } from '../../support/state/notes.ts';

type Answer = { status: number; body: Record<string, unknown>; headers: Headers };
const INPUT = {
  task: { id: 'A', title: 'Show totals with tax' },
  change: { repository: 'https://github.com/acme/shop' },
  pipeline: 'human-review',
};

describe.each(DATABASES)('the HTTP API on %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  let door: Door;
  let rows: RunRows;
  let runs: Record<string, (...given: any[]) => unknown>;
  let acted: unknown[];

  const open = (over: object = {}) =>
    openDoor(
      {
        runs: runs as unknown as Runs,
        state,
        reachable: async () => true,
        secrets: {},
        log: pino({ level: 'silent' }),
        ...over,
      },
      { host: '127.0.0.1', port: 0, exact: true },
    );
  const tokenFor = async (...may: May[]) => (await new Tokens(state).create({ name: 'ci', may, days: 1 })).token;
  const ask = async (path: string, token: string | undefined, init: RequestInit = {}): Promise<Answer> => {
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(init.body !== undefined && { 'content-type': 'application/json' }),
      ...(init.headers as object),
    };
    const answer = await fetch(`${door.url}${path}`, { ...init, headers });
    const text = await answer.text();
    const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    return { status: answer.status, body, headers: answer.headers };
  };
  const post = (path: string, token: string, body: unknown, headers: Record<string, string> = {}) =>
    ask(path, token, { method: 'POST', body: JSON.stringify(body), headers });

  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    rows = new RunRows(state);
    acted = [];
    runs = {
      start: async () => ({ workflowId: 'run/default/A', runId: 'r1', examined: true, retried: false }),
      retry: async () => ({ workflowId: 'run/default/A', runId: 'r2', examined: true }),
      act: async (...given) => {
        acted.push(given);
        return { is: 'taken', actionId: (given[2] as { actionId: string }).actionId, visit: '2-human-test#1' };
      },
      read: async () => ({ run: { workflowId: 'run/default/A', status: 'parked', steps: [] }, end: { is: 'live' } }),
      actions: async () => [],
      output: async () => null,
    };
    door = await open();
  });
  afterEach(async () => {
    await door.close();
    await state.close();
    await database.remove();
  });

  it('wants a token, and says how to get one', async () => {
    for (const token of [undefined, 'gatehouse_wrong']) {
      const { status, body, headers } = await ask('/api/v1/runs', token);
      expect([status, body['code'], headers.get('www-authenticate')]).toEqual([401, 'unauthenticated', 'Bearer']);
    }
  });

  it('knows a token until it is revoked or has expired, and keeps no token', async () => {
    const tokens = new Tokens(state);
    const { id, token } = await tokens.create({ name: 'ci', may: ['see'], days: 1 }, Date.now());
    expect((await ask('/api/v1/runs', token)).status).toBe(200);
    expect(await tokens.callerOf(token, Date.now() + 2 * 86_400_000)).toBeUndefined();
    expect(await tokens.revoke('ci')).toMatchObject([{ id }]);
    expect((await ask('/api/v1/runs', token)).status).toBe(401);
    const kept = JSON.stringify(await state.query((db) => db.selectFrom('tokens').selectAll().execute()));
    expect(kept).not.toContain(token);
  });

  const forbidden: [string, May[], (token: string) => Promise<Answer>][] = [
    ['reading', ['start'], (token) => ask('/api/v1/runs', token)],
    ['starting', ['see'], (token) => post('/api/v1/runs', token, INPUT)],
    [
      'starting on a path of this machine',
      ['start'],
      (token) => post('/api/v1/runs', token, { ...INPUT, change: { repository: '/srv/shop' } }),
    ],
    ['another action', ['see', 'confirm'], (token) => post('/api/v1/runs/default/A/actions/merge', token, {})],
  ];
  it.each(forbidden)('refuses %s to a token that may not', async (__, may, request) => {
    const { status, body } = await request(await tokenFor(...may));
    expect([status, body['code']]).toEqual([403, 'not_allowed']);
  });

  it('shows a token of one workspace no other one', async () => {
    const { token } = await new Tokens(state).create({ name: 'ci', may: ['see'], workspace: 'other', days: 1 });
    await rows.write(noteOf(parked('A', 1)));
    expect((await ask('/api/v1/runs', token)).body).toEqual({ runs: [] });
    expect((await ask('/api/v1/runs?workspace=default', token)).status).toBe(403);
    expect((await ask('/api/v1/runs/default/A', token)).status).toBe(403);
  });

  it('shows the diff of a change as text, and says when it is cut', async () => {
    const token = await tokenFor('see');
    runs['diff'] = async () => ({ text: 'diff --git a/a b/a\n', truncated: true });
    const answer = await fetch(`${door.url}/api/v1/runs/default/A/diff`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.headers.get('content-type')).toBe('text/x-diff; charset=utf-8');
    expect([answer.headers.get('x-truncated'), await answer.text()]).toEqual(['true', 'diff --git a/a b/a\n']);
    expect((await ask('/api/v1/runs/default/A/diff', await tokenFor('start'))).status).toBe(403);
  });

  it('shows the part of a log that is asked for, and where the next one begins', async () => {
    const token = await tokenFor('see');
    const asked: unknown[] = [];
    runs['log'] = async (...given) => {
      asked.push(given);
      return { step: 2, attempt: 1, text: 'tests: ok\n', offset: 7, next: 17, ended: false };
    };
    const path = `${door.url}/api/v1/runs/default/A/log`;
    const init = { headers: { authorization: `Bearer ${token}` } };
    const answer = await fetch(`${path}?step=2&attempt=1&offset=7`, init);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const said = ['x-offset', 'x-next', 'x-ended'].map((name) => answer.headers.get(name));
    expect([...said, await answer.text()]).toEqual(['7', '17', 'false', 'tests: ok\n']);
    expect(asked).toEqual([['run/default/A', { step: 2, attempt: 1, stream: 'stdout', offset: 7 }]]);
    expect((await fetch(`${path}?offset=-1`, init)).status).toBe(422);
    expect((await fetch(`${path}?line=3`, init)).status).toBe(422);
  });

  it('lists runs newest first, page by page', async () => {
    const token = await tokenFor('see');
    const at = (n: number) => ({ startedAt: new Date(Date.UTC(2026, 10, 1, n)).toISOString() });
    for (const n of [1, 2, 3, 4, 5]) await rows.write(noteOf(stateOf(`T${n}`, 1, at(n))));
    const seen: string[] = [];
    let next: unknown;
    do {
      const { body } = await ask(`/api/v1/runs?limit=2${next === undefined ? '' : `&cursor=${String(next)}`}`, token);
      seen.push(...(body['runs'] as { task: { id: string } }[]).map(({ task }) => task.id));
      next = body['next'];
    } while (next !== undefined);
    expect(seen).toEqual(['T5', 'T4', 'T3', 'T2', 'T1']);
  });

  it('lists the inbox with the oldest wait first, and filters', async () => {
    const token = await tokenFor('see');
    await rows.write(noteOf(parked('A', 9)));
    await rows.write(noteOf(parked('B', 3)));
    await rows.write(noteOf(stateOf('C', 1)));
    await rows.write(noteOf(ended('D', 1)));
    const ids = async (query: string) =>
      ((await ask(`/api/v1/runs?${query}`, token)).body['runs'] as { task: { id: string } }[]).map(
        ({ task }) => task.id,
      );
    expect(await ids('waitingOn=person')).toEqual(['B', 'A']);
    expect(await ids('status=running')).toEqual(['C']);
    expect(await ids('step=human-test&limit=1')).toHaveLength(1);
    expect(await ids('repository=nowhere')).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['status=gone', 'status'],
    ['cursor=x', 'cursor'],
    ['colour=red', 'colour'],
  ])('names the wrong field of %s', async (query, field) => {
    const { status, body } = await ask(`/api/v1/runs?${query}`, await tokenFor('see'));
    expect([status, body['code']]).toEqual([422, 'invalid_input']);
    expect(JSON.stringify(body['fields'])).toContain(field);
  });

  it('answers 304 for a run that has not changed', async () => {
    const token = await tokenFor('see');
    const { headers } = await ask('/api/v1/runs/default/A', token);
    const again = await ask('/api/v1/runs/default/A', token, { headers: { 'if-none-match': headers.get('etag')! } });
    expect(again.status).toBe(304);
  });

  it('starts a run in the name of the token', async () => {
    const started: unknown[] = [];
    runs.start = async (...given) => {
      started.push(given[0]);
      return { workflowId: 'run/default/A', runId: 'r1', examined: false, retried: false };
    };
    const { status, body } = await post('/api/v1/runs', await tokenFor('start'), INPUT);
    expect([status, body]).toEqual([201, { workflowId: 'run/default/A', runId: 'r1', examined: false }]);
    expect(started).toEqual([{ ...INPUT, startedBy: 'ci' }]);
  });

  it.each([
    [{ ...INPUT, startedBy: 'ana' }, 'startedBy'],
    [{ ...INPUT, resume: {} }, 'resume'],
    [{ ...INPUT, pipeline: 'nothing' }, 'pipeline'],
  ])('refuses to start with %j', async (input, field) => {
    const { status, body } = await post('/api/v1/runs', await tokenFor('start'), input);
    expect([status, JSON.stringify(body['fields'])]).toEqual([422, expect.stringContaining(field)]);
  });

  const failures: [Error, number, string][] = [
    [new LiveRun('run/default/A'), 409, 'live_run'],
    [new InvalidInput([{ path: 'change.repository', expected: 'one' }]), 422, 'invalid_input'],
    [new Unreachable('away'), 503, 'unreachable'],
    [new NotFound('gone'), 404, 'not_found'],
    [new Refused('stale', 'It moved.', { offers: ['confirm'], visit: 'v', head: 'h' }), 409, 'stale'],
    [new Refused('not_allowed', 'A second person must.'), 403, 'not_allowed'],
    [new Refused('invalid', 'Wrong.'), 422, 'invalid'],
    [new Error('a secret of ours'), 500, 'internal'],
  ];
  it.each(failures)('answers %p as a problem', async (failure, status, code) => {
    runs.act = async () => Promise.reject(failure);
    const token = await tokenFor('see', 'confirm');
    const answer = await post('/api/v1/runs/default/A/actions/confirm', token, {});
    expect([answer.status, answer.body['code']]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(JSON.stringify(answer.body)).not.toContain('a secret of ours');
    if (code === 'stale') expect(answer.body).toMatchObject({ offers: ['confirm'], visit: 'v', head: 'h' });
  });

  it('acts once per Idempotency-Key, as the same action', async () => {
    const token = await tokenFor('see', 'requestFix');
    const path = '/api/v1/runs/default/A/actions/requestFix';
    const one = await post(path, token, { findings: 'Wrong.' }, { 'idempotency-key': 'k' });
    const two = await post(path, token, { findings: 'Wrong.' }, { 'idempotency-key': 'k' });
    expect([one.status, two.body]).toEqual([200, one.body]);
    const inputs = acted.map((given) => (given as unknown[])[2] as Record<string, unknown>);
    expect(inputs[0]).toMatchObject({ findings: 'Wrong.', by: 'ci', via: 'http' });
    expect(new Set(inputs.map(({ actionId }) => actionId)).size).toBe(1);
  });

  it('says that an action is queued', async () => {
    runs.act = async () => ({ is: 'queued', actionId: 'a' });
    const { status, body } = await post('/api/v1/runs/default/A/actions/stop', await tokenFor('stop'), {});
    expect([status, body]).toEqual([202, { actionId: 'a' }]);
  });

  it('starts once per Idempotency-Key, and refuses the key for something else', async () => {
    let count = 0;
    runs.start = async () => ({ workflowId: 'run/default/A', runId: `r${(count += 1)}`, examined: true });
    const token = await tokenFor('start');
    const start = (input: object) => post('/api/v1/runs', token, input, { 'idempotency-key': 'k' });
    const [one, two] = [await start(INPUT), await start(INPUT)];
    expect([one.body, count]).toEqual([two.body, 1]);
    expect((await start({ ...INPUT, pipeline: 'simple' })).body['code']).toBe('key_reused');
    const other = await tokenFor('start');
    expect((await post('/api/v1/runs', other, INPUT, { 'idempotency-key': 'k' })).status).toBe(201);
  });

  it('does the work again for a key whose request failed', async () => {
    const token = await tokenFor('start');
    runs.start = async () => Promise.reject(new Unreachable('away'));
    expect((await post('/api/v1/runs', token, INPUT, { 'idempotency-key': 'k' })).status).toBe(503);
    runs.start = async () => ({ workflowId: 'run/default/A', runId: 'r1', examined: true });
    expect((await post('/api/v1/runs', token, INPUT, { 'idempotency-key': 'k' })).status).toBe(201);
  });

  const foreign: [string, Record<string, string>, number][] = [
    ['a foreign page', { origin: 'https://evil.example.com' }, 403],
    ['a proxy that nobody named', { 'x-forwarded-for': '1.2.3.4' }, 400],
    ['our own page', { origin: 'http://localhost:1234' }, 200],
  ];
  it.each(foreign)('answers %s', async (__, headers, status) => {
    expect((await ask('/api/v1/runs', await tokenFor('see'), { headers })).status).toBe(status);
  });

  it('lets a caller make so many requests a minute', async () => {
    await door.close();
    door = await open({ rate: 3 });
    const token = await tokenFor('see');
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await ask('/api/v1/runs', token)).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    expect((await ask('/api/v1/runs', await tokenFor('see'))).status).toBe(200);
  });

  const bodies: [string, RequestInit, number][] = [
    ['over 1 MB', { body: JSON.stringify('x'.repeat(1_100_000)) }, 413],
    ['of another type', { body: 'a=b', headers: { 'content-type': 'text/plain' } }, 415],
    ['of a form', { body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415],
    ['that is no JSON', { body: '{' }, 400],
    ['with a key that would change objects', { body: '{"__proto__":{"a":1}}' }, 400],
  ];
  it.each(bodies)('refuses a body %s', async (__, init, status) => {
    const answer = await ask('/api/v1/runs', await tokenFor('start'), { method: 'POST', ...init });
    expect([answer.status, typeof answer.body['code']]).toEqual([status, 'string']);
  });

  it('describes every route as OpenAPI 3.1', async () => {
    const { body } = await ask('/openapi.json', undefined);
    expect(body['openapi']).toBe('3.1.0');
    expect(Object.keys(body['paths'] as object).sort()).toEqual([
      '/api/v1/events',
      '/api/v1/runs',
      '/api/v1/runs/{workspace}/{task}',
      '/api/v1/runs/{workspace}/{task}/actions',
      '/api/v1/runs/{workspace}/{task}/actions/{action}',
      '/api/v1/runs/{workspace}/{task}/diff',
      '/api/v1/runs/{workspace}/{task}/events',
      '/api/v1/runs/{workspace}/{task}/log',
      '/api/v1/runs/{workspace}/{task}/retry',
      '/api/v1/runs/{workspace}/{task}/steps/{step}/output',
    ]);
  });

  /** Reads events until the predicate holds, and ends the stream. */
  async function eventsOf(path: string, token: string, done: (text: string) => boolean, opened = async () => {}) {
    const ending = new AbortController();
    const init = { headers: { authorization: `Bearer ${token}` }, signal: ending.signal };
    const answer = await fetch(`${door.url}${path}`, init);
    await opened();
    let text = '';
    for await (const part of answer.body!) {
      text += Buffer.from(part).toString('utf8');
      if (done(text)) break;
    }
    ending.abort();
    return text;
  }

  it('follows a run until it has ended', async () => {
    await rows.write(noteOf(parked('A', 1)));
    const token = await tokenFor('see');
    const end = async () => {
      const run = { workflowId: 'run/default/A', status: 'passed', steps: [] };
      runs.read = async () => ({ run, end: { is: 'done' } });
      await rows.write(noteOf(ended('A', 2)));
    };
    const text = await eventsOf('/api/v1/runs/default/A/events', token, (said) => said.includes('event: end'), end);
    expect(text.match(/event: \w+/g)).toEqual(['event: run', 'event: run', 'event: end']);
    expect(text).toContain('"status":"parked"');
    expect(text).toContain('"status":"passed"');
  });

  it('follows all runs that the caller may see', async () => {
    const { token } = await new Tokens(state).create({ name: 'ci', may: ['see'], workspace: 'other', days: 1 });
    await rows.write(noteOf(parked('A', 1)));
    const change = async () => {
      await rows.write(noteOf(parked('A', 2)));
      await rows.write(noteOf(stateOf('B', 1, { workspace: 'other' })));
    };
    const text = await eventsOf('/api/v1/events', token, (said) => said.includes('event: row'), change);
    expect(text).toContain('"id":"B"');
    expect(text).not.toContain('"id":"A"');
  });
});
