import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { TestRepository } from '../support/repository.ts';
import { cli, TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { program } from '../support/programs.ts';

jest.setTimeout(300_000);

let stack: TestStack;
beforeAll(async () => void (stack = await TestStack.started()));
afterAll(() => stack.remove());

/** What a command prints for people. */
const printed = async (...words: string[]): Promise<string> =>
  (await program(process.execPath, [cli, ...words], { env: stack.environment, reject: false })).stdout;

describe('a parked run', () => {
  let repository: TestRepository;
  beforeAll(async () => {
    repository = await TestRepository.create(stack.home, 'terminate');
    await stack.startRun('TERM-1', repository);
    await stack.parked('TERM-1', 'human-test');
    expect(await stack.processes(`server.mjs ${repository.home}`)).not.toEqual([]);
    const why = ['--reason', 'it grew too large'];
    await stack.temporal('workflow', 'terminate', '--workflow-id', 'run/default/TERM-1', ...why);
  });

  it('that is terminated leaves no environment behind [N-13]', async () => {
    await until('no environment', async () => (await stack.processes(`server.mjs ${repository.home}`)).length === 0);
  });

  it('that was terminated is shown as such, with the command that continues it', async () => {
    const { out } = await stack.gatehouse('show', 'TERM-1');
    expect(out).toMatchObject({ status: 'stopped', current: null, waitingOn: { what: 'nothing' } });
    const explained = await printed('explain', 'TERM-1');
    expect(explained).toMatch(/^run\/default\/TERM-1 was terminated: It was terminated by .*: it grew too large\n/);
    expect(explained).toContain('npx gatehouse retry TERM-1 (continues at 3-human-test)');
    expect(await printed('show', 'TERM-1')).toContain('run/default/TERM-1  terminated');
    await until('the list shows it', async () => /TERM-1\s+terminated/.test(await printed('list')));
  });

  it('is driven by plain signals, and explains its refusals [E-28]', async () => {
    const repository = await TestRepository.create(stack.home, 'signals');
    await stack.startRun('SIG-1', repository);
    await stack.parked('SIG-1', 'human-test');
    const signal = (name: string, input: string) =>
      stack.temporal('workflow', 'signal', '--workflow-id', 'run/default/SIG-1', '--name', name, '--input', input);

    await signal('approve', '{"by":"bo","note":"kept"}');
    await signal('confrim', '{}');
    await signal('requestFix', '{"findings":"The total is wrong.","by":"bo","actionId":"a-1"}');
    await signal('requestFix', '{"findings":"The total is wrong.","by":"bo","actionId":"a-1"}');
    const again = await until('the second visit', async () => {
      const run = await stack.run('SIG-1');
      return run?.current?.visit === '3-human-test#2' ? run : undefined;
    });
    expect(again.current.rounds).toMatchObject([
      { kind: 'fix', findings: 'The total is wrong.', outcome: 'completed' },
    ]);
    expect(again.steps[2].attempts).toHaveLength(1);

    const { out: log } = await stack.gatehouse('log', 'SIG-1');
    expect(log).toMatchObject([
      { action: 'approve', verdict: 'refused', code: 'not_offered', input: expect.stringContaining('kept') },
      { action: 'confrim', verdict: 'refused', code: 'invalid' },
      { action: 'requestFix', verdict: 'taken', repeats: 1, effect: 'done' },
    ]);
    expect(await stack.command('confirm', 'SIG-1', '--visit', '3-human-test#1')).toMatchObject({
      code: 3,
      out: { error: { code: 'stale' } },
    });
    expect(await stack.gatehouse('retry', 'SIG-1')).toMatchObject({ code: 3 });
    expect((await stack.gatehouse('inbox')).out.map((each: any) => each.workflowId)).toContain('run/default/SIG-1');

    expect(await stack.gatehouse('stop', 'SIG-1', 'enough')).toMatchObject({ code: 0 });
    expect((await stack.ended('SIG-1')).end).toMatchObject({ is: 'lost', status: 'CANCELLED' });
    await until('no environment', async () => (await stack.processes(`server.mjs ${repository.home}`)).length === 0);
    expect(await stack.gatehouse('confirm', 'SIG-1')).toMatchObject({ code: 3, out: { error: { code: 'closed' } } });
  });

  it('starts a new visit when somebody else commits, and notices a merge by hand', async () => {
    const repository = await TestRepository.create(stack.home, 'foreign');
    await stack.startRun('FOR-1', repository);
    const first = await stack.parked('FOR-1', 'human-test');
    await repository.git('checkout', '--quiet', 'gatehouse/FOR-1');
    await repository.write({ 'by-hand.txt': 'by hand\n' }, 'by hand');
    await repository.git('checkout', '--quiet', 'main');
    const second = await until('a new visit', async () => {
      const run = await stack.run('FOR-1');
      return run?.current?.visit === '3-human-test#2' && run.environment.status === 'live' ? run : undefined;
    });
    expect(second.change.head).toBe(await repository.git('rev-parse', 'gatehouse/FOR-1'));
    expect(second.change.head).not.toBe(first.change.head);
    expect(second.environment).toMatchObject({ head: second.change.head, generation: 2 });

    const as = ['-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example'];
    await repository.git(...as, 'merge', '--quiet', '--no-ff', '-m', 'by hand', 'gatehouse/FOR-1');
    expect((await stack.ended('FOR-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
  });
});

describe('for people,', () => {
  let repository: TestRepository;
  beforeAll(async () => {
    repository = await TestRepository.create(stack.home, 'shown');
    const title = 'A task\nrun/default/T-2  passed\x1b[32m';
    await stack.gatehouse('start', repository.path, '--task', 'T-1', '--title', title, '--pipeline', 'human-review');
    await stack.parked('T-1', 'human-test');
  });
  afterAll(async () => expect(await stack.gatehouse('stop', 'T-1')).toMatchObject({ code: 0 }));

  it('a missing base branch is shown by the run and by the server until it is back', async () => {
    await repository.git('branch', '--move', 'main', 'trunk');
    const gone = /Failing: The base branch main of \S+ does not exist/;
    const run = await until('the run shows that main is gone', async () => {
      const seen = await stack.run('T-1');
      return gone.test(seen?.waitingOn.detail ?? '') ? seen : undefined;
    });
    expect(run).toMatchObject({
      status: 'parked',
      retrying: [{ activity: 'changeMoved', about: expect.stringContaining('human-test: watching the head') }],
    });
    expect(await printed('explain', 'T-1')).toMatch(gone);

    await repository.git('branch', '--move', 'trunk', 'main');
    await until('the run no longer shows it', async () => {
      const seen = await stack.run('T-1');
      return seen && seen.retrying === undefined && !gone.test(seen.waitingOn.detail);
    });
  });

  it('what people write is printed on one line, without control characters', async () => {
    const [head] = (await printed('show', 'T-1')).split('\n');
    expect(head).toBe('run/default/T-1  parked  A task run/default/T-2 passed[32m');

    expect(await stack.gatehouse('request-fix', 'T-1', '-1 is shown', '--by', 'bo')).toMatchObject({ code: 0 });
    const { out: log } = await stack.gatehouse('log', 'T-1');
    expect(log).toMatchObject([{ action: 'requestFix', by: 'bo', input: expect.stringContaining('"-1 is shown"') }]);
  });
});

describe('a stack that is stopped cleanly', () => {
  it('leaves nothing running, and the next one continues its runs', async () => {
    const repository = await TestRepository.create(stack.home, 'restart');
    await stack.startRun('UP-1', repository);
    await stack.parked('UP-1', 'human-test');
    expect(await stack.stop()).toBe(0);
    expect(await stack.processes(stack.home)).toEqual([]);

    await stack.start();
    const parked = await until('the environment again', async () => {
      const run = await stack.run('UP-1');
      return run?.status === 'parked' && run.environment.status === 'live' && run.environment.generation === 2
        ? run
        : undefined;
    });
    expect(parked.current.visit).toBe('3-human-test#1');
    await stack.gatehouse('confirm', 'UP-1');
    expect((await stack.ended('UP-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
  });
});

describe('bad input', () => {
  const startNowhere = (task: string, pipeline = 'human-review') =>
    `start /nowhere --task ${task} --title A --pipeline ${pipeline}`.split(' ');

  it.each([
    ['no repository', startNowhere('BAD-1'), 2, 'change.repository'],
    ['an unknown pipeline', startNowhere('BAD-2', 'nope'), 2, 'pipeline'],
    ['a bad task id', startNowhere('../x'), 2, 'task.id'],
    ['an unknown flag', ['list', '--nope'], 2, 'unknown option'],
    ['an unknown run', ['show', 'NEVER-1'], 1, 'no such run'],
    ['empty findings', ['request-fix', 'NEVER-1', ' '], 2, 'findings'],
  ])('is reported in a sentence: %s', async (_, args, code, words) => {
    const said = await stack.command(...args);
    expect(said).toMatchObject({ code, out: { error: { message: expect.stringContaining(words) } } });
  });

  it('includes an unmerged predecessor, and settings that a step lacks [A-248, E-32]', async () => {
    const repository = await TestRepository.create(stack.home, 'lacking', `agents: { default: node -e 0 }\n`);
    const file = path.join(stack.home, 'lacking.json');
    const steps = [{ kind: 'coder' }, { kind: 'deployer' }, { kind: 'merger' }, { kind: 'post-release-health' }];
    const task = { id: 'BAD-5', title: 'A task', dependsOn: ['NEVER-1'] };
    await writeFile(file, JSON.stringify({ task, change: { repository: repository.path }, pipeline: { steps } }));
    expect(await stack.command('start', '--file', file)).toMatchObject({ code: 2 });
    expect((await stack.run('BAD-5')).end.fields.map(({ path }: any) => path)).toEqual([
      'task.dependsOn',
      '.gatehouse.yml:environment',
      '.gatehouse.yml:release',
    ]);
  });

  it('includes a command that does not exist, before anything is created', async () => {
    const repository = await TestRepository.create(stack.home, 'no-agent', `agents: { default: no-such-agent --x }\n`);
    expect(await stack.startRun('BAD-4', repository)).toMatchObject({
      code: 2,
      out: { error: { code: 'invalid_input' } },
    });
    expect(await repository.git('branch', '--list')).toBe('* main');
    expect((await stack.run('BAD-4')).end).toMatchObject({
      type: 'invalid_input',
      fields: [{ path: '.gatehouse.yml:agents.default' }],
    });
  });
});
