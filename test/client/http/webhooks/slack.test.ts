import { createHmac } from 'node:crypto';
import { pino } from 'pino';
import { openDoor, type Door } from '../../../../client/http/door.ts';
import { Refused } from '../../../../client/errors.ts';
import type { Runs } from '../../../../client/runs.ts';
import { slackServer } from '../../../support/slack/server.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';
import type { Configuration } from '../../../../activities/adapters/configuration/configuration.ts';
import { RunRows } from '../../../../activities/adapters/state/runs.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { noteOf, parked } from '../../../support/state/notes.ts';

const SECRET = 'a signing secret';
const BUTTON = { run: 'run/default/A', visit: 'v#1', action: 'confirm', head: 'a1' };
const [[, fresh]] = DATABASES as [(typeof DATABASES)[0]];

let database: Awaited<ReturnType<typeof fresh>>;
let state: State;
let slack: Awaited<ReturnType<typeof slackServer>>;
let door: Door;
let acted: { run: string; action: string; input: Record<string, unknown> }[];
let refusal: Error | undefined;
let roles: Configuration['roles'];

const open = (secret: string | undefined) =>
  openDoor(
    {
      runs: {
        async act(run, action, input = {}) {
          if (refusal) throw refusal;
          acted.push({ run, action, input });
          return { is: 'taken', actionId: 'x' };
        },
      } as Partial<Runs> as Runs,
      state,
      reachable: async () => true,
      secrets: {},
      ...(secret && {
        slack: {
          secret,
          origins: [new URL(slack.url).origin],
          configuration: () => ({ people: { ana: { slack: 'UANA' } }, roles }),
        },
      }),
      log: pino({ level: 'silent' }),
    },
    { host: '127.0.0.1', port: 0, exact: true },
  );
beforeEach(async () => {
  roles = {};
  database = await fresh();
  state = await openState(database.location);
  slack = await slackServer();
  [acted, refusal] = [[], undefined];
  door = await open(SECRET);
});
afterEach(async () => {
  await door.close();
  await slack.close();
  await state.close();
  await database.remove();
});

const nowS = () => Math.floor(Date.now() / 1_000);
const signed = (body: string, { secret = SECRET, time = String(nowS()) } = {}) => ({
  'x-slack-request-timestamp': time,
  'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${time}:${body}`).digest('hex')}`,
});
const bodyOf = (value: unknown = BUTTON, { user = 'UANA', id = 'confirm', ts = '1.5' } = {}) =>
  new URLSearchParams({
    payload: JSON.stringify({
      type: 'block_actions',
      user: { id: user },
      response_url: `${slack.url}reply`,
      actions: [
        {
          type: 'button',
          action_id: id,
          action_ts: ts,
          value: typeof value === 'string' ? value : JSON.stringify(value),
        },
      ],
    }),
  }).toString();
const post = async (body: string, headers: Record<string, string> = signed(body)) =>
  (
    await fetch(`${door.url}/webhooks/slack`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
  ).status;
const replies = () =>
  slack.calls.filter(({ method }) => method === 'reply').map(({ fields }) => JSON.stringify(fields));

it('a button acts as the person, with what it carries, and a replay has the same id', async () => {
  expect([await post(bodyOf()), await post(bodyOf())]).toEqual([200, 200]);
  const [first, again] = acted;
  expect(first).toMatchObject({ run: BUTTON.run, action: 'confirm' });
  expect(first?.input).toMatchObject({ by: 'ana', visit: 'v#1', head: 'a1', via: 'slack' });
  expect(again?.input['actionId']).toBe(first?.input['actionId']);
  expect(await post(bodyOf(BUTTON, { ts: '2.5' }))).toBe(200);
  expect(acted[2]?.input['actionId']).not.toBe(first?.input['actionId']);
  expect(replies().join()).toContain('ephemeral');
});

it.each([
  ['main', 1],
  ['next', 0],
  [undefined, 0],
])('a role for the base main, on a run into %s, lets through %i', async (base, count) => {
  const repository = 'https://github.com/acme/shop';
  roles = { lead: { people: ['ana'], may: ['confirm'], repositories: [repository], bases: ['main'] } };
  await new RunRows(state).write(noteOf({ ...parked('A', 1), repository, base }));
  expect(await post(bodyOf())).toBe(200);
  expect(acted).toHaveLength(count);
});

it.each<[string, (body: string) => Record<string, string>]>([
  ['without a signature', () => ({})],
  ['with the signature of another secret', (body) => signed(body, { secret: 'another secret' })],
  ['with the signature of another body', (body) => signed(`${body}&x=1`)],
  ['that is too old', (body) => signed(body, { time: String(nowS() - 400) })],
  ['from the future', (body) => signed(body, { time: String(nowS() + 400) })],
  ['with an odd time', (body) => signed(body, { time: '1e9' })],
  [
    'with another time than the signed one',
    (body) => ({ ...signed(body), 'x-slack-request-timestamp': String(nowS() - 1) }),
  ],
  [
    'with half a signature',
    (body) => ({ ...signed(body), 'x-slack-signature': signed(body)['x-slack-signature'].slice(0, 30) }),
  ],
  [
    'with another version',
    (body) => ({ ...signed(body), 'x-slack-signature': signed(body)['x-slack-signature'].replace('v0', 'v1') }),
  ],
])('a request %s is refused', async (_, headersOf) => {
  const body = bodyOf();
  expect(await post(body, headersOf(body))).toBe(401);
  expect(acted).toEqual([]);
});

it.each([
  ['no JSON', '{'],
  ['no run', { ...BUTTON, run: 'env/default/A' }],
  ['an unknown action', { ...BUTTON, action: 'deleteAll' }],
  ['another action than its own', { ...BUTTON, action: 'merge' }],
  ['no visit', { ...BUTTON, visit: '' }],
])('a button with %s has no effect', async (_, value) => {
  expect(await post(bodyOf(value))).toBe(200);
  expect(acted).toEqual([]);
});

it('a person whom the configuration file does not name is refused, and told alone', async () => {
  expect(await post(bodyOf(BUTTON, { user: 'UEVE' }))).toBe(200);
  expect(acted).toEqual([]);
  expect(replies().join()).toContain('Nobody in the configuration file');
});

it('a refusal of the run is told', async () => {
  refusal = new Refused('stale', 'Somebody else was faster.', {});
  expect(await post(bodyOf())).toBe(200);
  expect(replies().join()).toContain('Somebody else was faster.');
});

it('there is no such address without a secret', async () => {
  await door.close();
  door = await open(undefined);
  expect(await post(bodyOf())).toBe(404);
});
