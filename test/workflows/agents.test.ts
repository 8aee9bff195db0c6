import { jest } from '@jest/globals';
import { completed } from '../support/builders.ts';
import { heldJob, jobsOf, playRun } from '../support/playing.ts';

jest.setTimeout(60_000);

describe('an agent at work', () => {
  it('is shown while it works, and its attempt is closed when it ends [A-243, E-10]', async () => {
    const coder = heldJob('coder');
    const { run, look, cluster } = await playRun([{ kind: 'coder' }], { runJob: coder.runJob });
    const { key } = coder.begun[0]!;
    const { status, current, waitingOn, steps } = await look();
    expect([status, current.phase, waitingOn.what]).toEqual(['running', 'working', 'agent']);
    expect(steps[0]).toMatchObject({ state: 'working', attempts: [{ n: 1, role: 'coder', key }] });
    expect(steps[0].attempts[0]).not.toHaveProperty('outcome');
    coder.end(completed());
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(await look()).toMatchObject({
      status: 'passed',
      current: null,
      waitingOn: { what: 'nothing' },
      steps: [{ state: 'done', attempts: [{ key, outcome: 'completed', endedAt: expect.any(String) }] }],
    });
  });
});

describe('a tester in a run', () => {
  const STEPS = [{ kind: 'coder' }, { kind: 'tester' }];
  const report = (greenlight: boolean, ...severities: string[]) => {
    const concerns = severities.map((severity) => ({ title: 'no tax', detail: 'd', severity }));
    return completed({ changed: false, output: { greenlight, summary: 'tried it', concerns } });
  };
  const rolesOf = (jobs: any[]) => jobs.map(({ role }) => role);

  it.each([
    ['a serious concern was fixed [A-118, E-19]', [report(false, 'high'), report(true)]],
    ['one fix for a minor concern [A-119, E-20]', [report(true, 'low'), report(true, 'low')]],
  ])('passes after %s', async (_, reports) => {
    const jobs: any[] = [];
    const { run } = await playRun(STEPS, { runJob: jobsOf({ tester: reports }, jobs) });
    expect(rolesOf(jobs)).toEqual(['coder', 'tester', 'fixer', 'tester']);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect((await run.query('run')).steps[1]).toMatchObject({ state: 'done', outcome: 'passed' });
    expect(await run.query('output', { step: 2 })).toMatchObject({ output: { greenlight: true } });
  });
  it('fails the run on a critical concern without a work branch, even if it gives its greenlight [A-120, E-21]', async () => {
    const jobs: any[] = [];
    const { run } = await playRun([{ kind: 'tester' }, { kind: 'researcher' }], {
      runJob: (job) => {
        jobs.push(job);
        return { ...(report(true, 'critical') as object), head: undefined } as never;
      },
    });
    expect(rolesOf(jobs)).toEqual(['tester']);
    expect(run.closed).toMatchObject({
      failure: { type: 'agent', message: expect.stringContaining('no work branch') },
    });
    const { steps, notices } = await run.query('run');
    expect(steps.map(({ state }: any) => state)).toEqual(['failed', 'pending']);
    expect(notices.map(({ type }: any) => type)).toContain('test_failed');
  });
});
