import { createHmac } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { InMemoryNotifier } from '../../../activities/adapters/in-memory/notifier.ts';
import { fileNotifier } from '../../../activities/adapters/local/file-notifier.ts';
import { logNotifier } from '../../../activities/adapters/local/log-notifier.ts';
import { Outbox } from '../../../activities/adapters/local/outbox.ts';
import { routedNotifier } from '../../../activities/adapters/notifiers.ts';
import { RefusedForGood, webhookNotifier } from '../../../activities/adapters/webhook/notifier.ts';
import type { Notifier } from '../../../activities/ports.ts';
import { NoticeType } from '../../../workflows/contracts/notices.ts';
import { readVariables } from '../../../workflows/contracts/variables.ts';
import { until } from '../../support/stack.ts';

let root: string;
beforeEach(async () => void (root = await mkdtemp(path.join(tmpdir(), 'gatehouse-notices-'))));
afterEach(() => rm(root, { recursive: true, force: true }));

const message = (type: NoticeType = 'ci_failed', id = 'n-1') => ({
  workflowId: 'run/default/PAY-1',
  task: { id: 'PAY-1', title: 'Totals', type: 'feature' as const },
  notice: { id, type, severity: 'normal' as const, at: '2026-11-24T00:00:00Z', text: 'Red.' },
});

/** A receiver that remembers what it was told, and answers as it is told to. */
class Receiver {
  readonly heard: { headers: IncomingHttpHeaders; body: string }[] = [];
  status = 200;
  private constructor(private readonly server: Server) {}

  static async open(): Promise<Receiver> {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => (body += part));
      request.on('end', () => {
        if (receiver.status < 300) receiver.heard.push({ headers: request.headers, body });
        response.writeHead(receiver.status, { location: 'http://127.0.0.1:1/' }).end();
      });
    });
    const receiver = new Receiver(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }
  get url() {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook`;
  }
  close = () => new Promise((resolve) => this.server.close(resolve));
}
let receiver: Receiver;
beforeEach(async () => void (receiver = await Receiver.open()));
afterEach(() => receiver.close());

const kinds: [string, () => { notifier: Notifier; told: () => Promise<string[]> }][] = [
  [
    'the fake',
    () => {
      const notifier = new InMemoryNotifier();
      return { notifier, told: async () => notifier.told.map(({ notice }) => notice.id) };
    },
  ],
  [
    'the file',
    () => {
      const file = path.join(root, 'told', 'notices.jsonl');
      const told = async () =>
        (await readFile(file, 'utf8'))
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line).id);
      return { notifier: fileNotifier({ file, locks: path.join(root, 'locks') }), told };
    },
  ],
  [
    'the log',
    () => {
      const lines = new Set<string>();
      return {
        notifier: logNotifier((fields) => void lines.add((fields as { id: string }).id)),
        told: async () => [...lines],
      };
    },
  ],
  [
    'the webhook',
    () => ({
      notifier: webhookNotifier({ url: receiver.url }),
      told: async () => [
        ...new Map(
          receiver.heard.map(({ headers, body }) => [headers['gatehouse-delivery'], JSON.parse(body).id]),
        ).values(),
      ],
    }),
  ],
];

describe.each(kinds)('%s as a notifier', (_, make) => {
  it('tells once what it is told twice, and each type [A-215]', async () => {
    const { notifier, told } = make();
    for (const type of NoticeType.options) await notifier.deliver(message(type, `n-${type}`));
    await Promise.all([
      notifier.deliver(message('ci_failed', 'again')),
      notifier.deliver(message('ci_failed', 'again')),
    ]);
    expect(await told()).toEqual([...NoticeType.options.map((type) => `n-${type}`), 'again']);
  });
});

describe('a webhook', () => {
  it('is signed over its time and body, and names its delivery', async () => {
    await webhookNotifier({ url: receiver.url, secret: 'a long secret' }).deliver(message());
    const [{ headers, body }] = receiver.heard as [Receiver['heard'][number]];
    const expected = createHmac('sha256', 'a long secret')
      .update(`${headers['gatehouse-timestamp']}.${body}`)
      .digest('hex');
    expect(headers['gatehouse-signature']).toBe(`sha256=${expected}`);
    expect(headers['gatehouse-delivery']).toBe('run%2Fdefault%2FPAY-1%2Fn-1%2Fnormal');
    expect(JSON.parse(body)).toMatchObject({
      workflowId: 'run/default/PAY-1',
      task: { id: 'PAY-1' },
      type: 'ci_failed',
    });
  });
  it.each([
    [400, true],
    [410, true],
    [429, false],
    [500, false],
    [302, false],
  ])('that answers %i is refused for good: %s', async (status, final) => {
    receiver.status = status;
    const failure = await webhookNotifier({ url: receiver.url })
      .deliver(message())
      .catch((error: unknown) => error);
    expect(failure instanceof RefusedForGood).toBe(final);
    expect(failure).toBeInstanceOf(Error);
  });
});

describe('notices', () => {
  const open = (notify: string, log = (_: object, __: string): void => undefined) => {
    const variables = readVariables({ GATEHOUSE_NOTIFY: notify, GATEHOUSE_WEBHOOK_URL: receiver.url });
    return routedNotifier(variables.GATEHOUSE_NOTIFY, { root, webhook: { url: receiver.url }, log, firstPauseMs: 1 });
  };
  const told = async () => (await readFile(path.join(root, 'notices.jsonl'), 'utf8').catch(() => '')).match(/n-\w+/g);

  it('go where they are routed, and nowhere else [A-217, A-220]', async () => {
    const notifier = open('file=merge_review,webhook');
    await notifier.deliver(message('ci_failed', 'n-ci'));
    await notifier.deliver(message('merge_review', 'n-merge'));
    expect([await told(), receiver.heard.length]).toEqual([['n-merge'], 2]);
    await notifier.close();
  });
  it('are for the log when nothing is said [A-216]', () => {
    expect(readVariables({}).GATEHOUSE_NOTIFY).toEqual([{ adapter: 'log' }]);
  });
  it.each(['mail', 'log,log', 'log=', 'log=odd', 'webhook=ci_failed|odd', ''.padEnd(2, ',')])(
    'cannot be routed to "%s"',
    (notify) => {
      expect(() => readVariables({ GATEHOUSE_NOTIFY: notify })).toThrow(
        'GATEHOUSE_NOTIFY: expected names of log, file, webhook',
      );
    },
  );
  it.each([
    [{ GATEHOUSE_NOTIFY: 'webhook' }, 'GATEHOUSE_WEBHOOK_URL: expected an address'],
    [{ GATEHOUSE_WEBHOOK_URL: 'ftp://a.example' }, 'GATEHOUSE_WEBHOOK_URL: expected an http or https address'],
    [{ GATEHOUSE_WEBHOOK_URL: 'https://a:b@c.example' }, 'without credentials'],
    [{ GATEHOUSE_WEBHOOK_SECRET: 'short' }, 'at least 8 characters'],
  ])('are set up by variables that are named when they are bad: %j', (environment, message) => {
    expect(() => readVariables(environment)).toThrow(message);
  });
  it('that cannot be delivered hold nobody up, and arrive once when the receiver is back [A-221]', async () => {
    const logged: string[] = [];
    const notifier = open('webhook', (_, line) => void logged.push(line));
    receiver.status = 503;
    await notifier.deliver(message('ci_failed', 'n-1'));
    await notifier.deliver(message('ci_failed', 'n-2'));
    await notifier.deliver(message('ci_failed', 'n-2'));
    expect(receiver.heard).toEqual([]);
    receiver.status = 200;
    await until('they are delivered', async () => receiver.heard.length === 2 || undefined);
    await until(
      'nothing is kept',
      async () => (await readdir(path.join(root, 'outbox', 'webhook'))).length === 0 || undefined,
    );
    expect(receiver.heard.map(({ body }) => JSON.parse(body).id)).toEqual(['n-1', 'n-2']);
    expect(logged).toEqual([expect.stringContaining('kept until it is back'), 'notices are delivered again']);
    await notifier.close();
  });
  it('that are kept are delivered by the next worker', async () => {
    receiver.status = 503;
    const first = open('webhook');
    await first.deliver(message());
    await first.close();
    receiver.status = 200;
    const second = open('webhook');
    await until('it is delivered', async () => receiver.heard.length === 1 || undefined);
    await second.close();
  });
  it('that are refused for good are dropped, and that is logged', async () => {
    const logged: string[] = [];
    receiver.status = 410;
    const notifier = open('webhook', (_, line) => void logged.push(line));
    await notifier.deliver(message());
    expect(logged).toEqual(['a notice was refused for good: The webhook answers 410.']);
    await notifier.close();
    expect(await readdir(path.join(root, 'outbox', 'webhook'))).toEqual([]);
  });
  it('are kept while a notifier does not answer at all', async () => {
    const box = new Outbox({
      name: 'odd',
      notifier: { deliver: () => Promise.reject(new Error('no')) },
      folder: path.join(root, 'outbox', 'odd'),
      log: () => undefined,
    });
    await box.deliver(message());
    expect((await readdir(path.join(root, 'outbox', 'odd'))).filter((name) => name.endsWith('.json'))).toHaveLength(1);
    await box.close();
  });
});
