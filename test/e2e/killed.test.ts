import { jest } from '@jest/globals';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

let stack: TestStack;
beforeAll(async () => void (stack = await TestStack.started()));
afterAll(() => stack.remove());

const times = (ledger: string[], line: string) => ledger.filter((each) => each.startsWith(line)).length;

describe('a worker that is killed', () => {
  it('during an agent’s job has its job adopted by the next worker [A-240]', async () => {
    const repository = await TestRepository.create(stack.home, 'kill-agent');
    await repository.hold('coder');
    expect(await stack.startRun('KILL-1', repository)).toMatchObject({ code: 0 });
    await repository.noted('begins run/default/KILL-1');
    await stack.killWorker();
    await repository.letGo('coder');
    await stack.parked('KILL-1', 'human-test');
    expect(times(await repository.ledger(), 'begins run/default/KILL-1') - 1).toBe(1); // the coder, and the reviewer
    expect((await stack.run('KILL-1')).steps[0].attempts).toHaveLength(1);
  });

  it('during provisioning and a check repeats neither, and the change is merged [N-14]', async () => {
    const repository = await TestRepository.create(stack.home, 'kill-check');
    await repository.hold('environment');
    await repository.hold('check');
    await stack.startRun('KILL-2', repository);
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

describe('a run', () => {
  it('that is undisturbed is merged within 250 events', async () => {
    const repository = await TestRepository.create(stack.home, 'events');
    await stack.startRun('EV-1', repository);
    await stack.parked('EV-1', 'human-test');
    await stack.gatehouse('confirm', 'EV-1');
    expect((await stack.ended('EV-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
    const shown = await stack.temporal('workflow', 'show', '--workflow-id', 'run/default/EV-1', '--output', 'json');
    expect(JSON.parse(shown).events.length).toBeLessThanOrEqual(250);
  });

  it('that is terminated has its agent stopped, and nothing pushed', async () => {
    const repository = await TestRepository.create(stack.home, 'terminate-agent');
    await repository.hold('coder');
    await stack.startRun('TERM-2', repository);
    await repository.noted('begins run/default/TERM-2');
    await stack.temporal('workflow', 'terminate', '--workflow-id', 'run/default/TERM-2', '--reason', 'test');
    await until('no agent', async () => (await stack.processes(`agent.mjs ${repository.home}`)).length === 0);
    await repository.letGo('coder');
    expect(await repository.git('branch', '--list')).toBe('* main');
  });

  it('that failed continues from the failed step when it is started again [A-239, E-26]', async () => {
    const repository = await TestRepository.create(stack.home, 'retry');
    await repository.write({
      '.gatehouse.yml': (await repository.git('show', 'main:.gatehouse.yml'))
        .replace("test: '", "test: 'test -e mended.txt; ok=$?; ")
        .replace(/ledger'$/m, "ledger; exit $ok'"),
    });
    await stack.startRun('RETRY-1', repository);
    await stack.parked('RETRY-1', 'human-test');
    await stack.gatehouse('confirm', 'RETRY-1');
    const { end } = await stack.ended('RETRY-1');
    expect(end).toMatchObject({ is: 'lost', type: 'job_failed', message: expect.stringContaining('Nothing changed') });

    await repository.git('checkout', '--quiet', 'gatehouse/RETRY-1');
    await repository.write({ 'mended.txt': 'by hand' }, 'mended by hand');
    await repository.git('checkout', '--quiet', 'main');
    expect(await stack.startRun('RETRY-1', repository)).toMatchObject({ code: 0, out: { retried: true } });
    // The confirmation is void, because somebody else's commit came after it.
    const parked = await stack.parked('RETRY-1', 'human-test');
    expect(parked.current).toMatchObject({ visit: '3-human-test#2', because: expect.stringContaining('Ana') });
    await stack.gatehouse('confirm', 'RETRY-1');
    expect((await stack.ended('RETRY-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
  });

  it('with forged settled steps in its input is refused', async () => {
    const repository = await TestRepository.create(stack.home, 'forged');
    const steps = ['coder', 'reviewer', 'human-test', 'conflicts', 'ci', 'merger'];
    const settled = steps.slice(0, 5).map((kind, index) => ({ step: index + 1, kind, state: 'done', attempts: [] }));
    const forged = {
      task: { id: 'FORGED-1', title: 'A task' },
      change: { repository: repository.path },
      pipeline: 'human-review',
      resume: { from: 6, settled },
    };
    const id = ['--workflow-id', 'run/default/FORGED-1', '--task-queue', 'gatehouse', '--type', 'pipelineRun'];
    await stack.temporal('workflow', 'start', ...id, '--input', JSON.stringify(forged));
    expect((await stack.ended('FORGED-1')).end).toMatchObject({
      type: 'invalid_input',
      fields: [{ path: 'resume.settled' }],
    });
    expect(await repository.ledger()).toEqual([]);
  });

  it('that failed keeps its base, whatever branch the owner has checked out since', async () => {
    const repository = await TestRepository.create(stack.home, 'base');
    const settings = await repository.git('show', 'main:.gatehouse.yml');
    await repository.write({ '.gatehouse.yml': settings.replace(/ledger'$/m, "ledger; test -e mended.txt'") });
    await stack.startRun('BASE-1', repository);
    await stack.parked('BASE-1', 'human-test');
    await stack.gatehouse('confirm', 'BASE-1');
    expect((await stack.ended('BASE-1')).end).toMatchObject({ is: 'lost', type: 'job_failed' });

    // The settings are read again from main, not from the branch that is checked out.
    await repository.write({ '.gatehouse.yml': settings }, 'no such check any more');
    await repository.git('checkout', '--quiet', '-b', 'experiment');
    expect(await stack.gatehouse('retry', 'BASE-1')).toMatchObject({ code: 0 });
    expect((await stack.ended('BASE-1')).end).toMatchObject({ is: 'done', result: { outcome: 'merged' } });
    expect(await repository.git('log', '--format=%s', '-1', 'main')).toContain('Merge gatehouse/BASE-1');
    expect(await repository.git('log', '--format=%s', '-1', 'experiment')).toBe('no such check any more');
  });
});
