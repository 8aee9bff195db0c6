import type { AddressInfo } from 'node:net';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { mailNotifier } from '../../../activities/adapters/mail/notifier.ts';
import { verify } from '../../../activities/adapters/mail/transport.ts';
import type { Message } from '../../../activities/ports.ts';
import { messageOf, notifierContract } from './notifier-contract.ts';

const PASSWORD = 's3cret-word';
const silent = (): void => undefined;

/** A real mail server, whose answers a test may choose. */
async function mailServer() {
  const letters: ParsedMail[] = [];
  const plan: { at: 'RCPT' | 'DATA'; code: number; lost?: boolean }[] = [];
  const refusal = (code: number) => Object.assign(new Error('No.'), { responseCode: code });
  const next = (at: 'RCPT' | 'DATA') => (plan[0]?.at === at ? plan.shift() : undefined);
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    authOptional: true,
    onAuth: ({ password }, _session, done) => (password === PASSWORD ? done(null, { user: 'us' }) : done(refusal(535))),
    onRcptTo(_address, _session, done) {
      const planned = next('RCPT');
      done(planned ? refusal(planned.code) : null);
    },
    onData(stream, _session, done) {
      const planned = next('DATA');
      void simpleParser(stream).then((letter) => {
        if (planned && !planned.lost) return done(refusal(planned.code));
        letters.push(letter);
        // The server has the letter, and the connection is lost before it says so.
        if (planned?.lost) for (const each of server.connections) each.close();
        else done();
      });
    },
  });
  server.on('error', silent);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const url = (password = PASSWORD) => `smtp://us:${password}@127.0.0.1:${port}`;
  return { url, letters, plan, close: () => new Promise<void>((resolve) => server.close(() => resolve())) };
}

let server: Awaited<ReturnType<typeof mailServer>>;
const lines: string[] = [];
const open = (url = server.url()) =>
  mailNotifier({
    server: url,
    from: 'gatehouse@example.org',
    addressOf: (person) => (person === 'ana' ? 'ana@example.com' : undefined),
    log: (fields, line) => void lines.push(`${line} ${JSON.stringify(fields)}`),
  });
const toAna = (message: Message): Message => ({ ...message, to: { person: 'ana' } });
beforeEach(async () => {
  lines.length = 0;
  server = await mailServer();
});
afterEach(() => server.close());

notifierContract('e-mail', async () => {
  const own = await mailServer();
  const notifier = open(own.url());
  return {
    notifier: { deliver: (message) => notifier.deliver(toAna(message)) },
    async told() {
      const once = new Map(own.letters.map((letter) => [letter.messageId, letter]));
      return [...once.values()].map((letter) => String(letter.headers.get('x-gatehouse-notice')) + textOf(letter));
    },
    async dispose() {
      await notifier.close?.();
      await own.close();
    },
  };
});
const textOf = ({ text = '' }: ParsedMail) => `: ${text.trim()}`;

describe('an e-mail', () => {
  const about = {
    ...{ workflowId: 'run/default/PAY-1', task: { id: 'PAY-1', title: 'Totals' }, repository: 'https://a.example/b' },
    ...{ detail: 'approval', since: '2026-11-24T10:00:00.000Z', offers: ['approve'] },
    page: 'https://gate.example/runs/default/PAY-1',
  };

  it('says what, why and since when, has one link, and is escaped', async () => {
    const message = messageOf({ visit: '1', type: 'approval_required', text: '<img src=x>\r\n& "more"' });
    const title = 'Totals\r\nBcc: eve@example.com\u2028<b>';
    const notifier = open();
    await notifier.deliver({ ...toAna(message), task: { ...message.task, title }, about });
    await notifier.close?.();
    const [letter] = server.letters;
    expect(letter?.subject).toBe('An approval is needed: Totals Bcc: eve@example.com <b> (PAY-1)');
    expect(letter?.headers.has('bcc')).toBe(false);
    expect(letter?.to).toMatchObject({ text: 'ana@example.com' });
    expect(letter?.text).toContain('Waits since 2026-11-24 10:00 UTC.');
    expect(letter?.html).toContain('&lt;img src=x&gt;');
    expect(letter?.html).not.toMatch(/<img|<b>/);
    expect(String(letter?.html).match(/href="[^"]*"/g)).toEqual([`href="${about.page}"`]);
  });

  it('has the same id when it is repeated, and the thread of its run', async () => {
    const notifier = open();
    for (const message of [messageOf(), messageOf(), messageOf({ id: '2' })]) await notifier.deliver(toAna(message));
    await notifier.close?.();
    const [first, again, other] = server.letters;
    expect(again?.messageId).toBe(first?.messageId);
    expect(other?.messageId).not.toBe(first?.messageId);
    expect(other?.references).toBe(first?.references);
  });

  it.each([
    ['RCPT', 450, 'kept'],
    ['RCPT', 550, 'dropped'],
    ['DATA', 451, 'kept'],
    ['DATA', 554, 'dropped'],
  ] as const)('that is answered to %s with %i is %s', async (at, code, fate) => {
    server.plan.push({ at, code });
    const notifier = open();
    const delivered = notifier.deliver(toAna(messageOf()));
    if (fate === 'kept') await expect(delivered).rejects.toThrow(`the mail server answers ${code}`);
    else await delivered;
    expect(lines).toHaveLength(fate === 'kept' ? 0 : 1);
    await notifier.close?.();
  });

  it('whose answer is lost is sent again with the same id', async () => {
    server.plan.push({ at: 'DATA', code: 0, lost: true });
    const notifier = open();
    await expect(notifier.deliver(toAna(messageOf()))).rejects.toThrow('the mail server');
    await notifier.deliver(toAna(messageOf()));
    await notifier.close?.();
    expect(new Set(server.letters.map(({ messageId }) => messageId)).size).toBe(1);
    expect(server.letters).toHaveLength(2);
  });

  it('to nobody is dropped with a line', async () => {
    await open().deliver({ ...messageOf(), to: { person: 'ben' } });
    expect(lines.join()).toContain('has no e-mail address any more');
  });
});

it('a mail server is asked whether it takes us, and no answer contains the password', async () => {
  expect(await verify(server.url())).toBeUndefined();
  const refused = await verify(server.url('wrong-word'));
  expect(refused).toBe('the mail server answers 535 to AUTH');
});
