import { Secret } from '../../../activities/adapters/hosted/secrets.ts';
import { slackNotifier } from '../../../activities/adapters/slack/notifier.ts';
import { verify } from '../../../activities/adapters/slack/calling.ts';
import { RunRows } from '../../../activities/adapters/state/runs.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import type { Message, NoticedRun } from '../../../activities/ports.ts';
import { slackServer } from '../../support/slack/server.ts';
import { DATABASES, openState } from '../../support/state/databases.ts';
import { actionOf, ended, noteOf, parked } from '../../support/state/notes.ts';
import { messageOf, notifierContract } from './notifier-contract.ts';

const [[, fresh]] = DATABASES as [(typeof DATABASES)[0]];
const VISIT = '2-human-test#1';
const about: NoticedRun = {
  ...{ workflowId: 'run/default/A', task: { id: 'A', title: 'Totals' }, repository: '/srv/shop.git', head: 'a1' },
  ...{ detail: 'Try it', since: '2026-11-24T10:00:00.000Z', offers: ['confirm', 'requestFix', 'stop'] },
  ...{ visit: VISIT, page: 'https://gate.example/runs/default/A' },
};
const wait = (over: Partial<Message['notice']> = {}): Message => ({
  ...messageOf({ type: 'human_test_ready', visit: VISIT, text: 'Try <!channel> *it*.', ...over }, 'run/default/A'),
  ...{ to: { channel: '#ship' }, about },
});

let database: Awaited<ReturnType<typeof fresh>>;
let state: State;
let slack: Awaited<ReturnType<typeof slackServer>>;
const lines: string[] = [];
beforeEach(async () => {
  lines.length = 0;
  database = await fresh();
  state = await openState(database.location);
  slack = await slackServer();
});
afterEach(async () => {
  await slack.close();
  await state.close();
  await database.remove();
});
const open = () =>
  slackNotifier({
    ...{ api: slack.url, state, buttons: true },
    token: new Secret({ name: 'GATEHOUSE_SLACK_TOKEN', value: 'xoxb-good' }),
    idOf: (person) => (person === 'ana' ? 'UANA' : undefined),
    log: (fields, line) => void lines.push(`${line} ${JSON.stringify(fields)}`),
  });

notifierContract('Slack', async () => {
  const notifier = open();
  return {
    notifier: { deliver: (message) => notifier.deliver({ ...message, to: { channel: '#ship' } }) },
    told: async () =>
      slack.shown.map(({ metadata: { event_payload: it }, blocks }) => {
        return `${it['run']}: ${it['notice']} ${it['type']} ${it['severity']}: ${blocks[1]?.text?.text}`;
      }),
    dispose: async () => undefined,
  };
});

describe('a message in Slack', () => {
  it('has buttons for what needs only a press, with visit and head, and a link for the rest', async () => {
    await open().deliver(wait());
    const [{ blocks }] = slack.messages as [(typeof slack.messages)[0]];
    const buttons = blocks.flatMap(({ elements = [] }) => elements);
    expect(buttons.map(({ action_id }) => action_id)).toEqual(['confirm', 'stop']);
    expect(JSON.parse(buttons[0]!.value)).toEqual({
      run: 'run/default/A',
      visit: VISIT,
      action: 'confirm',
      head: 'a1',
    });
    expect(blocks.at(-1)?.text?.text).toBe(`<${about.page}|See the run and decide>`);
    expect(blocks[1]?.text).toMatchObject({ type: 'plain_text', text: 'Try <!channel> *it*.' });
  });

  it('is updated in place when it becomes urgent, and when somebody has answered', async () => {
    const notifier = open();
    await notifier.deliver(wait());
    await notifier.deliver(wait({ severity: 'urgent' }));
    const rows = new RunRows(state);
    await rows.write(noteOf(parked('A', 1)));
    await notifier.refresh?.();
    expect(slack.shown).toHaveLength(2);
    const answer = actionOf('x', { action: 'confirm', by: 'ana', visit: VISIT });
    await rows.write(noteOf(ended('A', 2), { actions: [answer] }));
    await notifier.refresh?.();
    await notifier.refresh?.();
    expect(slack.shown).toHaveLength(3);
    expect(slack.messages).toHaveLength(1);
    const text = JSON.stringify(slack.messages[0]!.blocks);
    expect(text).toContain('Answered: Looks good, by ana.');
    expect(text).not.toContain('"button"');
  });

  it.each([
    [{ channel: '#ship' }, 'CSHIP'],
    [{ person: 'ana' }, 'DUANA'],
  ])('to %j whose answer was lost is found again, and not repeated', async (to, channel) => {
    slack.script.push({ method: 'chat.postMessage', lost: true });
    await expect(open().deliver({ ...wait(), to })).rejects.toThrow('Slack does not answer chat.postMessage.');
    await open().deliver({ ...wait(), to });
    expect(slack.messages.map((each) => each.channel)).toEqual([channel]);
  });

  it('waits as long as Slack asks', async () => {
    slack.script.push({ method: 'chat.postMessage', status: 429, headers: { 'retry-after': '7' } });
    await expect(open().deliver(wait())).rejects.toMatchObject({ retryAfterMs: 7_000 });
    await open().deliver(wait());
    expect(slack.messages).toHaveLength(1);
  });

  it.each(['channel_not_found', 'is_archived'])('that is refused as %s is dropped with a line', async (error) => {
    slack.script.push({ method: 'chat.postMessage', error });
    await open().deliver(wait());
    expect(lines.join()).toContain(`Slack answers ${error}`);
  });

  it('of any length fits', async () => {
    const long = 'x'.repeat(2_000);
    await open().deliver({ ...wait({ text: long }), task: { id: 'A', title: long, type: 'feature' } });
    expect([slack.messages.length, lines]).toEqual([1, []]);
  });
});

it('a token is asked whether it is valid, and no answer contains it', async () => {
  const secret = (value: string) => new Secret({ name: 'GATEHOUSE_SLACK_TOKEN', value });
  expect(await verify(slack.url, secret('xoxb-good'))).toBeUndefined();
  expect(await verify(slack.url, secret('xoxb-bad'))).toBe('Slack answers invalid_auth to auth.test.');
});
