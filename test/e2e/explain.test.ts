import { jest } from '@jest/globals';
import { execa } from 'execa';
import { cli, TestRepository, TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

let stack: TestStack;
beforeAll(async () => void (stack = await TestStack.started()));
afterAll(() => stack.remove());

/** What a command prints for people. */
const printed = async (...words: string[]): Promise<string> =>
  (await execa(process.execPath, [cli, ...words], { env: stack.environment, stdin: 'ignore', reject: false })).stdout;

it('a missing base branch is shown by the run and by the server until it is back', async () => {
  const repository = await TestRepository.create(stack.home, 'renamed');
  await stack.startRun('GONE-1', repository);
  await stack.parked('GONE-1', 'human-test');
  await repository.git('branch', '--move', 'main', 'trunk');

  const gone = /Failing: The base branch main of \S+ is not there/;
  const run = await until('the run shows that main is gone', async () => {
    const seen = await stack.run('GONE-1');
    return gone.test(seen?.waitingOn.detail ?? '') ? seen : undefined;
  });
  expect(run).toMatchObject({
    status: 'parked',
    retrying: [{ activity: 'changeMoved', about: expect.stringContaining('human-test: watching the head') }],
  });
  expect(await printed('explain', 'GONE-1')).toMatch(gone);

  await repository.git('branch', '--move', 'trunk', 'main');
  await until('the run no longer shows it', async () => {
    const seen = await stack.run('GONE-1');
    return seen && seen.retrying === undefined && !gone.test(seen.waitingOn.detail);
  });
  expect(await stack.gatehouse('stop', 'GONE-1')).toMatchObject({ code: 0 });
});

it('a run that was terminated is shown as such, with the command that continues it', async () => {
  const repository = await TestRepository.create(stack.home, 'cut-off');
  await stack.startRun('CUT-1', repository);
  await stack.parked('CUT-1', 'human-test');
  await stack.temporal('workflow', 'terminate', '--workflow-id', 'run/default/CUT-1', '--reason', 'it grew too large');

  const { out } = await stack.gatehouse('show', 'CUT-1');
  expect(out).toMatchObject({ status: 'stopped', current: null, waitingOn: { what: 'nothing' } });
  const explained = await printed('explain', 'CUT-1');
  expect(explained).toMatch(/^run\/default\/CUT-1 was terminated: It was terminated by .*: it grew too large\n/);
  expect(explained).toContain('npx gatehouse retry CUT-1 (continues at 3-human-test)');
  expect(await printed('show', 'CUT-1')).toContain('run/default/CUT-1  terminated');
  await until('the list shows it', async () => /CUT-1\s+terminated/.test(await printed('list')));
});

it('what people write is printed on one line, without control characters', async () => {
  const repository = await TestRepository.create(stack.home, 'forged');
  const title = 'A task\nrun/default/T-2  passed\x1b[32m';
  await stack.gatehouse('start', repository.path, '--task', 'T-1', '--title', title, '--pipeline', 'human-review');
  await stack.parked('T-1', 'human-test');
  const [head] = (await printed('show', 'T-1')).split('\n');
  expect(head).toBe('run/default/T-1  parked  A task run/default/T-2 passed[32m');

  expect(await stack.gatehouse('request-fix', 'T-1', '-1 is shown', '--by', 'bo')).toMatchObject({ code: 0 });
  const { out: log } = await stack.gatehouse('log', 'T-1');
  expect(log).toMatchObject([{ action: 'requestFix', by: 'bo', input: expect.stringContaining('"-1 is shown"') }]);
  expect(await stack.gatehouse('stop', 'T-1')).toMatchObject({ code: 0 });
});
