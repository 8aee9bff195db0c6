import { jest } from '@jest/globals';
import { completed, green, HEAD, HEADS, red, wish } from '../support/builders.ts';
import { failureOf as failure, playRun as play } from '../support/playing.ts';
import type { World } from '../support/sandbox.ts';
import { clusterWith, goodWork, refusedForGood, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const never = () => new Promise<never>(() => undefined);
const STEPS = ['coder', 'reviewer', 'human-test', 'conflicts', 'ci', 'merger'].map((kind) => ({ kind }));

describe('the built-in pipeline human-review', () => {
  it('takes a change from its task to its merge [A-177, A-183]', async () => {
    const { cluster, run, look } = await play(STEPS);
    expect(await look()).toMatchObject({
      workflowId: 'run/default/PAY-142',
      status: 'parked',
      policy: { ciAttempts: 10, checksGraceSeconds: 0 },
      change: { branch: 'gatehouse/PAY-142', base: 'main', head: HEAD, pullRequest: 1 },
      steps: [
        { id: '1-coder', state: 'done', outcome: 'passed', attempts: [{ n: 1, role: 'coder', outcome: 'completed' }] },
        { id: '2-reviewer', state: 'done' },
        { id: '3-human-test', state: 'waiting' },
        { id: '4-conflicts', state: 'pending' },
        { state: 'pending' },
        { state: 'pending' },
      ],
      current: { step: 3, id: '3-human-test', phase: 'parked', visit: '3-human-test#1' },
      waitingOn: { what: 'person' },
      environment: { status: 'live', generation: 1, head: HEAD },
      notices: [{ type: 'human_test_ready', severity: 'normal', visit: '3-human-test#1' }],
    });
    expect(run.attributes).toMatchObject({
      GatehouseWorkspace: 'default',
      GatehouseTask: 'PAY-142',
      GatehouseStatus: 'parked',
      GatehouseStep: 'human-test',
      GatehousePhase: 'human-test:parked',
      GatehouseWaitingOn: 'person',
      GatehouseWaitingSince: expect.any(String),
    });

    expect(await run.update('confirm', { by: 'ana', actionId: 'a-1' })).toEqual({
      ok: { actionId: 'a-1', visit: '3-human-test#1' },
    });
    expect(run.closed).toMatchObject({
      result: {
        outcome: 'merged',
        head: HEAD,
        mergeCommit: 'm'.repeat(40),
        steps: [{}, {}, {}, {}, {}, { outcome: 'merged' }],
      },
    });
    expect(await look()).toMatchObject({ status: 'passed', current: null, waitingOn: { what: 'nothing', offers: [] } });
    expect(run.attributes).toMatchObject({ GatehouseStatus: 'passed', GatehouseWaitingOn: 'nothing' });
    expect(cluster.executions.get('env/default/PAY-142')!.closed).toBeDefined();
    expect(cluster.log.filter((name) => name === 'removeEnvironment')).toHaveLength(1);
  });

  it('gives every job its own key, and every activity a summary for the Web UI [A-246]', async () => {
    const keys: string[] = [];
    const summaries: string[] = [];
    const { run } = await play(STEPS, {
      runJob: (job, call) => {
        keys.push(job.key);
        summaries.push(call.summary);
        return goodWork(job);
      },
    });
    await run.update('requestFix', { findings: 'wrong' });
    await run.update('requestFix', { findings: 'still wrong' });
    const own = 'run/default/PAY-142/000000000001';
    expect(keys).toEqual([
      `${own}/1-coder/coder-1`,
      `${own}/2-reviewer/reviewer-1`,
      `${own}/3-human-test/fixer-1`,
      `${own}/3-human-test/fixer-2`,
    ]);
    expect(summaries[2]).toBe('human-test: fixer at work (fixer-1)');
  });
});

describe('an invalid input', () => {
  it.each([
    ['nothing', undefined, /^input: /],
    ['an unknown key', { ...wish({ kind: 'coder' }), tsk: {} }, /^tsk: no such key/],
    ['an unknown kind', wish({ kind: 'cdoer' }), /^pipeline\.steps\[0\].*one of/],
    ['another unknown kind', wish({ kind: 'testre' }), /a step with a kind, one of .*tester/],
    ['a wrong type', wish({ kind: 'ci', attempts: 'ten' }), /^pipeline\.steps\[0\]\.attempts: expected number/],
    ['an unknown option', wish({ kind: 'ci', fixes: 3 }), /^pipeline\.steps\[0\]\.fixes: no such key/],
    ['a companion alone', wish({ kind: 'reviewer' }), /reviewer directly after coder/],
    [
      'an approval of a step without output',
      wish({ kind: 'ci', approval: true }, { kind: 'merger' }),
      /approval: expected no approval/,
    ],
    [
      'a "when" without an estimate',
      wish({ kind: 'coder' }, { kind: 'reviewer', when: { minRisk: 0.3 } }),
      /when: expected no "when"/,
    ],
    [
      'an unknown built-in pipeline',
      { ...wish(), pipeline: 'ful' },
      /^pipeline: expected a pipeline, or the name of one.*, found 'ful'$/,
    ],
    [
      'an escape from git',
      { ...wish({ kind: 'coder' }), change: { repository: '/r', branch: '../x' } },
      /^change\.branch/,
    ],
    [
      'an option for git',
      { ...wish({ kind: 'coder' }), change: { repository: '--upload-pack=x' } },
      /^change\.repository/,
    ],
    ['a bad policy', { ...wish({ kind: 'coder' }), policy: { maxRisk: 2 } }, /^policy\.maxRisk/],
  ])('%s fails the run at once [A-154]', async (_, input, message) => {
    const cluster = clusterWith();
    const run = await startRun(cluster, input);
    expect(failure(run)).toMatchObject({ type: 'invalid_input', details: { settled: [], fields: [{}] } });
    expect(failure(run).message).toMatch(message);
    expect(cluster.log).toEqual([]);
    expect(run.attributes).toMatchObject({ GatehouseStatus: 'failed', GatehouseWaitingOn: 'nothing' });
    expect(await run.query('run')).toMatchObject({ status: 'failed' });
  });

  it('a workflow id for another task fails the run', async () => {
    const run = await clusterWith().start('pipelineRun', 'run/default/OTHER', wish({ kind: 'coder' }));
    expect(failure(run).details.fields).toEqual([{ path: 'workflowId', expected: 'expected run/default/PAY-142' }]);
  });

  it('a refusal by examine fails the run before anything is created [A-117]', async () => {
    const fields = [{ path: 'change.repository', expected: 'expected a repository' }];
    const { run, cluster } = await play(STEPS, { examine: () => ({ is: 'refused', fields }) });
    expect(failure(run)).toMatchObject({ type: 'invalid_input', details: { fields } });
    expect(cluster.log).toEqual(['examine']);
  });
});

describe('jobs', () => {
  const once = (...ends: unknown[]) => {
    const left = [...ends];
    return (job: any) => left.shift() ?? goodWork(job);
  };

  it('that are interrupted cost no attempt, and run again under a new key', async () => {
    const interrupted = { is: 'interrupted', because: 'The stack was stopped.' };
    const { look } = await play(STEPS, { runJob: once(interrupted, interrupted, interrupted) });
    const [coder] = (await look()).steps;
    expect(coder.attempts.map(({ outcome }: any) => outcome)).toEqual([
      'interrupted',
      'interrupted',
      'interrupted',
      'completed',
    ]);
    expect(coder.attempts.at(-1).key).toMatch(/coder-4$/);
  });

  it('that are evicted run once more, then fail the step [A-242, E-37]', async () => {
    const evicted = { is: 'evicted', because: 'gone', infrastructure: false };
    expect((await (await play(STEPS, { runJob: once(evicted) })).look()).status).toBe('parked');
    const { run } = await play(STEPS, { runJob: once(evicted, evicted) });
    expect(failure(run)).toMatchObject({ type: 'evicted', details: { step: 1 } });
  });

  it('that are evicted by the infrastructure run up to five times more [A-242, E-37]', async () => {
    const evicted = { is: 'evicted', because: 'rollout', infrastructure: true };
    expect((await (await play(STEPS, { runJob: once(...Array(5).fill(evicted)) })).look()).status).toBe('parked');
    expect(failure((await play(STEPS, { runJob: once(...Array(6).fill(evicted)) })).run).type).toBe('evicted');
  });

  it('that fail also fail the run, with the end of their output [A-238]', async () => {
    const { run } = await play(STEPS, { runJob: once({ is: 'failed', because: 'exit code 7', detail: 'boom' }) });
    expect(failure(run)).toMatchObject({
      type: 'job_failed',
      message: 'exit code 7',
      details: { step: 1, detail: 'boom', settled: [] },
    });
    expect((await run.query('run')).notices).toMatchObject([{ type: 'run_failed' }]);
  });

  it('of a coder that change nothing on a new branch fail the run', async () => {
    const { run } = await play(STEPS, { runJob: once(completed({ changed: false, head: undefined })) });
    expect(failure(run)).toMatchObject({ type: 'job_failed', message: expect.stringContaining('changed nothing') });
  });

  it('of a reading role have their changes discarded, with a notice', async () => {
    const discarded = completed({ changed: false, output: { rating: 1 }, discarded: ['a.txt'] });
    const { look } = await play(STEPS, { runJob: (job) => (job.role === 'reviewer' ? discarded : goodWork(job)) });
    expect((await look()).notices).toMatchObject([{ type: 'changes_discarded' }, { type: 'human_test_ready' }]);
  });

  it('whose push is blocked by the owner’s checkout wait for the forge', async () => {
    let free = () => undefined as void;
    const held = new Promise<void>((resolve) => (free = resolve));
    const { run, look, cluster } = await play(STEPS, {
      runJob: async (job) => {
        if (job.role !== 'coder') return goodWork(job);
        if (!job.patient) return { is: 'held', by: 'forge', because: 'The checkout is dirty.' };
        await held;
        return goodWork(job);
      },
    });
    expect(await look()).toMatchObject({ waitingOn: { what: 'forge', detail: 'The checkout is dirty.' } });
    free();
    await cluster.settle();
    expect((await run.query('run')).status).toBe('parked');
    expect((await run.query('run')).steps[0].attempts).toHaveLength(1);
  });

  it('spend at most the budget of the run [A-244]', async () => {
    const dear = (cents: number) => (job: any) => ({ ...goodWork(job), usage: { costCents: cents } });
    const over = { policy: { budgetCents: 10 } };
    expect((await (await play(STEPS, { runJob: dear(5) }, over)).look()).status).toBe('parked');
    const { run, look } = await play(STEPS, { runJob: dear(11) }, over);
    expect(await look()).toMatchObject({ status: 'paused', waitingOn: { what: 'budget' }, usage: { costCents: 11 } });
    expect(await run.update('resume')).toMatchObject({ refused: { code: 'not_allowed' } });
    expect(await run.update('stop')).toMatchObject({ ok: {} });
    expect(run.closed).toEqual({ cancelled: true });
  });
});

describe('a companion', () => {
  const graded = (...ratings: [rating: number, comments?: number][]) => {
    const left = [...ratings];
    return (job: any) => {
      if (job.role !== 'reviewer') return goodWork(job);
      const [rating, comments = 0] = left.shift() ?? [0.9];
      const output = { rating, summary: `rated ${rating}`, comments: Array(comments).fill({ body: 'Add a test.' }) };
      return completed({ changed: false, summary: 'review', output });
    };
  };
  const jobs: any[] = [];
  const noting = (work: (job: any) => unknown) => (job: any) => {
    jobs.push(job);
    return work(job);
  };
  beforeEach(() => void jobs.splice(0));

  it('sends the work back for its first comments, whatever the rating', async () => {
    const { look } = await play(STEPS, { runJob: noting(graded([0.95, 1], [0.95, 1])) });
    expect(jobs.map(({ role }) => role)).toEqual(['coder', 'reviewer', 'coder', 'reviewer']);
    expect(jobs[2]).toMatchObject({
      key: expect.stringMatching(/1-coder\/coder-2$/),
      revision: { previousOutput: 'coder did it', feedback: expect.stringContaining('Add a test.') },
    });
    expect((await look()).status).toBe('parked');
  });

  it('asks a person when its reworks are used up, who may grant a round or let it pass [A-139, E-13]', async () => {
    const low = () => [0.1] as [number];
    const { run, look } = await play(STEPS, { runJob: noting(graded(low(), low(), low(), low(), low())) });
    expect(await look()).toMatchObject({
      status: 'parked',
      current: {
        kind: 'reviewer',
        visit: '2-reviewer#1',
        cap: { of: 'reviewer', used: 3, max: 3, feedback: 'rated 0.1' },
        verdicts: [{ rating: 0.1, threshold: 0.8, passed: false }, {}, {}, {}],
        offers: [{ action: 'resolveCap' }, { action: 'pause' }, { action: 'stop' }, { action: 'restartFrom' }],
      },
    });
    await run.update('resolveCap', { choice: 'extra-round' });
    expect(await look()).toMatchObject({ current: { visit: '2-reviewer#2', cap: { used: 4, max: 4 } } });
    await run.update('resolveCap', { choice: 'proceed', by: 'ana' });
    expect(await look()).toMatchObject({ current: { kind: 'human-test' } });
  });

  it('gets one repair of an unreadable answer, and never passes silently [A-198, N-50]', async () => {
    const garbled = completed({ changed: false, output: { rating: 'good' } });
    const garble = (times: number) => {
      let left = times;
      return (job: any) => (job.role === 'reviewer' && left-- > 0 ? garbled : goodWork(job));
    };
    expect((await (await play(STEPS, { runJob: garble(1) })).look()).status).toBe('parked');
    const { run } = await play(STEPS, { runJob: garble(2) });
    expect(failure(run)).toMatchObject({ type: 'companion_rejected', details: { detail: '{"rating":"good"}' } });
  });
});

describe('ci', () => {
  it('runs the ci-fixer with the end of the failing logs, as often as allowed [N-20, N-21, N-24, E-34]', async () => {
    let head = 0;
    const briefs: string[] = [];
    const { run } = await play([{ kind: 'coder' }, { kind: 'ci', attempts: 3 }], {
      settledChecks: () => red(HEADS[head]!, 'test'),
      runJob: (job) => {
        if (job.role !== 'ci-fixer') return goodWork(job);
        briefs.push(job.brief);
        expect(job.priorOutputs.at(-1)).toEqual({ step: 2, kind: 'ci', output: job.brief });
        return completed({ head: HEADS[(head += 1)] });
      },
    });
    expect(briefs).toHaveLength(3);
    expect(briefs[0]).toContain('test says no');
    expect(failure(run)).toMatchObject({
      type: 'job_failed',
      message: expect.stringContaining('3 attempts'),
      details: { step: 2 },
    });
    const { notices, steps } = await run.query('run');
    expect(notices).toMatchObject([{ type: 'ci_failed', text: expect.stringMatching(/test \(failure\).*3 attempts/) }]);
    expect(steps[1]).toMatchObject({ state: 'failed', outcome: 'failed' });
    expect(steps[1].attempts.map(({ n, role, outcome }: any) => [n, role, outcome])).toEqual(
      [1, 2, 3].map((n) => [n, 'ci-fixer', 'completed']),
    );
  });

  it('fails when its helper changes nothing twice in a row', async () => {
    const { run, cluster } = await play([{ kind: 'coder' }, { kind: 'ci' }], {
      settledChecks: ({ known }) => red(known, 'test'),
      runJob: (job) => (job.role === 'ci-fixer' ? completed({ changed: false }) : goodWork(job)),
    });
    expect(failure(run).message).toContain('Nothing changed');
    expect(cluster.log.filter((name) => name === 'runJob')).toHaveLength(3); // the coder, and two ci-fixers
  });

  it('passes at once, with a notice, if there are no checks [A-077, N-21]', async () => {
    const { run } = await play([{ kind: 'coder' }, { kind: 'ci' }], {
      settledChecks: ({ known }) => ({ ...green(known), checks: [], none: true }),
    });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready', head: HEAD, pullRequest: 1 } });
    expect((await run.query('run')).notices.map(({ type }: any) => type)).toEqual(['no_checks', 'pipeline_complete']);
  });

  it('asks again on a hint, and adds no history while it waits [N-20]', async () => {
    let asked = 0;
    const { run, cluster } = await play([{ kind: 'coder' }, { kind: 'ci' }], {
      settledChecks: ({ known }) => ((asked += 1) < 3 ? never() : green(known)),
    });
    await cluster.advance(24 * 3_600_000);
    expect(asked).toBe(1);
    expect((await run.query('run')).notices).toMatchObject([{ type: 'checks_pending', severity: 'urgent' }]);
    await run.signal('hint', { about: 'checks' });
    expect(asked).toBe(2);
    await run.signal('hint', { about: 'nonsense' });
    await run.signal('hint', { about: 'checks' });
    await cluster.advance(5_000);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(await run.query('actions')).toEqual([]);
  });

  it('fails with a timeout if the policy sets one [E-36, N-20]', async () => {
    const deadlines: unknown[] = [];
    const world: World = {
      settledChecks: ({ deadline }) => {
        deadlines.push(deadline);
        throw refusedForGood('timeout', '1 of 1 checks pending: test');
      },
    };
    const over = { policy: { checksMinutes: 30 } };
    const { run } = await play([{ kind: 'coder' }, { kind: 'ci' }], world, over);
    expect(failure(run)).toMatchObject({ type: 'timeout', message: '1 of 1 checks pending: test' });
    expect(deadlines).toEqual(['2026-01-01T00:30:00.000Z']);
  });
});
