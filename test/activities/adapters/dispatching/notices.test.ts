import { parseConfiguration } from '../../../../activities/adapters/configuration/configuration.ts';
import { Digests } from '../../../../activities/adapters/dispatching/digests.ts';
import { NoticedRuns } from '../../../../activities/adapters/dispatching/noticed-runs.ts';
import { routedNotifier } from '../../../../activities/adapters/dispatching/notifiers.ts';
import { outbox } from '../../../../activities/adapters/dispatching/outbox.ts';
import { RunRows } from '../../../../activities/adapters/state/runs.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import { InMemoryNotifier } from '../../../support/in-memory/notifier.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';
import { ended, noteOf, parked } from '../../../support/state/notes.ts';
import { messageOf } from '../notifier-contract.ts';

/** Quiet for all but the minute before midnight UTC, in which the test of it would be wrong. */
const FILE = `
people:
  ana: { email: ana@example.com, slack: UANA, digest: "00:00" }
  ben: { email: ben@example.com, quiet: { from: "00:00", to: "23:59", zone: UTC } }
  eve: {}
notify:
  - { to: slack, channel: "#ship", types: [merge_review] }
  - { to: slack, channel: "#ship" , repositories: ["/srv/shop.git"] }
  - { to: email }
`;
const read = (text: string) => parseConfiguration(text, { file: '/x/gatehouse.yml', environment: {} });
const configured = () => {
  const parsed = read(FILE);
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return parsed.configuration;
};

describe.each(DATABASES)('notices on %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  const closing: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    await new RunRows(state).write(noteOf({ ...parked('A', 1), repository: '/srv/shop.git' }));
  });
  afterEach(async () => {
    for (const each of closing.splice(0)) await each.close();
    await state.close();
    await database.remove();
  });
  const open = () => {
    const [chat, post] = [new InMemoryNotifier(), new InMemoryNotifier()];
    const configuration = configured();
    const dispatcher = routedNotifier(
      [
        { name: 'slack', notifier: chat, reaches: 'slack' },
        { name: 'email', notifier: post, reaches: 'email' },
      ],
      () => configuration.notify ?? [],
      { state, log: () => undefined, configuration: () => configuration, pageOf: (id) => `https://gate.example/${id}` },
    );
    closing.push(dispatcher);
    const to = ({ told }: InMemoryNotifier) =>
      [...told.values()].filter(({ digest }) => !digest).map(({ to }) => to?.channel ?? to?.person);
    return { dispatcher, chat, post, to };
  };

  it('go along every route that fits, to each receiver once, and say what is known of the run', async () => {
    const { dispatcher, chat, post, to } = open();
    const message = messageOf({ type: 'merge_review', severity: 'urgent' }, 'run/default/A');
    await dispatcher.deliver(message);
    await dispatcher.deliver(message);
    expect([to(chat), to(post)]).toEqual([['#ship'], ['ana', 'ben']]);
    const page = 'https://gate.example/run/default/A';
    expect([...chat.told.values()][0]?.about).toMatchObject({ page, offers: ['confirm'], visit: '2-human-test#1' });
  });

  it('wait for the end of quiet hours unless they are urgent, in the database', async () => {
    const { dispatcher, post, to } = open();
    await dispatcher.deliver(messageOf({}, 'run/default/A'));
    expect(to(post)).toEqual(['ana']);
    const row = await state.query((db) => db.selectFrom('outbox').select(['key', 'due_at']).execute());
    expect(row.map(({ key }) => key.endsWith(' to ben'))).toEqual([true]);
    expect(row[0]!.due_at).toBeGreaterThan(Date.now());
    expect((await dispatcher.list()).kept).toEqual([]);
  });

  it('are not sent to a person whose answer came from elsewhere', async () => {
    await new RunRows(state).write(noteOf(ended('A', 9)));
    const { dispatcher, post, to } = open();
    await dispatcher.deliver(messageOf({ severity: 'urgent', visit: '2-human-test#1' }, 'run/default/A'));
    expect(to(post)).toEqual([]);
  });

  it('make one digest a day with two workers, and none if nothing waits', async () => {
    const notifier = new InMemoryNotifier();
    const digests = [1, 2].map(() => {
      const box = outbox(notifier, { name: 'email', state, log: () => undefined });
      closing.push(box);
      const runs = new NoticedRuns(state, undefined);
      return new Digests({ state, configuration: configured, runs, reach: () => ({ box }) });
    });
    const day = Date.parse('2026-11-29T09:00:00Z');
    await Promise.all([...digests, ...digests].map((each) => each.make(day)));
    expect([...notifier.told.values()].map(({ to, digest }) => [to?.person, digest?.length])).toEqual([['ana', 1]]);
    await new RunRows(state).write(noteOf(ended('A', 9)));
    await Promise.all(digests.map((each) => each.make(day + 86_400_000)));
    expect(notifier.told.size).toBe(1);
  });
});

it.each([
  ['notify: [{ to: pigeon }]', /notify\[0\]\.to/],
  ['notify: [{ to: log, channel: "#a" }]', /notify\[0\]\.channel: expected no channel/],
  ['notify: [{ to: slack, channel: "#a", people: [ana] }]', /notify\[0\]: expected either channel or people/],
  ['notify: [{ to: slack, channel: "a b" }]', /notify\[0\]\.channel/],
  ['people: { a: { email: "a@b.example\\r\\nBcc: c@d.example" } }', /people\.a\.email/],
  ['people: { a: { quiet: { from: "8:00", to: "09:00", zone: UTC } } }', /people\.a\.quiet\.from/],
  ['people: { a: { quiet: { from: "08:00", to: "08:00", zone: UTC } } }', /expected from and to to differ/],
  ['people: { a: { quiet: { from: "08:00", to: "09:00", zone: Mars } } }', /people\.a\.quiet\.zone/],
  ['people: { a: { digest: "24:00" } }', /people\.a\.digest/],
])('%s is refused', (text, expected) => {
  const parsed = read(text);
  expect('faults' in parsed && parsed.faults.map(({ path, expected }) => `${path}: ${expected}`).join()).toMatch(
    expected,
  );
});
