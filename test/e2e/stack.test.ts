import { jest } from '@jest/globals';
import { TestRepository, TestStack, until } from '../support/stack.ts';

jest.setTimeout(300_000);

let stack: TestStack;
beforeAll(async () => {
  stack = await TestStack.create();
  await stack.start();
});
afterAll(() => stack.remove());

const start = (task: string, { path }: TestRepository, pipeline = 'human-review') =>
  stack.gatehouse('start', path, '--task', task, '--title', 'A task', '--pipeline', pipeline, '--started-by', 'ana');

const times = (ledger: string[], line: string) => ledger.filter((each) => each.startsWith(line)).length;

describe('a worker that is killed', () => {
  it('in the middle of an agent’s job: the next one adopts it', async () => {
    const repository = await TestRepository.create(stack.home, 'kill-agent');
    await repository.hold('coder');
    expect(await start('KILL-1', repository)).toMatchObject({ code: 0 });
    await repository.noted('begins run/default/KILL-1');
    await stack.killWorker();
    await repository.letGo('coder');
    await stack.parked('KILL-1', 'human-test');
    expect(times(await repository.ledger(), 'begins run/default/KILL-1') - 1).toBe(1); // the coder, and the reviewer
    expect((await stack.run('KILL-1')).steps[0].attempts).toHaveLength(1);
  });

  it('in the middle of provisioning and of a check: nothing is done twice, and the change is merged', async () => {
    const repository = await TestRepository.create(stack.home, 'kill-check');
    await repository.hold('environment');
    await repository.hold('check');
    await start('KILL-2', repository);
    const provisioning = await until('provisioning', async () => {
      const run = await stack.run('KILL-2');
      return run?.current?.phase === 'provisioning' && (await stack.processes(repository.home)).length > 0
        ? run
        : undefined;
    });
    expect(provisioning.environment.generation).toBe(1);
    await stack.killWorker();
    await repository.letGo('environment');
    const parked = await stack.parked('KILL-2', 'human-test');
    expect(parked.environment).toMatchObject({ status: 'live', generation: 1 });

    expect(await stack.gatehouse('confirm', 'KILL-2', '--by', 'bo')).toMatchObject({ code: 0, out: { is: 'taken' } });
    await repository.noted('begins check');
    await stack.killWorker();
    await repository.letGo('check');
    const { end } = await stack.ended('KILL-2');
    expect(end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
    expect(times(await repository.ledger(), 'begins check')).toBe(1);
    expect(await repository.git('rev-parse', 'main')).toBe(end.result.mergeCommit);
  });
});

describe('a parked run', () => {
  it('that is terminated leaves no environment behind', async () => {
    const repository = await TestRepository.create(stack.home, 'terminate');
    await start('TERM-1', repository);
    await stack.parked('TERM-1', 'human-test');
    expect(await stack.processes(`server.mjs ${repository.home}`)).not.toEqual([]);
    await stack.temporal('workflow', 'terminate', '--workflow-id', 'run/default/TERM-1', '--reason', 'test');
    await until('no environment', async () => (await stack.processes(`server.mjs ${repository.home}`)).length === 0);
  });

  it('is driven by plain signals, and says why it refuses', async () => {
    const repository = await TestRepository.create(stack.home, 'signals');
    await start('SIG-1', repository);
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
    expect(await stack.gatehouse('confirm', 'SIG-1', '--visit', '3-human-test#1')).toMatchObject({
      code: 3,
      out: { error: { code: 'stale' } },
    });
    expect((await stack.gatehouse('inbox')).out.map((each: any) => each.workflowId)).toContain('run/default/SIG-1');

    expect(await stack.gatehouse('stop', 'SIG-1', 'enough')).toMatchObject({ code: 0 });
    expect((await stack.ended('SIG-1')).end).toMatchObject({ is: 'lost', status: 'CANCELLED' });
    await until('no environment', async () => (await stack.processes(`server.mjs ${repository.home}`)).length === 0);
    expect(await stack.gatehouse('confirm', 'SIG-1')).toMatchObject({ code: 3, out: { error: { code: 'closed' } } });
  });

  it('parks anew when somebody else commits, and notices a merge by hand', async () => {
    const repository = await TestRepository.create(stack.home, 'foreign');
    await start('FOR-1', repository);
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

describe('a run', () => {
  it('that nobody disturbs is merged within 250 events', async () => {
    const repository = await TestRepository.create(stack.home, 'events');
    await start('EV-1', repository);
    await stack.parked('EV-1', 'human-test');
    await stack.gatehouse('confirm', 'EV-1');
    expect((await stack.ended('EV-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
    const shown = await stack.temporal('workflow', 'show', '--workflow-id', 'run/default/EV-1', '--output', 'json');
    expect(JSON.parse(shown).events.length).toBeLessThanOrEqual(250);
  });

  it('that is terminated has its agent ended, and nothing of it pushed', async () => {
    const repository = await TestRepository.create(stack.home, 'terminate-agent');
    await repository.hold('coder');
    await start('TERM-2', repository);
    await repository.noted('begins run/default/TERM-2');
    await stack.temporal('workflow', 'terminate', '--workflow-id', 'run/default/TERM-2', '--reason', 'test');
    await until('no agent', async () => (await stack.processes(`agent.mjs ${repository.home}`)).length === 0);
    await repository.letGo('coder');
    expect(await repository.git('branch', '--list')).toBe('* main');
  });

  it('that failed goes on from there when it is started again', async () => {
    const repository = await TestRepository.create(stack.home, 'retry');
    await repository.write({
      '.gatehouse.yml': (await repository.git('show', 'main:.gatehouse.yml'))
        .replace("test: '", "test: 'test -e mended.txt; ok=$?; ")
        .replace(/ledger'$/m, "ledger; exit $ok'"),
    });
    await start('RETRY-1', repository);
    await stack.parked('RETRY-1', 'human-test');
    await stack.gatehouse('confirm', 'RETRY-1');
    const { end } = await stack.ended('RETRY-1');
    expect(end).toMatchObject({ is: 'lost', type: 'job_failed', message: expect.stringContaining('Nothing changed') });

    await repository.git('checkout', '--quiet', 'gatehouse/RETRY-1');
    await repository.write({ 'mended.txt': 'by hand' }, 'mended by hand');
    await repository.git('checkout', '--quiet', 'main');
    expect(await start('RETRY-1', repository)).toMatchObject({ code: 0, out: { retried: true } });
    // What was confirmed is void: somebody else's commit came after it.
    const parked = await stack.parked('RETRY-1', 'human-test');
    expect(parked.current).toMatchObject({ visit: '3-human-test#2', because: expect.stringContaining('Ana') });
    await stack.gatehouse('confirm', 'RETRY-1');
    expect((await stack.ended('RETRY-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
  });
});

describe('a stack that is stopped in order', () => {
  it('leaves nothing running, and the next one goes on', async () => {
    const repository = await TestRepository.create(stack.home, 'restart');
    await start('UP-1', repository);
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
  it.each([
    [
      'no repository',
      ['start', '/nowhere', '--task', 'BAD-1', '--title', 'A', '--pipeline', 'human-review'],
      2,
      'change.repository',
    ],
    [
      'an unknown pipeline',
      ['start', '/nowhere', '--task', 'BAD-2', '--title', 'A', '--pipeline', 'nope'],
      2,
      'pipeline',
    ],
    [
      'a kind that is not there yet',
      ['start', '/nowhere', '--task', 'BAD-3', '--title', 'A', '--pipeline', 'full'],
      2,
      'not there yet',
    ],
    [
      'a bad task id',
      ['start', '/nowhere', '--task', '../x', '--title', 'A', '--pipeline', 'human-review'],
      2,
      'task.id',
    ],
    ['an unknown flag', ['list', '--nope'], 2, 'unknown option'],
    ['a run that never was', ['show', 'NEVER-1'], 1, 'no such run'],
    ['empty findings', ['request-fix', 'NEVER-1', ' '], 2, 'findings'],
  ])('%s is told in a sentence', async (_, args, code, words) => {
    const said = await stack.gatehouse(...args);
    expect(said).toMatchObject({ code, out: { error: { message: expect.stringContaining(words) } } });
  });

  it('a command that does not exist is found before anything is made', async () => {
    const repository = await TestRepository.create(stack.home, 'no-agent', `agents: { default: no-such-agent --x }\n`);
    expect(await start('BAD-4', repository)).toMatchObject({ code: 2, out: { error: { code: 'invalid_input' } } });
    expect(await repository.git('branch', '--list')).toBe('* main');
    expect((await stack.run('BAD-4')).end).toMatchObject({
      type: 'invalid_input',
      fields: [{ path: '.gatehouse.yml:agents.default' }],
    });
  });
});
