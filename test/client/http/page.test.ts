import type { Door } from '../../../client/http/door.ts';
import type { May } from '../../../client/http/access/permissions.ts';
import { NotFound, Refused, Unreachable } from '../../../client/errors.ts';
import { RunRows } from '../../../activities/adapters/state/runs.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { accessOf, askedLog, askedRun, DIFF, openPages } from '../../support/page/pages.ts';
import { DATABASES, openState } from '../../support/state/databases.ts';
import { ended, noteOf, parked } from '../../support/state/notes.ts';

const RUN = '/runs/default/PAY-142';
const HOSTILE = `"'><script>alert(1)</script><img src=x onerror=alert(1)>`;

describe.each(DATABASES)('the page on %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  let door: Door;
  let runs: Record<string, (...given: unknown[]) => unknown>;
  let acted: unknown[];
  let refusal: Error | undefined;

  const reopen = async (may?: May[], workspace?: string) => {
    await door.close();
    door = await openPages(state, runs, { access: accessOf(may, workspace) });
  };
  const get = async (path: string) => {
    const answer = await fetch(`${door.url}${path}`, { redirect: 'manual' });
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  };
  const post = async (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) => {
    const body = new URLSearchParams({ csrf: 'ours', ...fields });
    const answer = await fetch(`${door.url}${path}`, { method: 'POST', body, headers, redirect: 'manual' });
    return { status: answer.status, text: await answer.text(), to: answer.headers.get('location') };
  };

  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    [acted, refusal] = [[], undefined];
    runs = {
      read: async () => ({ run: askedRun(), end: { is: 'live' }, pending: [] }),
      actions: async () => askedLog(),
      output: async () => ({ step: 1, kind: 'coder', summary: 'It is done.', output: HOSTILE }),
      diff: async () => ({ text: DIFF.replace('basket', HOSTILE), truncated: false }),
      log: async () => ({ text: HOSTILE, offset: 0, ended: true }),
      act: async (...given) => {
        if (refusal) throw refusal;
        acted.push(given);
        return { is: 'taken', actionId: (given[2] as { actionId: string }).actionId };
      },
    };
    door = await openPages(state, runs);
  });
  afterEach(async () => {
    await door.close();
    await state.close();
    await database.remove();
  });

  it('may not be framed, runs only its own script, and is kept by nobody', async () => {
    const { headers } = await get(RUN);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none';style-src 'self';script-src 'self';img-src 'self' data:;connect-src 'self';" +
        "form-action 'self';frame-ancestors 'none';base-uri 'none'",
    );
    expect(headers.get('cache-control')).toBe('private, no-store');
  });

  it('loads a sheet and a script that browsers keep, and is light', async () => {
    const { text } = await get(RUN);
    let bytes = text.length;
    for (const [, address] of text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)) {
      const asset = await get(address!);
      expect([asset.status, asset.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
      const same = await fetch(`${door.url}${address!}`, { headers: { 'if-none-match': asset.headers.get('etag')! } });
      expect(same.status).toBe(304);
      bytes += asset.text.length;
    }
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(120_000);
  });

  it.each([RUN, `${RUN}/diff`, `${RUN}/log/1/1`, `${RUN}/steps/1`])('%s shows hostile texts as texts', async (path) => {
    runs['read'] = async () => ({ run: askedRun(HOSTILE), end: { is: 'live' }, pending: [] });
    runs['actions'] = async () => askedLog(HOSTILE);
    const { status, text } = await get(path);
    expect(status).toBe(200);
    expect(text).toContain('&lt;script&gt;alert(1)');
    expect(text).not.toMatch(/<script>|<img|href="javascript:| style="| on[a-z]+="/i);
  });

  it('shows the end of a log, where something has just happened', async () => {
    const asked: unknown[] = [];
    runs['log'] = async (...given) => {
      asked.push(given);
      return { text: 'the last lines', offset: 900, ended: false };
    };
    expect((await get(`${RUN}/log/1/2`)).text).toContain('the last lines');
    expect(asked).toEqual([['run/default/PAY-142', { step: 1, attempt: 2, offset: Number.MAX_SAFE_INTEGER }]]);
  });

  it('shows hostile titles in lists, and what was searched, as texts', async () => {
    const row = parked('A', 1);
    await new RunRows(state).write(noteOf({ ...row, task: { ...row.task, title: HOSTILE } }));
    for (const path of ['/inbox', `/runs?text=${encodeURIComponent('<SCRIPT>')}`]) {
      const { text } = await get(path);
      expect(text).toContain('&lt;script&gt;alert(1)');
      expect(text).not.toMatch(/<script>|<img/i);
    }
  });

  it('has a form for every action on offer that its visitor may do, and for no other', async () => {
    const formsIn = async () =>
      new Set([...(await get(RUN)).text.matchAll(/\/actions\/(\w+)"/g)].map(([, name]) => name));
    expect(await formsIn()).toEqual(new Set(askedRun().waitingOn!.offers));
    await reopen(['see', 'requestFix', 'merge']);
    expect(await formsIn()).toEqual(new Set(['requestFix']));
  });

  it('acts as its visitor, with what they have seen, and leads back with what became of it', async () => {
    const head = 'a'.repeat(40);
    const fields = { actionId: 'page:1', visit: '2-human-test#3', head, findings: 'The tax\r\nis missing.', note: '' };
    const { status, to } = await post(`${RUN}/actions/requestFix`, fields);
    expect([status, to]).toEqual([303, `${RUN}?sent=page%3A1`]);
    const said = {
      actionId: 'page:1',
      visit: '2-human-test#3',
      head,
      findings: 'The tax\nis missing.',
      by: 'ana',
      via: 'page',
    };
    expect(acted).toEqual([['run/default/PAY-142', 'requestFix', said]]);
  });

  it.each([
    ['a2', /Send to the fixer was taken from ana\./],
    ['a1', /Looks good was\s+refused/],
    ['unknown', /as soon as a worker answers/],
  ])('says what became of the action %s', async (sent, words) => {
    expect((await get(`${RUN}?sent=${sent}`)).text).toMatch(words);
  });

  const refusals: [string, Error, number, RegExp][] = [
    ['a stale page', new Refused('stale', 'The head is bbbb now.'), 409, /The change moved while you looked/],
    ['an answer that is not on offer', new Refused('not_offered', 'Ana was faster.'), 409, /Ana was faster/],
    ['what the rules forbid', new Refused('not_allowed', 'You started it.'), 403, /You started it/],
    ['a server that is away', new Unreachable('Temporal does not answer.'), 503, /Temporal does not answer/],
  ];
  it.each(refusals)('keeps what was typed when it meets %s', async (__, failure, status, words) => {
    refusal = failure;
    const answer = await post(`${RUN}/actions/requestFix`, { findings: `Wrong ${HOSTILE}`, visit: 'old', head: 'old' });
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(words);
    expect(answer.text).toContain('Wrong &quot;&#39;&gt;&lt;script&gt;');
    expect(answer.text).toContain('value="2-human-test#3"');
    expect(answer.text).not.toContain('value="old"');
  });

  it('refuses an input that is wrong before it is sent, and keeps it', async () => {
    const answer = await post(`${RUN}/actions/restartFrom`, { step: '0' });
    expect([answer.status, acted]).toEqual([422, []]);
    expect(answer.text).toMatch(/step: /);
  });

  it.each<[string, Record<string, string>, May[] | undefined, number]>([
    ['without our token', { csrf: '' }, undefined, 403],
    ['from who may not', {}, ['see'], 403],
  ])('refuses a form %s', async (__, fields, may, status) => {
    await reopen(may);
    const answer = await post(`${RUN}/actions/confirm`, fields);
    expect([answer.status, acted]).toEqual([status, []]);
  });

  it('refuses forms of foreign pages, other media types, and unknown actions', async () => {
    expect((await post(`${RUN}/actions/confirm`, {}, { origin: 'https://elsewhere.example' })).status).toBe(403);
    const json = await fetch(`${door.url}${RUN}/actions/confirm`, {
      method: 'POST',
      body: '{"csrf":"ours"}',
      headers: { 'content-type': 'application/json' },
    });
    expect(json.status).toBe(415);
    expect((await post(`${RUN}/actions/constructor`, {})).status).toBe(404);
    expect(acted).toEqual([]);
  });

  it('sends an approved output only if somebody has changed it', async () => {
    const { proposal = '' } = askedRun().current!;
    await post(`${RUN}/actions/approve`, { proposal: proposal.replaceAll('\n', '\r\n') });
    await post(`${RUN}/actions/approve`, { proposal: 'Another one.' });
    expect(acted.map((each) => (each as [string, string, { proposal?: string }])[2].proposal)).toEqual([
      undefined,
      'Another one.',
    ]);
  });

  it('lists what waits, oldest first, for those who may answer', async () => {
    const rows = new RunRows(state);
    await rows.write(noteOf(parked('B', 2)));
    await rows.write(noteOf(parked('A', 1)));
    await rows.write(noteOf(ended('C', 1)));
    const tasksIn = (text: string) =>
      [...text.matchAll(/class="title"\s+href="[^"]*\/([^"/]+)"/g)].map(([, task]) => task);
    expect(tasksIn((await get('/inbox')).text)).toEqual(['A', 'B']);
    expect(tasksIn((await get('/runs?text=totals&status=passed')).text)).toEqual(['C']);
    expect(tasksIn((await get('/runs?text=nothing')).text)).toEqual([]);
    await reopen(['see']);
    expect(tasksIn((await get('/inbox')).text)).toEqual([]);
    expect(tasksIn((await get('/inbox?show=all')).text)).toEqual(['A', 'B']);
    expect(tasksIn((await get('/inbox?show=all&gate=ci')).text)).toEqual([]);
  });

  it('shows nobody the runs of a workspace that is not theirs', async () => {
    await new RunRows(state).write(noteOf(parked('A', 1)));
    await reopen(['see', 'confirm'], 'other');
    expect((await get(RUN)).status).toBe(403);
    expect((await get('/inbox?show=all')).text).not.toContain('Show totals');
    expect((await get('/runs')).text).not.toContain('Show totals');
  });

  it('says so on a page where there is no such run', async () => {
    runs['read'] = async () => {
      throw new NotFound('There is no run of PAY-142.');
    };
    const { status, text, headers } = await get(RUN);
    expect([status, headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
    expect(text).toContain('There is no run of PAY-142.');
  });

  it('leads to the inbox', async () => {
    expect((await get('/')).headers.get('location')).toBe('/inbox');
  });
});
