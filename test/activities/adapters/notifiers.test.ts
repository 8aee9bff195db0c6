import { createHmac } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { outbox, type OutboxOptions } from '../../../activities/adapters/dispatching/outbox.ts';
import { fileNotifier } from '../../../activities/adapters/local/notices/file-notifier.ts';
import { logNotifier } from '../../../activities/adapters/local/notices/log-notifier.ts';
import { noConfiguration } from '../../../activities/adapters/configuration/configuration.ts';
import { openNotifier } from '../../../activities/adapters/opening.ts';
import { environmentFor } from '../../../activities/adapters/processes/environment.ts';
import { withoutIsolation } from '../../../activities/adapters/processes/isolation/isolation.ts';
import { webhookNotifier } from '../../../activities/adapters/webhook/notifier.ts';
import { noticeActivities } from '../../../activities/notices.ts';
import type { Message, Notifier } from '../../../activities/ports.ts';
import { BadVariables, readVariables } from '../../../worker/configuration/variables.ts';
import { InMemoryNotifier } from '../../support/in-memory/notifier.ts';
import { until } from '../../support/until.ts';
import { messageOf, notifierContract, wordsOf } from './notifier-contract.ts';
import { outboxRows } from '../../../activities/adapters/dispatching/outbox-rows.ts';
import { stateIn } from '../../support/state/databases.ts';

let root: string;
let hook: Awaited<ReturnType<typeof receiver>>;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'gatehouse-notices-'));
  hook = await receiver();
});
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
  await hook.close();
  await rm(root, { recursive: true, force: true });
});

/** A server that receives posts, and gives scripted answers. */
async function receiver() {
  const asked: { method: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
  const answer = { status: 204, headers: {} as Record<string, string> };
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      asked.push({ method: request.method, headers: request.headers, body });
      if (answer.status > 0) response.writeHead(answer.status, answer.headers).end(); // 0: never answers
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  /** The received notices, each delivery once. */
  const reported = () => {
    const deliveries = new Map(asked.map(({ headers, body }) => [headers['gatehouse-delivery'], body]));
    return [...deliveries.values()].map((body) => JSON.parse(body) as Message['notice'] & { workflowId: string });
  };
  const close = () =>
    new Promise<unknown>((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/t0ken`,
    asked,
    answer,
    told: reported,
    close,
  };
}

/** A log that keeps its lines and their fields. */
function listening() {
  const lines: string[] = [];
  const all: string[] = [];
  const log = (fields: object, line: string) => {
    lines.push(line);
    all.push(JSON.stringify(fields));
  };
  return { lines, all, log };
}

const silent = () => undefined;
const kept = (name: string) => outboxRows(stateIn(root), name).waiting();
const linesOf = async (file: string) =>
  (await readFile(file, 'utf8').catch(() => ''))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Message['notice'] & { workflowId: string });
const dispose = async () => undefined;

notifierContract('the in-memory one', async () => {
  const notifier = new InMemoryNotifier();
  const reported = async () =>
    [...notifier.told.values()].map(({ workflowId, notice }) => wordsOf({ workflowId, ...notice }));
  return { notifier, told: reported, dispose };
});

notifierContract('the log', async () => {
  const lines = new Map<string, string>();
  const notifier = logNotifier((fields, text) => {
    const { delivery, workflowId, notice, severity } = fields as Record<string, string>;
    const [, id] = new RegExp(`^${workflowId}/(.*)@`).exec(delivery!)!;
    lines.set(delivery!, `${workflowId}: ${id} ${notice} ${severity}: ${text}`);
  });
  return { notifier, told: async () => [...lines.values()], dispose };
});

notifierContract('a file', async () => {
  const notices = path.join(root, 'told', 'notices.jsonl');
  const reported = async () => (await linesOf(notices)).map(wordsOf);
  return { notifier: fileNotifier({ root, state: stateIn(root), notices }), told: reported, dispose };
});

notifierContract('a webhook', async () => ({
  notifier: webhookNotifier({ url: hook.url, log: silent }),
  told: async () => hook.told().map(wordsOf),
  dispose,
}));

notifierContract('all of them with an outbox each', async () => {
  const notifier = await openRoutes('log,file,webhook', silent);
  const reported = async () => {
    const [written, posted] = [await linesOf(path.join(root, 'notices.jsonl')), hook.told()];
    expect(written).toMatchObject(posted);
    return posted.map(wordsOf);
  };
  return { notifier, told: reported, dispose: () => notifier.close() };
});

const routesAre = (GATEHOUSE_NOTIFY: string) => readVariables({ GATEHOUSE_NOTIFY, GATEHOUSE_WEBHOOK_URL: hook.url });
const openRoutes = (routes: string, log: OutboxOptions['log']) =>
  openNotifier({
    root,
    state: stateIn(root),
    environment: {},
    isolation: withoutIsolation({}),
    configuration: () => noConfiguration,
    variables: routesAre(routes),
    log,
  });

describe('a webhook', () => {
  const message = messageOf();

  it('gets notices signed over time and body, with the same key for repeats [A-220]', async () => {
    const notifier = webhookNotifier({ url: hook.url, secret: 'a long secret', log: silent });
    await notifier.deliver(message);
    await notifier.deliver(message);
    const [{ method, headers, body }, again] = hook.asked as [(typeof hook.asked)[0], (typeof hook.asked)[0]];
    const timestamp = headers['gatehouse-timestamp'] as string;
    const signature = createHmac('sha256', 'a long secret').update(`${timestamp}.${body}`).digest('hex');
    expect({ method, ...headers }).toMatchObject({
      method: 'POST',
      'content-type': 'application/json',
      'gatehouse-signature': `sha256=${signature}`,
      'gatehouse-delivery': message.key,
    });
    expect(again.headers['gatehouse-delivery']).toBe(message.key);
    expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(60);
    const { workflowId, task, notice } = message;
    expect(JSON.parse(body)).toEqual({ workflowId, task, ...notice });
  });

  it('gets no signature without a secret', async () => {
    await webhookNotifier({ url: hook.url, log: silent }).deliver(message);
    expect(hook.asked[0]!.headers).not.toHaveProperty('gatehouse-signature');
  });

  it.each([400, 401, 404, 410])(
    'that answers %i has refused the notice, which is logged and dropped',
    async (status) => {
      hook.answer.status = status;
      const { log, lines, all } = listening();
      await webhookNotifier({ url: hook.url, secret: 'a long secret', log }).deliver(message);
      expect(lines).toEqual(['the webhook refuses a notice for good: it is dropped']);
      expect(all.join()).toContain(message.key);
      expect(all.join()).not.toMatch(/t0ken|secret/);
    },
  );

  it.each([408, 425, 429, 500, 503])('that answers %i gets the notice again', async (status) => {
    hook.answer.status = status;
    const failed = webhookNotifier({ url: hook.url, log: silent }).deliver(message);
    await expect(failed).rejects.toThrow(`The webhook answers ${status}.`);
  });

  it('is not replaced by the target of a redirect', async () => {
    Object.assign(hook.answer, { status: 307, headers: { location: hook.url } });
    await expect(webhookNotifier({ url: hook.url, log: silent }).deliver(message)).rejects.toThrow('answers 307');
    expect(hook.asked).toHaveLength(1);
  });

  it('may set the time of the next attempt in seconds or by date', async () => {
    const notifier = webhookNotifier({ url: hook.url, log: silent });
    const asked = async (after?: string) => {
      Object.assign(hook.answer, { status: 503, headers: after === undefined ? {} : { 'retry-after': after } });
      const failure = await notifier.deliver(message).catch((thrown: unknown) => thrown);
      return (failure as { retryAfterMs?: number }).retryAfterMs;
    };
    expect(await asked('120')).toBe(120_000);
    expect((await asked(new Date(Date.now() + 60_000).toUTCString()))! / 1_000).toBeCloseTo(60, -1);
    expect([await asked('soon'), await asked()]).toEqual([undefined, undefined]);
  });

  it('that does not answer is abandoned on abort', async () => {
    hook.answer.status = 0;
    const off = new AbortController();
    const failed = webhookNotifier({ url: hook.url, log: silent }).deliver(message, off.signal);
    await until('it is asked', () => hook.asked.length > 0);
    off.abort();
    await expect(failed).rejects.toThrow(/abort/);
  });
});

describe('a file', () => {
  it('takes lines of several workers, and copes with an incomplete line', async () => {
    const file = path.join(root, 'notices.jsonl');
    const half = JSON.stringify({ delivery: messageOf().key, workflowId: 'x' }).slice(0, -3);
    await appendFile(file, half);
    const workers = [
      fileNotifier({ root, state: stateIn(root) }),
      fileNotifier({ root, state: stateIn(root), notices: file }),
    ];
    await Promise.all(workers.map((each) => each.deliver(messageOf())));
    const [first, second, ...more] = (await readFile(file, 'utf8')).split('\n');
    expect([first, more]).toEqual([half, ['']]);
    expect(JSON.parse(second!)).toMatchObject({ delivery: messageOf().key, type: 'ci_failed' });
  });
});

describe('routes', () => {
  const read = (text: string) => routesAre(text).GATEHOUSE_NOTIFY;

  it('lead to the log by default [A-216]', () => {
    expect(readVariables({}).GATEHOUSE_NOTIFY).toEqual([{ adapter: 'log' }]);
  });

  it('are adapters, each for all types or for some', () => {
    expect(read(' log, file ,webhook = ci_failed | merge_review')).toEqual([
      { adapter: 'log' },
      { adapter: 'file' },
      { adapter: 'webhook', types: ['ci_failed', 'merge_review'] },
    ]);
  });

  it.each(['mail', 'log,log', ',', 'log,', 'log=ci_failed=no_checks'])(
    'are refused if they are invalid: "%s"',
    (text) => {
      const expected =
        'GATEHOUSE_NOTIFY: expected a list of log, file, webhook, slack, email without repeats, optionally with types, as in ';
      expect(() => read(text)).toThrow(expected);
    },
  );

  it.each(['webhook=', 'webhook=odd', 'webhook=ci_failed|odd'])('are refused for unknown types: "%s"', (text) => {
    expect(() => read(text)).toThrow(
      /^GATEHOUSE_NOTIFY: expected types after webhook= among human_test_ready, .*ci_failed/,
    );
  });

  it.each([
    [{ GATEHOUSE_NOTIFY: 'webhook' }, 'GATEHOUSE_WEBHOOK_URL: expected an address'],
    [{ GATEHOUSE_WEBHOOK_URL: 'ftp://a.example' }, 'GATEHOUSE_WEBHOOK_URL: expected an http or https address'],
    [{ GATEHOUSE_WEBHOOK_URL: 'nonsense' }, 'GATEHOUSE_WEBHOOK_URL: expected an http or https address'],
    [{ GATEHOUSE_WEBHOOK_URL: 'https://a:b@c.example' }, 'GATEHOUSE_WEBHOOK_URL: expected an address without'],
    [{ GATEHOUSE_WEBHOOK_SECRET: 'short' }, 'GATEHOUSE_WEBHOOK_SECRET: expected at least 8 characters'],
  ])('need the variables of their notifiers: %j', (environment, message) => {
    expect(() => readVariables(environment)).toThrow(message);
    expect(() => readVariables(environment)).toThrow(BadVariables);
  });

  it('post routed types and no others [A-217, A-220]', async () => {
    const { log, lines } = listening();
    const notifier = await openRoutes('log=ci_failed,file,webhook=merge_review', log);
    opened.push(notifier);
    await notifier.deliver(messageOf({ text: 'CI is red.' }));
    await notifier.deliver(messageOf({ id: '2', type: 'merge_review' }));
    expect(lines).toEqual(['CI is red.']);
    expect(hook.told().map(({ type }) => type)).toEqual(['merge_review']);
    const written = await linesOf(path.join(root, 'notices.jsonl'));
    expect(written.map(({ type }) => type)).toEqual(['ci_failed', 'merge_review']);
  });

  it('do not block each other', async () => {
    hook.answer.status = 500;
    const { log, lines } = listening();
    const notifier = await openRoutes('webhook,log', log);
    opened.push(notifier);
    await notifier.deliver(messageOf());
    expect(lines).toContain('Red.');
  });

  it('hide address and secret from the commands of repositories', () => {
    const ours = { GATEHOUSE_WEBHOOK_SECRET: 'a long secret', GATEHOUSE_WEBHOOK_URL: hook.url };
    expect(environmentFor({ ...ours, PATH: '/bin' })).toEqual({ PATH: '/bin' });
  });
});

describe('an outbox', () => {
  const LATER = 3_600_000;
  const open = (notifier: Notifier, options: Partial<OutboxOptions> = {}) => {
    const box = outbox(notifier, { name: 'x', state: stateIn(root), log: silent, firstPauseMs: 1, ...options });
    opened.push(box);
    return box;
  };
  const [first, second] = [messageOf({ id: 'one' }), messageOf({ id: 'two', at: '2026-11-24T10:00:01.000Z' })];
  const idsOf = (messages: Iterable<Message>) => [...messages].map(({ notice }) => notice.id);

  it('delivers at once, and then keeps nothing', async () => {
    const notifier = new InMemoryNotifier();
    await open(notifier).deliver(first);
    expect(idsOf(notifier.told.values())).toEqual(['one']);
    expect(await kept('x')).toEqual([]);
  });

  it('returns while its receiver is down, logs that once, and later delivers each notice once, in order [A-221]', async () => {
    const { log, lines } = listening();
    hook.answer.status = 503;
    const box = open(webhookNotifier({ url: hook.url, log }), { log });
    for (const message of [first, second, second]) await box.deliver(message);
    expect(await kept('x')).toHaveLength(2);
    await until('it was tried again', () => hook.asked.length > 2);
    const refused = hook.asked.length;
    hook.answer.status = 200;
    await until('nothing is kept', async () => (await kept('x')).length === 0);
    const answered = hook.asked.filter(({ body }) => body.includes('"two"'));
    expect(answered).toHaveLength(1);
    expect(hook.asked.slice(0, refused).every(({ body }) => body.includes('"one"'))).toBe(true);
    expect(lines).toEqual(['notices cannot be delivered: they are kept and retried', 'notices are delivered again']);
  });

  it('lists kept notices with the reason and the delivered ones, and sends at once on request', async () => {
    const notifier = new InMemoryNotifier();
    notifier.down = true;
    const box = open(notifier, { firstPauseMs: LATER });
    await box.deliver(first);
    const { key, workflowId, notice } = first;
    const because = 'This notifier is down.';
    expect(await box.list()).toEqual({ kept: [{ adapter: 'x', key, workflowId, at: notice.at, because }], told: {} });
    notifier.down = false;
    await box.retell();
    await box.retell();
    expect(await box.list()).toEqual({ kept: [], told: { [workflowId]: notice.at } });
    expect(idsOf(notifier.told.values())).toEqual(['one']);
  });

  it('leaves undelivered notices to the next worker, whether this one was stopped or killed', async () => {
    const notifier = new InMemoryNotifier();
    notifier.down = true;
    const stopped = open(notifier, { firstPauseMs: LATER });
    await stopped.deliver(first);
    await stopped.close();
    const killed = open(notifier, { firstPauseMs: LATER });
    await killed.deliver(second);
    notifier.down = false;
    open(notifier);
    await until('both are told', () => notifier.told.size === 2);
    await until('nothing is kept', async () => (await kept('x')).length === 0);
    expect(idsOf(notifier.told.values())).toEqual(['one', 'two']);
  });

  it('blocks nobody if its receiver never answers, not even its worker’s stop', async () => {
    const never: Notifier = { deliver: () => new Promise(() => undefined) };
    const box = open(never, { waitMs: 1 });
    await box.deliver(first);
    expect(await kept('x')).toHaveLength(1);
    await box.close();
  });

  it('delivers one message at a time, and each once, with two workers on one folder', async () => {
    let busy = 0;
    const reported: Message[] = [];
    const slow: Notifier = {
      async deliver(message) {
        busy += 1;
        expect(busy).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        reported.push(message);
        busy -= 1;
      },
    };
    const boxes = [open(slow), open(slow)];
    const messages = Array.from({ length: 20 }, (_, index) => messageOf({ id: `${index}` }));
    await Promise.all(messages.map((message, index) => boxes[index % 2]!.deliver(message)));
    expect(idsOf(reported).sort()).toEqual(idsOf(messages).sort());
  });

  it('waits longer after each failure, and as long as the receiver requests', async () => {
    const clock = jest.spyOn(globalThis, 'setTimeout');
    try {
      let attempts = 0;
      const busy: Notifier = {
        async deliver() {
          attempts += 1;
          throw Object.assign(new Error('Busy.'), attempts === 4 && { retryAfterMs: 86_400_000 });
        },
      };
      const box = open(busy);
      await box.deliver(first);
      await until('it is asked to wait', () => attempts === 4);
      await box.close();
      const pauses = clock.mock.calls.map(([, ms]) => ms).filter((ms) => [1, 2, 4, LATER].includes(ms!));
      expect(pauses).toEqual([1, 2, 4, LATER]);
    } finally {
      clock.mockRestore();
    }
  });

  it('sets an unreadable message aside, and delivers later ones', async () => {
    const { log, lines } = listening();
    const row = { adapter: 'x', key: '0', workflow_id: 'w', at: '2026', message: '{"key": 1}', unreadable: 0 };
    await stateIn(root).query((db) => db.insertInto('outbox').values(row).execute());
    const notifier = new InMemoryNotifier();
    await open(notifier, { log }).deliver(first);
    expect(idsOf(notifier.told.values())).toEqual(['one']);
    expect(lines).toEqual(['a kept notice cannot be read: it is set aside']);
    expect(await kept('x')).toEqual([]);
    expect(await stateIn(root).query((db) => db.selectFrom('outbox').select('message').execute())).toHaveLength(1);
  });
});

it('notices of two runs with the same id are different', async () => {
  const notifier = new InMemoryNotifier();
  const { notify } = noticeActivities({ notifier, texts: { keep: async () => '', read: async () => undefined } });
  const [{ workflowId, task, notice }, later] = [messageOf(), messageOf({ at: '2026-11-25T00:00:00.000Z' })];
  for (const each of [notice, notice, later.notice]) await notify({ workflowId, task, notice: each });
  expect(notifier.told.size).toBe(2);
});
