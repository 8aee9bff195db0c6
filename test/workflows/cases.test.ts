import { jest } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { InMemoryTexts } from '../support/in-memory/store.ts';
import { InMemoryExecutor } from '../support/in-memory/executor.ts';
import { budgetActivities } from '../../activities/budget.ts';
import { checkActivities } from '../../activities/checks.ts';
import { changeActivities } from '../../activities/changes.ts';
import { jobActivities } from '../../activities/jobs.ts';
import { overLimit } from '../../activities/rows/task-limit.ts';
import type { Forge, Meter } from '../../activities/ports.ts';
import { releaseActivities } from '../../activities/releases.ts';
import type { CheckReport, JobReport, Signal } from '../../workflows/contracts/activities.ts';
import { RunInput } from '../../workflows/gates/index.ts';
import type { Text } from '../../workflows/contracts/facts.ts';
import { judgeChecks } from '../../workflows/rules/checks.ts';
import { inWords } from '../../workflows/words/index.ts';
import { change, completed, green, HEAD, HEADS, readingJob, red, wish } from '../support/builders.ts';
import { clusterWith, goodWork, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

describe('checks', () => {
  const report = (...checks: [name: string, conclusion: string, url?: string][]) => ({
    ...green(),
    checks: checks.map(([name, conclusion, url]) => ({ name, conclusion, ...(url && { url }) })),
  });
  it('that fail are named with their conclusions, without those that passed [A-082]', () => {
    const verdict = judgeChecks(report(['lint', 'failure'], ['test', 'success'], ['e2e', 'timed_out']));
    expect(verdict).toMatchObject({ pass: false });
    expect(inWords((verdict as { reason: Text }).reason)).toBe('Failing checks: lint (failure), e2e (timed_out).');
  });
  it('that fail are listed with their name, conclusion, and link if there is one [A-084]', () => {
    const verdict = judgeChecks(report(['lint', 'failure', 'https://ci.example/1'], ['e2e', '']));
    expect(verdict).toMatchObject({
      failing: [
        { name: 'lint', conclusion: 'failure', url: 'https://ci.example/1' },
        { name: 'e2e', conclusion: '' },
      ],
    });
  });
  it('that all passed list no failures [A-083, A-085]', () => {
    expect(judgeChecks(report(['test', 'neutral']))).toEqual({
      pass: true,
      note: { fact: 'checksPassed', count: 1 },
    });
  });
  it('that pass after a fix clear the list [N-21]', async () => {
    const looks = [red(HEAD, 'lint'), green(HEADS[1])];
    const cluster = clusterWith({
      settledChecks: () => looks.shift(),
      runJob: (job) => (job.role === 'ci-fixer' ? completed({ head: HEADS[1]! }) : goodWork(job)),
    });
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'ci' }));
    expect((await run.query('run')).steps[1]).toMatchObject({ state: 'done', note: '1 check passed.' });
  });
});

describe('the record of an attempt', () => {
  const attempted = async (end: JobReport) => {
    const looks = [red(HEAD, 'lint'), green()];
    const cluster = clusterWith({
      settledChecks: () => (looks.length > 1 ? looks.shift() : looks[0]),
      runJob: (job) => (job.role === 'ci-fixer' ? end : goodWork(job)),
    });
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'ci' }));
    return (await run.query('run')).steps[1].attempts[0];
  };
  it('has the helper’s summary, the attempt’s number, and the new head [A-086, A-090]', async () => {
    expect(await attempted(completed({ summary: 'mended', head: HEADS[1]! }))).toMatchObject({
      n: 1,
      role: 'ci-fixer',
      outcome: 'completed',
      summary: 'mended',
      head: HEADS[1],
    });
  });
  it('has the reason of a failure, and no head [A-087, A-090]', async () => {
    const entry = await attempted({ is: 'failed', because: 'ci-fixer ended with exit code 1.' });
    expect(entry).toMatchObject({ n: 1, outcome: 'failed', summary: 'ci-fixer ended with exit code 1.' });
    expect(entry).not.toHaveProperty('head');
  });
  it('has a standard reason if a failure came without one [A-088]', async () => {
    expect(await attempted({ is: 'failed', because: '' })).toMatchObject({
      n: 1,
      outcome: 'failed',
      summary: 'It failed without a reason.',
    });
  });
  it('is completed with an empty summary if the helper returned none [A-089]', async () => {
    expect(await attempted(completed({ summary: '' }))).toMatchObject({ outcome: 'completed', summary: '' });
  });
});

describe('checks that are still running', () => {
  const ask = (ended: [string, string][], running: string[], deadline?: string) => {
    const forge = {
      look: async () => ({ state: 'open', head: HEAD, baseHead: change.basis, foreign: [] }),
      checks: async () => ({ ended: ended.map(([name, conclusion]) => ({ name, conclusion })), running, none: false }),
    };
    const { settledChecks } = checkActivities({ forge: forge as never as Forge }, { lookMs: 5 });
    const question = {
      change,
      known: HEAD,
      graceSeconds: 0,
      checkSeconds: 60,
      round: 'r',
      ...(deadline && { deadline }),
    };
    return new MockActivityEnvironment().run(settledChecks, question) as Promise<CheckReport>;
  };
  it('are pending while none has failed [A-080]', async () => {
    await expect(ask([['test', 'success']], ['lint'])).rejects.toMatchObject({
      type: 'NotYet',
      message: '1 of 2 checks pending: lint',
    });
  });
  it('time out after their deadline, and not before [E-36]', async () => {
    await expect(ask([['test', 'success']], ['lint'], '2026-01-01T00:00:00Z')).rejects.toMatchObject({
      type: 'timeout',
      nonRetryable: true,
      message: '1 of 2 checks pending: lint; checksMinutes is over',
    });
    await expect(ask([], ['lint'], '2999-01-01T00:00:00Z')).rejects.toMatchObject({ type: 'NotYet' });
  });
  it.each(['failure', 'timed_out', ''])('fail at once when one ended as "%s" [A-081]', async (conclusion) => {
    expect(await ask([['test', conclusion]], ['lint'])).toMatchObject({
      checks: [{ name: 'test', conclusion }],
      running: ['lint'],
    });
  });
});

describe('an inconclusive poll', () => {
  const look = { state: 'open', head: HEAD, baseHead: change.basis, foreign: [] } as const;
  it('is repeated when the forge cannot say yet whether a change merges [A-092]', async () => {
    const forge = { look: async () => look, mergeability: async () => ({ is: 'unknown', because: 'it computes' }) };
    const { settledMergeability } = changeActivities(
      { forge: forge as never as Forge },
      { lookMs: 5, pace: (wish) => wish },
    );
    await expect(settledMergeability({ change })).rejects.toMatchObject({
      type: 'NotYet',
      message: expect.stringContaining('it computes'),
    });
  });
  const watch = (until: string, look: () => Signal[]) =>
    releaseActivities(
      { releases: { examine: async () => ({ configured: true }), look: async () => look() } },
      { lookMs: 5 },
    ).releaseSettled({ change, mergeCommit: 'm', since: '2026-01-01T00:00:00Z', until });
  it.each(['ok', 'no_data', 'warn'] as const)(
    'is repeated while a release is %s and still watched [A-095, A-104]',
    async (state) => {
      await expect(watch('2999-01-01T00:00:00Z', () => [{ id: 's', state }])).rejects.toMatchObject({ type: 'NotYet' });
    },
  );
  it('ends with any alert, unless it is older than the release [A-094]', async () => {
    expect(await watch('2999-01-01T00:00:00Z', () => [{ id: 's', state: 'alert' }])).toMatchObject({
      signals: [{ id: 's' }],
    });
    const late = await watch('2026-01-01T00:30:00Z', () => [{ id: 's', state: 'alert' }]);
    expect(late).toMatchObject({ signals: [{ id: 's', state: 'alert' }] });
    const old = { id: 's', state: 'alert', since: '2025-12-31T00:00:00Z' } as const;
    await expect(watch('2999-01-01T00:00:00Z', () => [old])).rejects.toMatchObject({ type: 'NotYet' });
  });
  it('ends with what is known after the deadline, even if no signal can be read [A-096]', async () => {
    expect(await watch('2026-01-01T00:30:00Z', () => [{ id: 's', state: 'ok' }])).toEqual({
      signals: [{ id: 's', state: 'ok' }],
    });
    const broken = () => {
      throw new Error('down');
    };
    expect(await watch('2026-01-01T00:30:00Z', broken)).toMatchObject({
      signals: [{ state: 'no_data', detail: 'down' }],
    });
    await expect(watch('2999-01-01T00:00:00Z', broken)).rejects.toThrow('down');
  });
});

describe('the monthly budget of jobs', () => {
  const job = readingJob;
  const spent = new Map<string, number>();
  const meter: Meter = {
    record: async ({ key, costCents }) => void spent.set(key, costCents),
    spent: async () => [...spent.values()].reduce((sum, each) => sum + each, 0),
  };
  const end = completed({ changed: false, usage: { costCents: 3 } });
  const run = (executor: InMemoryExecutor, budgetCents: number) => {
    const { runJob } = jobActivities(
      { executor, forge: {} as never as Forge, meter, texts: new InMemoryTexts() },
      { lookMs: 1, budgetCents },
    );
    return new MockActivityEnvironment().run(runJob, job) as Promise<JobReport>;
  };
  beforeEach(() => spent.clear());

  it('counts the reported cost of each job once [A-244]', async () => {
    const executor = new InMemoryExecutor(async () => end);
    expect([await run(executor, 3), await run(executor, 3)]).toEqual([end, end]);
    expect([...spent]).toEqual([[job.key, 3]]);
  });
  it('holds new jobs, and never a running one [A-244, E-29]', async () => {
    spent.set('another', 4);
    const executor = new InMemoryExecutor(async () => end);
    expect(await run(executor, 3)).toMatchObject({
      is: 'held',
      by: 'budget',
      because: expect.stringContaining('4 of 3 cents'),
    });
    expect(executor.begun).toEqual([]);
    await executor.ensure(job);
    expect(await run(executor, 3)).toEqual(end);
  });
  it('is waited for until there is room again', async () => {
    spent.set('another', 4);
    const { withinBudget } = budgetActivities({ meter }, { lookMs: 5, budgetCents: 3 });
    await expect(withinBudget()).rejects.toMatchObject({
      type: 'NotYet',
      message: expect.stringContaining('4 of 3 cents'),
    });
    spent.clear();
    expect(await withinBudget()).toBeUndefined();
  });
});

describe('a pipeline', () => {
  const wrong = (...steps: object[]) => RunInput.safeParse(wish(...(steps as never[]))).error?.issues[0]?.message;
  it.each([
    ['alone', [{ kind: 'reviewer' }]],
    ['with another step in between', [{ kind: 'coder' }, { kind: 'tester' }, { kind: 'reviewer' }]],
    [
      'after a producer that is disabled',
      [{ kind: 'mocker' }, { kind: 'coder', enabled: false }, { kind: 'reviewer' }],
    ],
    ['after another’s producer', [{ kind: 'architect' }, { kind: 'spec-companion' }]],
  ])('is refused with a companion %s [A-143, A-150, A-154, A-156, E-25]', (_, steps) => {
    expect(wrong(...steps)).toMatch(/directly after/);
  });
  it.each([
    ['right after its producer', [{ kind: 'coder' }, { kind: 'reviewer' }]],
    [
      'with only a disabled step in between',
      [{ kind: 'coder' }, { kind: 'tester', enabled: false }, { kind: 'reviewer' }],
    ],
  ])('is accepted with a companion %s [A-150, A-154]', (_, steps) => {
    expect(wrong(...steps)).toBeUndefined();
  });
  it.each([
    ['on the last step', [{ kind: 'architect', approval: true }], /last step/],
    ['on a kind without output', [{ kind: 'ci', approval: true }, { kind: 'merger' }], /has no output/],
  ])('is refused with an approval %s', (_, steps, message) => {
    expect(wrong(...steps)).toMatch(message);
  });
  it('keeps disabled steps, while its run has only the enabled ones [A-234, E-23]', async () => {
    const run = await startRun(
      clusterWith(),
      wish({ kind: 'mocker', enabled: false }, { kind: 'coder', threshold: 1 } as never, { kind: 'ci' }),
    );
    expect(run.closed).toMatchObject({ failure: { message: expect.stringContaining('threshold') } });
    const good = await startRun(
      clusterWith(),
      wish({ kind: 'mocker', enabled: false }, { kind: 'coder' }, { kind: 'ci' }),
    );
    const { steps, pipeline } = await good.query('run');
    expect(steps.map(({ id }: any) => id)).toEqual(['1-coder', '2-ci']);
    expect(pipeline.steps).toHaveLength(3);
  });
});

describe('a limit of live runs', () => {
  const input = RunInput.parse(wish({ kind: 'coder' }));
  const ask = {
    liveRuns: async () => ['run/default/A', 'run/default/B', 'run/default/PAY-142'],
    typeOf: async (id: string) => (id.endsWith('A') ? 'bug' : undefined),
    lives: async () => true,
  };
  const holder = { workflowId: 'run/default/PAY-142', runId: '1' };
  it.each([
    [undefined, false],
    [{ shared: 3 }, false],
    [{ shared: 2 }, true],
    [{ perType: { bug: 0 } }, false],
    [{ perType: { feature: 2 } }, false],
    [{ perType: { feature: 1 } }, true],
  ])('of %j admits one more run, or names the live ones [A-247, E-32]', async (limit, over) => {
    const fields = await overLimit(
      { input, holder, repository: input.change.repository },
      limit as never,
      undefined,
      ask,
    );
    expect(fields.length > 0).toBe(over);
    if (over) expect(fields[0]).toMatchObject({ path: 'task', expected: expect.stringContaining('run/default/B') });
  });
});

describe('notices', () => {
  it('of a wait are cleared when it ends, and others stay [A-211, A-212]', async () => {
    const report = completed({ changed: false, discarded: ['a.txt'] });
    const cluster = clusterWith({ runJob: (job) => (job.role === 'architect' ? report : goodWork(job)) });
    const run = await startRun(cluster, wish({ kind: 'architect', approval: true }, { kind: 'coder' }));
    const shown = async () =>
      (await run.query('run')).notices.map(({ type, clearedAt }: any) => [type, clearedAt !== undefined]);
    expect(await shown()).toEqual([
      ['changes_discarded', false],
      ['approval_required', false],
    ]);
    await run.update('approve');
    expect(await shown()).toEqual([
      ['changes_discarded', false],
      ['approval_required', true],
      ['pipeline_complete', false],
    ]);
  });
});

describe('a review with findings', () => {
  const reviewed = async (kind: string, reviewer: string) => {
    const items = [{ category: 'gap', severity: 'high', title: 't', detail: 'd' }];
    const end = completed({ changed: false, output: { items } });
    const cluster = clusterWith({ runJob: (job) => (job.role === reviewer ? end : goodWork(job)) });
    return { cluster, run: await startRun(cluster, wish({ kind }, { kind: 'coder' })) };
  };

  it('is not repeated before answers were incorporated [A-030]', async () => {
    const { cluster, run } = await reviewed('clarity-review', 'clarity-reviewer');
    expect((await run.update('reviewAgain')).refused).toMatchObject({ code: 'not_offered' });
    expect((await run.query('run')).current.findings).toMatchObject([{ id: 'f-1', status: 'open' }]);
    expect(cluster.log.filter((name) => name === 'runJob')).toHaveLength(1);
  });
  it('ends when a person proceeds, and its findings stay readable [A-033, A-064]', async () => {
    const { run } = await reviewed('requirements-review', 'requirements-reviewer');
    expect((await run.query('run')).steps[0].review).toMatchObject({ iteration: 1, findings: [{ title: 't' }] });
    await run.update('proceed', { by: 'ana' });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
});
