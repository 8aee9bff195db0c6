import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { TestRepository } from '../support/repository.ts';
import { cli, TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(240_000);

let stack: TestStack;
let file: string;
afterEach(() => stack.remove());

async function stackWith(text: string, variables: Record<string, string> = {}): Promise<void> {
  stack = await TestStack.create(variables);
  file = stack.variables['GATEHOUSE_CONFIG'] = path.join(stack.home, 'own.yml');
  await writeFile(file, text);
}

it('a bad configuration file starts nothing, and is reported line by line', async () => {
  await stackWith('signIn: [x]\npools: {}\n');
  const faults = /up ended with 2: [^]*own\.yml:1: signIn.*\n\S+own\.yml:2: pools: not there yet/;
  await expect(stack.start()).rejects.toThrow(faults);
  expect(await stack.command('doctor')).toMatchObject({ code: 2, out: { error: { code: 'configuration' } } });
  expect(await stack.all()).toEqual([]);
});

it('SIGHUP reloads the file, a bad one has no effect, and commands do not inherit secrets', async () => {
  await stackWith('secrets: {}\n', { SHOP_KEY: 'planted', SHOP_CONTROL: 'control' });
  await stack.start();
  const shop = await TestRepository.create(stack.home, 'shop');
  const fixer = 'fixer: { command: "true", secrets: [KEY] }';
  const coder = `coder: 'env >> ${shop.home}/env; echo x > x.txt'`;
  await shop.write({
    '.gatehouse.yml': `agents: { default: "true", ${coder}, ${fixer} }\nchecks: { test: 'env >> ${shop.home}/env' }\n`,
  });
  const begin = (task: string) =>
    stack.gatehouse(
      'start',
      shop.path,
      '--task',
      task,
      '--title',
      'A task',
      '--file',
      path.join(stack.home, 'input.json'),
    );
  const steps = [{ kind: 'coder' }, { kind: 'ci' }];
  await writeFile(
    path.join(stack.home, 'input.json'),
    JSON.stringify({ pipeline: { steps: [...steps, { kind: 'human-test' }] } }),
  );
  const log = () => readFile(path.join(stack.home, 'data', 'logs', 'worker.log'), 'utf8');
  const reloadedWith = async (text: string, logged: string) => {
    await writeFile(file, text);
    stack.hangUp();
    await until(`the worker logs "${logged}"`, async () => (await log()).includes(logged));
  };

  await begin('NO-1');
  const where = '.gatehouse.yml:agents.fixer.secrets: expected secrets that this worker has, found KEY';
  expect(JSON.stringify((await stack.ended('NO-1')).end)).toContain(where);

  await reloadedWith('secrets: { KEY: { env: SHOP_KEY } }\n', 'so the previous one stays');
  expect(stack.words).toContain('own.yml:1: secrets.KEY.for: expected array, found nothing');
  await begin('NO-2');
  expect(JSON.stringify((await stack.ended('NO-2')).end)).toContain(where);

  await reloadedWith('secrets: { KEY: { env: SHOP_KEY, for: [agents] } }\n', 'was read again');
  await begin('YES-1');
  await stack.parked('YES-1', 'human-test');
  const seen = await readFile(path.join(shop.home, 'env'), 'utf8');
  expect(seen.match(/SHOP_\w+=.*/g)).toEqual(['SHOP_CONTROL=control', 'SHOP_CONTROL=control']);
  expect(await log()).not.toContain('planted');
});

it('SIGHUP to a worker that runs by itself reloads the file', async () => {
  await stackWith('signIn: []\n');
  const env = { ...stack.environment, TEMPORAL_ADDRESS: `127.0.0.1:${stack.port}` }; // nobody listens there
  const worker = spawn(process.execPath, [cli, 'worker'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [worker.stdout, worker.stderr]) stream.on('data', (text) => (said += String(text)));
  const reloadedWith = async (text: string, logged: string) => {
    await writeFile(file, text);
    worker.kill('SIGHUP');
    await until(`the worker logs "${logged}"`, () => said.includes(logged));
  };
  try {
    await until('the worker runs', () => said.includes('No Temporal server answers'));
    await reloadedWith('signIn: [x]\n', 'own.yml:1: signIn[0]: expected one of');
    await reloadedWith('signIn: [codex]\n', 'the configuration file was read again');
  } finally {
    const ended = once(worker, 'exit');
    worker.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
});
