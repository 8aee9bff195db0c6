import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { bringBundle } from '../support/bundles.ts';
import { freePort } from '../support/ports.ts';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(600_000);

const keyOf = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const [OLD, NEW] = [keyOf('k2025'), keyOf('k2026')];
const TITLE = 'A title that nobody else may read';
const FINDINGS = 'findings that nobody else may read';

let stack: TestStack;
let shop: TestRepository;
/** A separate repository, because two tasks that create the same file would conflict. */
let other: TestRepository;
beforeAll(async () => {
  stack = await TestStack.create({ GATEHOUSE_CODEC_PORT: String(await freePort()) });
  await bringBundle(path.join(stack.home, 'data'), { encrypted: true });
  shop = await TestRepository.create(stack.home, 'shop');
  other = await TestRepository.create(stack.home, 'other');
});
afterAll(() => stack.remove());

const begin = (task: string, { path } = shop) =>
  stack.gatehouse('start', path, '--task', task, '--title', TITLE, '--pipeline', 'human-review');

/** Restarts the stack with these keys. */
async function upWith(...keys: string[]): Promise<void> {
  await stack.stop();
  stack.variables['GATEHOUSE_CODEC_KEYS'] = keys.join(',');
  await stack.start();
}

/** Acts as another client, with other keys. */
async function asWith<T>(keys: string[], work: () => Promise<T>): Promise<T> {
  const before = stack.variables['GATEHOUSE_CODEC_KEYS']!;
  stack.variables['GATEHOUSE_CODEC_KEYS'] = keys.join(',');
  try {
    return await work();
  } finally {
    stack.variables['GATEHOUSE_CODEC_KEYS'] = before;
  }
}

const idOf = (task: string) => ['--workflow-id', `run/default/${task}`];
const historyOf = (task: string) => stack.temporal('workflow', 'show', ...idOf(task), '--output', 'json');
/** All text in a history, including decoded base64. */
const readable = (history: string) =>
  history +
  [...history.matchAll(/"(?:data|encoding|metadata)": ?"([A-Za-z0-9+/=]+)"/g)]
    .map(([, text]) => Buffer.from(text!, 'base64').toString('latin1'))
    .join('\n');

it('encryption can be enabled, and its keys rotated; a key removed too early loses nothing, and nothing is readable', async () => {
  // A run from before encryption: plain, parked, and still there once encryption is on.
  await upWith();
  expect(await begin('PLAIN-1', other)).toMatchObject({ code: 0 });
  await stack.parked('PLAIN-1', 'human-test');
  expect(readable(await historyOf('PLAIN-1'))).toContain(TITLE);

  await upWith(OLD);
  await stack.parked('PLAIN-1', 'human-test');
  expect(await begin('SECRET-1')).toMatchObject({ code: 0 });
  await stack.parked('SECRET-1', 'human-test');
  expect(await stack.gatehouse('request-fix', 'SECRET-1', FINDINGS, '--by', 'ana')).toMatchObject({ code: 0 });
  await until('the second visit', async () => (await stack.run('SECRET-1'))?.current?.visit?.endsWith('#2'));
  // The history contains nothing that people wrote, and no texts of failures and summaries.
  const encrypted = readable(await historyOf('SECRET-1'));
  expect(encrypted).toContain('binary/encrypted');
  for (const secret of [TITLE, FINDINGS, 'is at work', 'made-by-fixer']) expect(encrypted).not.toContain(secret);
  // Search attributes are plain, and contain ids only.
  const described = await stack.temporal('workflow', 'describe', ...idOf('SECRET-1'), '--output', 'json');
  expect(readable(described)).toContain('"SECRET-1"');
  expect(readable(described)).not.toContain(TITLE);

  // Temporal's own tools read it through the codec server that the stack has started.
  const codec = ['--codec-endpoint', `http://127.0.0.1:${stack.variables['GATEHOUSE_CODEC_PORT']}`];
  const query = ['workflow', 'query', ...idOf('SECRET-1'), '--name', 'run', '--output', 'json'];
  expect(await stack.temporal(...query)).not.toContain(TITLE);
  expect(await stack.temporal(...query, ...codec)).toContain(TITLE);

  // A client without keys gets an error that names the missing key, and what to do about it.
  const lost = await asWith([], () => stack.gatehouse('show', 'SECRET-1'));
  expect(lost).toMatchObject({
    code: 2,
    out: { error: { code: 'configuration', message: expect.stringContaining('expected the key k2025') } },
  });

  // Exports stay encrypted, and are replayed with the keys with which they were written.
  const file = path.join(stack.home, 'encrypted.json');
  await stack.gatehouse('export', 'SECRET-1', '--output', file);
  expect(readable(await readFile(file, 'utf8'))).not.toContain(TITLE);
  expect(await stack.gatehouse('replay', file)).toMatchObject({ code: 0, out: [{ ok: true }] });
  const blind = await asWith([NEW], () => stack.gatehouse('replay', file));
  expect(blind).toMatchObject({ code: 1, out: [{ ok: false, because: expect.stringContaining('the key k2025') }] });

  // The old key is removed too early: the run stalls, the worker logs why, and the person's signal waits.
  await upWith(NEW);
  await stack.temporal('workflow', 'signal', ...idOf('SECRET-1'), '--name', 'confirm', '--input', '{"by":"bo"}');
  const log = path.join(stack.home, 'data', 'logs', 'worker.log');
  const because = 'encrypted with the key k2025, which the worker lacks';
  await until('the worker names the key', async () => (await readFile(log, 'utf8')).includes(because));
  const still = await stack.temporal('workflow', 'describe', ...idOf('SECRET-1'), '--output', 'json');
  expect(still).toContain('WORKFLOW_EXECUTION_STATUS_RUNNING');

  // The new key first, the old one for reading: the run continues, and new runs use the new key.
  await upWith(NEW, OLD);
  expect((await stack.ended('SECRET-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
  expect(await begin('SECRET-2')).toMatchObject({ code: 0 });
  await stack.parked('SECRET-2', 'human-test');
  expect(readable(await historyOf('SECRET-2'))).not.toContain('k2025');

  // A retry's worker reads the settled steps, and encrypts again what it has read.
  expect(await stack.gatehouse('stop', 'SECRET-2')).toMatchObject({ code: 0 });
  await stack.ended('SECRET-2');
  expect(await stack.gatehouse('retry', 'SECRET-2')).toMatchObject({ code: 0 });
  expect(await stack.parked('SECRET-2', 'human-test')).toMatchObject({
    current: { visit: '3-human-test#2' },
    steps: [
      { state: 'done', attempts: [{ key: expect.stringMatching(/coder-1$/) }] },
      { state: 'done' },
      {},
      {},
      {},
      {},
    ],
  });
  const again = readable(await historyOf('SECRET-2'));
  expect(again).toContain('readClosed');
  for (const secret of [TITLE, 'coder is done']) expect(again).not.toContain(secret);
  expect(await stack.gatehouse('confirm', 'PLAIN-1', '--by', 'bo')).toMatchObject({ code: 0 });
  expect((await stack.ended('PLAIN-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
});
