import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(400_000);

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.create();
  stack.variables['GATEHOUSE_LEDGER'] = path.join(stack.home, 'effects');
  await stack.start();
});
afterAll(() => stack.remove());

const times = (ledger: string[], line: string) => ledger.filter((each) => each.startsWith(line)).length;

interface Effect {
  effect: string;
  key: string;
}

async function effects(): Promise<Effect[]> {
  const text = await readFile(stack.variables['GATEHOUSE_LEDGER']!, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Effect);
}

/** Kills stack and server, deletes the server's database, and starts an empty server. Agents and previews go on meanwhile. */
async function loseServer(): Promise<void> {
  const servers = await stack.processes(path.join(stack.home, 'data', 'temporal.db'));
  await stack.kill();
  for (const pid of servers) process.kill(pid, 'SIGKILL');
  for (const end of ['', '-wal', '-shm']) await rm(path.join(stack.home, 'data', `temporal.db${end}`), { force: true });
  await stack.endedBy(() => undefined);
  await stack.start();
}

it('runs that were live when the server was lost go on where they stood, and nothing happens twice', async () => {
  const asked = await TestRepository.create(stack.home, 'asked');
  await stack.startRun('ASKED', asked);
  expect((await stack.parked('ASKED', 'human-test')).environment).toMatchObject({ status: 'live' });

  const confirmed = await TestRepository.create(stack.home, 'confirmed');
  await confirmed.hold('check');
  await stack.startRun('CONFIRMED', confirmed);
  await stack.parked('CONFIRMED', 'human-test');
  await stack.gatehouse('confirm', 'CONFIRMED', '--by', 'bo');
  await confirmed.noted('begins check');

  const coded = await TestRepository.create(stack.home, 'coded');
  await coded.hold('coder');
  await stack.startRun('CODED', coded);
  await coded.noted('begins run/default/CODED');
  await stack.gatehouse('pause', 'CODED', '--by', 'ana');

  const byHand = await TestRepository.create(stack.home, 'by-hand');
  await stack.startRun('BY-HAND', byHand);
  await stack.parked('BY-HAND', 'human-test');

  await loseServer();
  await byHand.git('merge', '--quiet', '--no-edit', 'gatehouse/BY-HAND');
  expect(await stack.run('ASKED')).toBeUndefined();

  const dry = await stack.command('recover', '--dry-run');
  expect(dry).toMatchObject({ code: 0, out: { dryRun: true, done: [], refused: [] } });
  expect(dry.out.lost.map(({ workflowId, step }: any) => [workflowId, step.kind])).toEqual([
    ['run/default/ASKED', 'human-test'],
    ['run/default/CONFIRMED', 'ci'],
    ['run/default/CODED', 'coder'],
    ['run/default/BY-HAND', 'human-test'],
  ]);
  expect(await stack.run('ASKED')).toBeUndefined();

  const { code, out } = await stack.command('recover', '--by', 'eve');
  expect({ code, done: out.done }).toMatchObject({
    code: 0,
    done: [
      { workflowId: 'run/default/ASKED', is: 'started', ended: 1 },
      { workflowId: 'run/default/CONFIRMED', is: 'started' },
      { workflowId: 'run/default/CODED', is: 'started', ended: 1 },
      { workflowId: 'run/default/BY-HAND', is: 'merged' },
    ],
  });
  expect(await stack.processes(`agent.mjs ${coded.home}`)).toEqual([]);

  // The person is asked again, at the next visit, before a preview of its own.
  const parked = await stack.parked('ASKED', 'human-test');
  expect(parked).toMatchObject({ current: { visit: '3-human-test#2' }, environment: { status: 'live' } });
  expect(parked.usage).toMatchObject({ inputTokens: expect.any(Number) });
  const log = await stack.gatehouse('log', 'ASKED');
  expect(log.out).toMatchObject([{ action: 'recover', by: 'eve' }]);
  await stack.gatehouse('confirm', 'ASKED', '--by', 'bo');

  await confirmed.letGo('check');
  for (const [task, repository] of [
    ['ASKED', asked],
    ['CONFIRMED', confirmed],
  ] as const) {
    const { end } = await stack.ended(task);
    expect(end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
    expect(await repository.git('rev-parse', 'main')).toBe(end.result.mergeCommit);
    // No agent of a settled step has run again.
    expect(times(await repository.ledger(), `begins run/default/${task}/`)).toBe(3);
  }
  const { end } = await stack.ended('BY-HAND');
  expect(end).toMatchObject({
    is: 'done',
    result: { outcome: 'merged', mergeCommit: await byHand.git('rev-parse', 'main') },
  });

  // Somebody had paused it: it still is, and goes on from there.
  await until('paused', async () => (await stack.run('CODED'))?.status === 'paused');
  await coded.letGo('coder');
  await stack.gatehouse('resume', 'CODED');
  await stack.parked('CODED', 'human-test');
  await stack.gatehouse('confirm', 'CODED');
  expect((await stack.ended('CODED')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });

  const all = await effects();
  const merged = all.filter(({ effect }) => effect === 'merged');
  expect(merged).toHaveLength(3);
  const keys = all.map(({ effect, key }) => `${effect} ${key}`);
  expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);

  expect(await stack.command('recover')).toMatchObject({ code: 0, out: { lost: [], done: [] } });
  expect(await stack.command('recover', 'ASKED')).toMatchObject({ code: 3, out: { error: { code: 'not_possible' } } });
});
