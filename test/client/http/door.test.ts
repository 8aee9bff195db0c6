import { createHmac, randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { pino } from 'pino';
import { openDoor, type Door } from '../../../client/http/door.ts';
import type { Runs } from '../../../client/runs.ts';
import { RunRows } from '../../../activities/adapters/state/runs.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { DATABASES, openState } from '../../support/state/databases.ts';
import { ended, noteOf, parked } from '../../support/state/notes.ts';
import { until } from '../../support/until.ts';

const SECRET = 'a secret of the webhook';
const REPOSITORY = 'https://github.com/acme/shop';

describe.each(DATABASES)('the HTTP door on %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  let door: Door;
  let hints: string[];
  let away: boolean;

  const open = () =>
    openDoor(
      {
        runs: { hint } as Partial<Runs> as Runs,
        state,
        reachable: async () => !away,
        secrets: { github: SECRET },
        log: pino({ level: 'silent' }),
      },
      { host: '127.0.0.1', port: 0, exact: true },
    );
  const hint = async (workflowId: string, about: string) => {
    if (away) throw new Error('Temporal is away');
    hints.push(`${workflowId} ${about}`);
  };

  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    [hints, away] = [[], false];
    const rows = new RunRows(state);
    const at = { repository: REPOSITORY, pullRequest: 7 };
    await rows.write(noteOf({ ...parked('A', 1), ...at, branch: 'gatehouse/A' }));
    await rows.write(noteOf({ ...parked('B', 1), ...at, branch: 'gatehouse/B', pullRequest: 8 }));
    await rows.write(noteOf({ ...ended('C', 1), ...at, branch: 'gatehouse/A' }));
    await rows.write(noteOf({ ...parked('D', 1), ...at, repository: `${REPOSITORY}2`, branch: 'gatehouse/A' }));
    door = await open();
  });
  afterEach(async () => {
    await door.close();
    await state.close();
    await database.remove();
  });

  const post = (body: object, { headers = {}, secret = SECRET, event = 'push', to = '/webhooks/github' } = {}) => {
    const text = JSON.stringify(body);
    return fetch(`${door.url}${to}`, {
      method: 'POST',
      body: text,
      headers: {
        'content-type': 'application/json',
        'x-github-event': event,
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`,
        ...headers,
      },
    });
  };
  const PUSH = { ref: 'refs/heads/gatehouse/A', after: 'a1', repository: { html_url: 'https://github.com/ACME/Shop' } };

  it('hints to the live runs of the repository whose change a webhook names', async () => {
    expect((await post(PUSH)).status).toBe(202);
    await until('a hint', async () => hints.length > 0);
    expect(hints).toEqual(['run/default/A change']);
  });

  it('takes a delivery once', async () => {
    const headers = { 'x-github-delivery': 'one' };
    expect((await post(PUSH, { headers })).status).toBe(202);
    await until('a hint', async () => hints.length > 0);
    expect((await post({ ...PUSH, ref: 'refs/heads/gatehouse/B' }, { headers })).status).toBe(202);
    await post({ ...PUSH, ref: 'refs/heads/gatehouse/B' });
    await until('the hint of another delivery', async () => hints.length > 1);
    expect(hints).toEqual(['run/default/A change', 'run/default/B change']);
  });

  it('keeps what it cannot pass on, also when it is closed meanwhile', async () => {
    away = true;
    expect((await post(PUSH)).status).toBe(202);
    expect((await fetch(`${door.url}/readyz`)).status).toBe(503);
    await door.close();
    door = await open();
    // As if the delivery had come long ago: a door takes up what another one has left.
    await state.query((db) => db.updateTable('deliveries').set({ received_at: 1 }).execute());
    away = false;
    await until('the kept hint', async () => hints.length > 0);
    expect(hints).toEqual(['run/default/A change']);
  });

  it('notes comments on pull requests of ours for the workers, and no others', async () => {
    const comment = { id: 5, body: '/gatehouse confirm' };
    const on = (number: number) => ({
      action: 'created',
      repository: { html_url: REPOSITORY },
      issue: { number, pull_request: {} },
      comment: { ...comment, id: number },
    });
    for (const number of [7, 9]) await post(on(number), { event: 'issue_comment' });
    const comments = () =>
      state.query((db) => db.selectFrom('comments').select(['repository', 'id', 'number']).execute());
    await until('a comment', async () => (await comments()).length > 0);
    expect(await comments()).toEqual([{ repository: REPOSITORY, id: 7, number: 7 }]);
  });

  const refused: [string, Parameters<typeof post>[1], number][] = [
    ['a wrong signature', { secret: 'another' }, 401],
    ['a forge without a secret', { to: '/webhooks/gitea' }, 404],
    ['an unknown event', { event: 'star' }, 202],
  ];
  it.each(refused)('hints nothing for %s', async (__, how, status) => {
    expect((await post(PUSH, how)).status).toBe(status);
    await post({ ...PUSH, ref: 'refs/heads/gatehouse/B' });
    await until('the hint of a good one', async () => hints.length > 0);
    expect(hints).toEqual(['run/default/B change']);
  });

  it('refuses a body that says it is over 25 MB before it has read it', async () => {
    const { port } = new URL(door.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sending = request({ port, path: '/webhooks/github', method: 'POST', headers: { 'content-length': 27e6 } });
      sending.on('response', ({ statusCode }) => {
        resolve(statusCode);
        sending.destroy();
      });
      sending.on('error', reject);
      sending.flushHeaders();
    });
    expect(status).toBe(413);
  });

  it('says that it lives, and that it is ready', async () => {
    expect(await (await fetch(`${door.url}/healthz`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${door.url}/readyz`)).json()).toEqual({ temporal: true, database: true });
  });

  it('answers what it does not know as a problem', async () => {
    const answer = await fetch(`${door.url}/nothing`);
    expect(answer.headers.get('content-type')).toMatch('application/problem+json');
    expect(await answer.json()).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('survives a client that sends no HTTP', async () => {
    const { port } = new URL(door.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('\0\0\0 nothing\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve).resume());
    expect((await fetch(`${door.url}/healthz`)).status).toBe(200);
  });
});
