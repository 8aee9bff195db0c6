import { jest } from '@jest/globals';
import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import { change, completed, HEADS, ready, red, wish } from '../support/builders.ts';
import { jobsOf } from '../support/playing.ts';
import type { Cluster, Execution } from '../support/sandbox.ts';
import { clusterWith, goodWork, refusedForGood, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const read = (output: unknown, summary = 'said') => completed({ changed: false, output, summary });
const roles = (heard: Job[]) => heard.map(({ role }) => role);
const logOf = async (run: Execution) =>
  (await run.query('actions')).map((entry: any) => [entry.action, entry.verdict, entry.code]);
const finding = { items: [{ category: 'gap', severity: 'high', title: 'Which tax?', detail: 'd' }] };

describe('a review in a run', () => {
  const work = (heard: Job[] = []) =>
    jobsOf(
      {
        'requirements-reviewer': [read(finding), read({ items: [] })],
        incorporator: [read(undefined, 'The tax is 19 %.')],
      },
      heard,
    );

  it('takes answers and the incorporate action sent in the same activation [A-029]', async () => {
    const heard: Job[] = [];
    const cluster = clusterWith({ runJob: work(heard) });
    const run = await startRun(cluster, wish({ kind: 'requirements-review' }, { kind: 'coder' }));
    const parked = await run.query('run');
    expect(parked).toMatchObject({
      status: 'parked',
      current: { visit: '1-requirements-review#1', findings: [{ id: 'f-1', status: 'open' }] },
    });
    await cluster.concurrently(
      () => run.signal('answerFinding', { finding: 'f-1', reply: '7 %' }),
      () => run.signal('dismissFinding', { finding: 'f-1' }),
      () => run.signal('reopenFinding', { finding: 'f-1' }),
      () => run.signal('answerFinding', { finding: 'f-1', reply: '19 %', visit: '1-requirements-review#1' }),
      () => run.signal('incorporate', { visit: '1-requirements-review#1' }),
    );
    expect((await logOf(run)).map(([, verdict]: string[]) => verdict)).toEqual(Array(5).fill('taken'));
    expect(heard.find(({ role }) => role === 'incorporator')!.brief).toContain('Answer: 19 %');
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(await run.query('output', { step: 1 })).toMatchObject({ summary: 'The tax is 19 %.' });
  });
  it('shows its findings and the inputs to send in the Web UI', async () => {
    const cluster = clusterWith({ runJob: work() });
    const run = await startRun(cluster, wish({ kind: 'requirements-review' }, { kind: 'coder' }));
    const { currentDetails } = await run.metadata();
    expect(currentDetails).toContain('- `f-1` high, open: **Which tax?** d');
    expect(currentDetails).toContain(
      '| `answerFinding` | `{"visit":"1-requirements-review#1","finding":"f-1","reply":"…"}`',
    );
    await run.update('answerFinding', { finding: 'f-1', reply: '19 <b>%</b>' });
    expect((await run.metadata()).currentDetails).toContain('Answer: 19 &lt;b\\>%&lt;/b\\>');
  });
  it('replaces the task’s description with its document in later jobs [A-071]', async () => {
    const heard: Job[] = [];
    const cluster = clusterWith({ runJob: work(heard) });
    const run = await startRun(cluster, wish({ kind: 'requirements-review' }, { kind: 'coder' }));
    await run.update('answerFinding', { finding: 'f-1', reply: '19 %' });
    await run.update('incorporate');
    const coder = heard.find(({ role }) => role === 'coder')!;
    expect([coder.task.description, coder.brief]).toEqual([
      'The tax is 19 %.',
      'Show totals with tax\n\nThe tax is 19 %.',
    ]);
  });
  it('replaces the description of a bug report too, and the document of the requirements review wins [A-072]', async () => {
    const heard: Job[] = [];
    const reported = {
      'clarity-reviewer': [read(finding), read({ items: [] })],
      'requirements-reviewer': [read(finding), read({ items: [] })],
      incorporator: [read(undefined, 'clear'), read(undefined, 'required')],
    };
    const run = await startRun(
      clusterWith({ runJob: jobsOf(reported, heard) }),
      wish({ kind: 'clarity-review' }, { kind: 'architect' }, { kind: 'requirements-review' }, { kind: 'coder' }),
    );
    for (let turn = 0; turn < 2; turn += 1) {
      await run.update('answerFinding', { finding: 'f-1', reply: 'x' });
      await run.update('incorporate');
    }
    const told_ = (role: string) => heard.findLast((job) => job.role === role)!.task.description;
    expect([told_('architect'), told_('coder')]).toEqual(['clear', 'required']);
  });
  it('refuses actions on unknown findings, and logs the rejected input [A-068, N-40, N-55]', async () => {
    const run = await startRun(
      clusterWith({ runJob: work() }),
      wish({ kind: 'requirements-review' }, { kind: 'coder' }),
    );
    const said = { finding: 'f-7', reply: 'a long answer' };
    expect((await run.update('answerFinding', said)).refused).toMatchObject({
      code: 'invalid',
      because: expect.stringContaining('f-1'),
    });
    expect((await run.update('incorporate')).refused).toMatchObject({ code: 'not_offered' });
    expect((await run.update('approve')).refused).toMatchObject({ code: 'not_offered' });
    expect((await run.update('requestRecommendations', { findings: ['f-9'] })).refused).toMatchObject({
      code: 'invalid',
    });
    await run.signal('answerFinding', said);
    expect((await run.query('actions')).at(-1)).toMatchObject({ verdict: 'refused', input: JSON.stringify(said) });
    expect(
      (await run.update('answerFinding', { finding: 'f-1', reply: 'x', visit: '1-requirements-review#9' })).refused,
    ).toMatchObject({ code: 'stale' });
  });
  it('starts over after a restart, and keeps its answers when the run is retried [N-44]', async () => {
    const steps = wish({ kind: 'requirements-review' }, { kind: 'coder' });
    const begun = async () => {
      const cluster = clusterWith({ runJob: work() });
      const run = await startRun(cluster, steps);
      await run.update('answerFinding', { finding: 'f-1', reply: '19 %' });
      return { cluster, run };
    };
    const over = (await begun()).run;
    await over.update('restartFrom', { step: 1 });
    expect((await over.query('run')).steps[0].review).toMatchObject({ iteration: 1 });

    const { cluster, run } = await begun();
    await run.update('stop');
    const again = await startRun(cluster, { ...steps, resume: { of: { runId: run.runId } } });
    expect((await again.query('run')).current).toMatchObject({
      visit: '1-requirements-review#2',
      findings: [{ reply: '19 %', status: 'answered' }],
    });
    await again.update('incorporate');
    expect(again.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
});

describe('a tester in a run', () => {
  const withheld = read({
    greenlight: false,
    summary: 'no',
    concerns: [{ title: 'no tax', detail: 'd', severity: 'high' }],
  });

  it('gets a fixer with job keys of its own, whose brief has the concerns [A-118]', async () => {
    const heard: Job[] = [];
    const reported = {
      tester: [withheld, read({ greenlight: true, summary: 'ok', concerns: [] })],
      fixer: [completed({ head: HEADS[1] })],
    };
    const run = await startRun(
      clusterWith({ runJob: jobsOf(reported, heard) }),
      wish({ kind: 'coder' }, { kind: 'tester' }),
    );
    expect(roles(heard)).toEqual(['coder', 'tester', 'fixer', 'tester']);
    expect(heard[2]!.priorOutputs.at(-1)).toMatchObject({
      kind: 'tester',
      output: expect.stringContaining('no tax (high)'),
    });
    expect(new Set(heard.map(({ key }) => key)).size).toBe(4);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
  it('retries evicted jobs within the budgets, and an evicted fixer does not fail the run [N-31]', async () => {
    const gone: JobReport = { is: 'evicted', because: 'gone', infrastructure: false };
    const reported = {
      tester: [gone, withheld, read({ greenlight: true, concerns: [] })],
      fixer: [gone, gone, completed()],
    };
    const heard: Job[] = [];
    const run = await startRun(
      clusterWith({ runJob: jobsOf(reported, heard) }),
      wish({ kind: 'coder' }, { kind: 'tester' }),
    );
    expect(roles(heard)).toEqual(['coder', 'tester', 'tester', 'fixer', 'fixer', 'tester']);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
  it('gets the deployer’s environment at the head under test [A-199]', async () => {
    const heard: Job[] = [];
    const reported = {
      tester: [withheld, read({ greenlight: true, concerns: [] })],
      fixer: [completed({ head: HEADS[1] })],
    };
    const cluster = clusterWith({ runJob: jobsOf(reported, heard) });
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'deployer' }, { kind: 'tester' }));
    const sites = heard.filter(({ role }) => role === 'tester').map(({ environment }) => environment);
    expect(roles(heard)).toEqual(['coder', 'tester', 'fixer', 'tester']);
    expect(sites).toEqual([
      { url: 'http://127.0.0.1:4000/1', head: HEADS[0] },
      { url: 'http://127.0.0.1:4000/2', head: HEADS[1] },
    ]);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect([...cluster.executions.values()].every(({ closed }) => closed)).toBe(true);
  });
});

describe('when something around a step fails,', () => {
  it.each([
    [
      'failed',
      () => ({ is: 'failed', because: 'no room' }),
      { type: 'job_failed', message: 'The environment could not be built: It could not be built: no room' },
    ],
    ['slow', () => new Promise(() => undefined), { type: 'timeout' }],
    [
      'refused',
      () => {
        throw refusedForGood('unexpected', 'quota');
      },
      { type: 'job_failed', message: expect.stringContaining('quota') },
    ],
  ])('a deployer fails if its environment is %s [N-54]', async (_, provisionEnvironment, failure) => {
    const cluster = clusterWith({ provisionEnvironment });
    const run = await startRun(cluster, {
      ...wish({ kind: 'coder' }, { kind: 'deployer' }),
      policy: { provisionSeconds: 5 },
    });
    await cluster.advance(60_000);
    expect(run.closed).toMatchObject({ failure });
  });
  it.each([
    ['a tester', [{ kind: 'coder' }, { kind: 'tester' }], { tester: [read('?')] }, 'agent'],
    [
      'a companion',
      [{ kind: 'spec-writer' }, { kind: 'spec-companion' }],
      { 'spec-companion': [read('?')] },
      'companion_rejected',
    ],
  ])('the run fails after two unreadable answers of %s', async (_, steps, reported, type) => {
    const run = await startRun(clusterWith({ runJob: jobsOf(reported as never) }), wish(...(steps as never[])));
    expect(run.closed).toMatchObject({ failure: { type } });
  });
  it('the run continues if the tracker is down or missing', async () => {
    const down = () => {
      throw refusedForGood('down', 'the tracker is down');
    };
    for (const fileIssue of [down, () => ({ is: 'none' })]) {
      const run = await startRun(
        clusterWith({ fileIssue }),
        wish({ kind: 'analysis' }, { kind: 'tracker' }, { kind: 'coder' }),
      );
      expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
      expect((await run.query('run')).steps[1].note).toContain('No issue was filed');
    }
  });
  it('a document that cannot be committed is noted on the step', async () => {
    const script = jobsOf({
      blueprints: [
        read({
          type: 'service',
          name: 'Shop',
          references: ['a.js'],
          modules: [{ name: 'M', references: ['b.js', 7] }],
        }),
      ],
    });
    const cluster = clusterWith({ runJob: script, commitFiles: () => ({ is: 'refused', because: 'it was deleted' }) });
    const run = await startRun(cluster, wish({ kind: 'blueprints' }, { kind: 'coder' }));
    expect((await run.query('run')).steps[0].note).toBe('Shop It could not be committed: it was deleted');
  });
});

describe('the monthly budget', () => {
  it('holds a job, shows that it waits for budget, and continues when there is room again [A-244, E-29, N-16]', async () => {
    let over = true;
    const cluster = clusterWith({
      runJob: (job: Job) =>
        over ? { is: 'held', by: 'budget', because: 'All runs together have spent 9 of 5 cents' } : goodWork(job),
    });
    delete cluster.world['withinBudget'];
    const run = await startRun(cluster, wish({ kind: 'coder' }));
    expect(await run.query('run')).toMatchObject({
      status: 'paused',
      waitingOn: { what: 'budget', offers: ['resume', 'pause', 'stop', 'restartFrom'] },
    });
    const waits = () =>
      [...cluster.calls].filter(({ name, cancelRequested }) => name === 'withinBudget' && !cancelRequested);
    const [first] = waits();
    await cluster.advance(5_000);
    await run.update('resume', { by: 'ana' });
    expect(waits()).toHaveLength(1);
    expect(waits()[0]).not.toBe(first);
    over = false;
    waits()[0]!.complete();
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect((await run.query('run')).steps[0].attempts).toHaveLength(1);
  });
});

describe('consensus in a run', () => {
  const step = { kind: 'architect', consensus: { strategy: 'specialist-panel', participants: ['Ana', 'Bo'] } };

  it('starts its participants in parallel, each under its own job key [A-148]', async () => {
    const cluster = clusterWith();
    delete cluster.world['runJob'];
    const run = await startRun(cluster, wish(step, { kind: 'coder' }));
    const open = () => [...cluster.calls].filter(({ name }) => name === 'runJob');
    expect(open().map(({ args }) => args[0].key.split('/').at(-1))).toEqual(['architect-1', 'architect-2']);
    expect((await run.query('run')).pipeline.steps[0].consensus).toEqual({ ...step.consensus, rounds: 2 });
    await cluster.concurrently(...open().map((call) => () => call.complete(read(undefined, 'x'))));
    expect(open()[0]!.args[0]).toMatchObject({ role: 'synthesizer', brief: expect.stringContaining('## Bo') });
  });
  it.each([
    ['debate', 7, '## Bo'],
    ['ranked-voting', 7, 'The vote, by points: A: 6, B: 3, C: 0.'],
  ])('produces one answer by %s', async (strategy, jobs, reported) => {
    const heard: Job[] = [];
    const vote = read({ ranking: ['A', 'B', 'odd'] });
    const script = jobsOf({ architect: [vote], synthesizer: [read({ made: true }, 'one answer')] }, heard);
    const consensus = { strategy, participants: ['Ana', 'Bo', 'Cy'] };
    const run = await startRun(
      clusterWith({ runJob: script }),
      wish({ kind: 'architect', consensus }, { kind: 'coder' }),
    );
    const synthesizer = heard.findIndex(({ role }) => role === 'synthesizer');
    expect([synthesizer + 1, heard[synthesizer]!.brief.includes(reported)]).toEqual([jobs, true]);
    expect(await run.query('output', { step: 1 })).toMatchObject({ summary: 'one answer', output: { made: true } });
  });
  it('fails the step without enough answers', async () => {
    const script = jobsOf({ architect: [{ is: 'failed', because: 'no' }] });
    const run = await startRun(clusterWith({ runJob: script }), wish(step, { kind: 'coder' }));
    expect(run.closed).toMatchObject({
      failure: { type: 'job_failed', message: expect.stringContaining('Only 0 of 2') },
    });
  });
  it('stops all of its jobs when the run is stopped', async () => {
    const stopped: string[] = [];
    const cluster = clusterWith({ stopJob: ({ key }) => void stopped.push(key.split('/').at(-1)) });
    delete cluster.world['runJob'];
    const run = await startRun(cluster, wish(step, { kind: 'coder' }));
    await run.update('stop');
    expect(run.closed).toEqual({ cancelled: true });
    expect(stopped.sort()).toEqual(['architect-1', 'architect-2']);
  });
  it.each([
    ['a writing kind', { kind: 'coder', consensus: step.consensus }, /consensus: expected no consensus: coder/],
    ['one participant', { kind: 'architect', consensus: { ...step.consensus, participants: ['Ana'] } }, /participants/],
    [
      'duplicate names',
      { kind: 'architect', consensus: { ...step.consensus, participants: ['Ana', 'Ana'] } },
      /different names/,
    ],
    ['six rounds', { kind: 'architect', consensus: { ...step.consensus, rounds: 6 } }, /rounds/],
  ])('is refused for %s', async (_, bad, message) => {
    const run = await startRun(clusterWith(), wish(bad, { kind: 'ci' }));
    expect(run.closed).toMatchObject({ failure: { type: 'invalid_input', message: expect.stringMatching(message) } });
  });
});

describe('an estimate', () => {
  const steps = [
    { kind: 'task-estimator' },
    { kind: 'coder' },
    { kind: 'reviewer', when: { minRisk: 0.6, minImpact: 0.6 } },
  ];
  it.each([
    ['low', 0.1, 'skipped', []],
    ['high', 0.6, 'done', ['reviewer']],
  ])(
    'that is %s decides whether later steps run, and is shown on the task [A-145, A-147, A-158, E-24]',
    async (_, risk, state, sent) => {
      const heard: Job[] = [];
      const output = { complexity: 0, risk, impact: 0, rationale: 'r' };
      const run = await startRun(
        clusterWith({ runJob: jobsOf({ 'task-estimator': [read(output)] }, heard) }),
        wish(...steps),
      );
      const { steps: reported, task } = await run.query('run');
      expect([reported[2].state, roles(heard).slice(2)]).toEqual([state, sent]);
      expect(task.estimate).toEqual({ complexity: 0, risk, impact: 0 });
      expect(heard[1]!.task.estimate).toEqual(task.estimate);
    },
  );
  it.each([
    [
      'without an estimator before it [A-146, A-151, E-25]',
      [{ kind: 'coder' }, steps[2]!, steps[0]!],
      /no "when" without/,
    ],
    ['without a threshold [A-153]', [steps[0]!, { kind: 'coder' }, { kind: 'reviewer', when: {} }], /at least one of/],
    ['on a kind that always runs [A-152]', [steps[0]!, { kind: 'coder', when: { minRisk: 1 } }], /coder always runs/],
  ])('"when" is refused %s', async (_, bad, message) => {
    const run = await startRun(clusterWith(), wish(...(bad as never[])));
    expect(run.closed).toMatchObject({ failure: { message: expect.stringMatching(message) } });
  });
  it('a disabled step may have a "when" without an estimator [A-151]', async () => {
    const run = await startRun(
      clusterWith(),
      wish({ kind: 'coder' }, { kind: 'tester', when: { minRisk: 1 }, enabled: false }),
    );
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
  it('is kept by a retry', async () => {
    const output = { complexity: 0, risk: 0.9, impact: 0, rationale: 'r' };
    const estimator = { 'task-estimator': [read(output)] };
    const cluster = clusterWith({ runJob: jobsOf({ ...estimator, coder: [{ is: 'failed', because: 'no' }] }) });
    const { runId } = await startRun(cluster, wish(...steps));
    const heard: Job[] = [];
    cluster.world['runJob'] = jobsOf({}, heard);
    await startRun(cluster, { ...wish(...steps), resume: { of: { runId } } });
    expect(roles(heard)).toEqual(['coder', 'reviewer']);
  });
});

describe('documents in a run', () => {
  it('are committed by the run, which opens the pull request', async () => {
    const asked: any[] = [];
    const reported: any[] = [];
    const cluster = clusterWith({
      runJob: jobsOf({ 'spec-writer': [read({ service: 'Shop', summary: 's', modules: [] })] }),
      commitFiles: (question) => {
        asked.push(question);
        return { is: 'committed', head: HEADS[2], foreign: [], pullRequest: 7 };
      },
      tellIssues: (note) => void reported.push(note),
    });
    const run = await startRun(cluster, { ...wish(), pipeline: 'spec' });
    expect(Object.keys(asked[0].files)).toEqual(['spec/shop.md', 'spec/shop.json']);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready', head: HEADS[2], pullRequest: 7 } });
    expect(reported).toMatchObject([
      { issues: ['PAY-142'], text: expect.stringContaining('Pull request 7'), resolve: false },
    ]);
  });
  it('a coder that changes nothing fails the run if the branch holds only a document', async () => {
    const reported = { 'spec-writer': [read({ service: 'Shop' })], coder: [completed({ changed: false })] };
    const run = await startRun(
      clusterWith({ runJob: jobsOf(reported) }),
      wish({ kind: 'spec-writer' }, { kind: 'coder' }),
    );
    expect(run.closed).toMatchObject({
      failure: { type: 'job_failed', message: expect.stringContaining('changed nothing') },
    });
  });
});

describe('after the merge', () => {
  const steps = [{ kind: 'coder' }, { kind: 'merger' }, { kind: 'documenter' }, { kind: 'researcher' }];

  it('the issues get comments and are resolved, and later steps run on [A-173, E-4, N-53]', async () => {
    const reported: any[] = [];
    const cluster = clusterWith({ tellIssues: (note) => void reported.push([note.text, note.resolve]) });
    const run = await startRun(cluster, wish(...steps));
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect(reported.map(([, resolve]) => resolve)).toEqual([false, true]);
    const outcomes = (await run.query('run')).steps.map(({ outcome }: any) => outcome);
    expect(outcomes).toEqual(['passed', 'merged', 'passed', 'passed']);
    expect(cluster.log.indexOf('merge')).toBeLessThan(cluster.log.lastIndexOf('runJob'));
  });
  it('a failed step is reported, and the change stays merged [N-53]', async () => {
    const started: unknown[] = [];
    const cluster = clusterWith({
      runJob: jobsOf({ documenter: [{ is: 'failed', because: 'no paper' }] }),
      startDependents: ({ inputs }) => void started.push(...inputs),
      tellIssues: () => {
        throw refusedForGood('down', 'the tracker is down');
      },
    });
    const input = wish(...steps);
    const run = await startRun(cluster, {
      ...input,
      task: { ...input.task, dependents: [{ ...input, task: { id: 'B', title: 'B' } }] },
    });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    const { steps: kept, notices } = await run.query('run');
    expect(kept[2]).toMatchObject({ state: 'failed', note: 'no paper' });
    // The first and the last notice: the tracker could not be updated.
    expect(notices.map(({ type }: any) => type)).toEqual(['keeps_failing', 'run_failed', 'keeps_failing']);
    expect(started).toHaveLength(1);
  });
  it('a merge by hand starts the dependents and sends no notice that the change is ready', async () => {
    const started: unknown[] = [];
    const cluster = clusterWith({
      lookAtChange: () => ({ state: 'merged', head: HEADS[0], mergeCommit: 'm', baseHead: change.basis, foreign: [] }),
      startDependents: ({ inputs }) => void started.push(...inputs),
    });
    const input = wish({ kind: 'coder' }, { kind: 'ci' });
    const run = await startRun(cluster, {
      ...input,
      task: { ...input.task, dependents: [{ ...input, task: { id: 'B', title: 'B' } }] },
    });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', mergeCommit: 'm' } });
    expect([started.length, (await run.query('run')).notices]).toEqual([1, []]);
  });
});

it('a lost lookAtChange is retried, like every other activity that reads [N-20]', async () => {
  let looks = 0;
  const cluster = clusterWith({
    lookAtChange({ known }) {
      looks += 1;
      if (looks === 1) throw new Error('The connection was lost.');
      return { state: 'open', head: known, baseHead: change.basis, foreign: [] };
    },
  });
  const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'ci' }));
  expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  expect(looks).toBe(2);
});

describe('a release in a run', () => {
  const steps = [{ kind: 'coder' }, { kind: 'merger' }, { kind: 'post-release-health', minutes: 5 }];
  const watchOf = (cluster: Cluster) => cluster.executions.get('release/default/PAY-142')!;

  it('is watched by its own workflow, and the run ends without waiting for it [E-39, N-23]', async () => {
    const cluster = clusterWith();
    delete cluster.world['releaseSettled'];
    const run = await startRun(cluster, wish(...steps));
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    const watch = watchOf(cluster);
    expect(await watch.query('run')).toMatchObject({
      status: 'running',
      waitingOn: { what: 'timer', deadline: expect.anything() },
    });
    expect(watch.attributes).toMatchObject({
      GatehouseTask: 'PAY-142',
      GatehousePhase: 'post-release-health:watching',
    });
    expect(watch.attributes).not.toHaveProperty('GatehouseRepository');
    const [call] = [...cluster.calls].filter(({ name }) => name === 'releaseSettled');
    expect(call!.args[0]).toMatchObject({ mergeCommit: 'm'.repeat(40) });
    call!.complete({ signals: [{ id: 'errors', state: 'ok' }] });
    await cluster.settle();
    expect(watch.closed).toMatchObject({ result: { health: 'healthy' } });
  });
  it('that regressed is investigated on the base, reported once, and ends when a person acknowledges it [A-188, E-38]', async () => {
    const heard: Job[] = [];
    const oncall = read({ culpritConfidence: 1, recommendation: 'revert', rationale: 'r' });
    const cluster = clusterWith({
      runJob: jobsOf({ 'on-call': [oncall] }, heard),
      releaseSettled: () => ({ signals: [{ id: 'errors', state: 'alert' }] }),
    });
    await startRun(cluster, wish(...steps));
    const watch = watchOf(cluster);
    expect(heard.at(-1)).toMatchObject({
      role: 'on-call',
      mode: 'read',
      change: { branch: 'main' },
      brief: expect.stringContaining(`pull request 1, merged into main just before as ${'m'.repeat(40)}, is to blame`),
    });
    expect(heard.at(-1)!.key).toMatch(/^release\/default\/PAY-142\/.{12}\/1-post-release-health\/on-call-1$/);
    expect(await watch.query('run')).toMatchObject({ status: 'parked', notices: [{ type: 'release_regression' }] });
    expect((await watch.update('merge')).refused).toMatchObject({
      code: 'not_offered',
      offers: ['acknowledge', 'pause', 'stop', 'restartFrom'],
    });
    expect((await watch.update('acknowledge', { by: 'ana' })).ok).toMatchObject({ visit: '1-post-release-health#1' });
    expect(watch.closed).toMatchObject({
      result: { health: 'regressed', acknowledgedBy: 'ana', assessment: { recommendation: 'revert' } },
    });
    expect(cluster.log.filter((name) => name === 'tellIssues')).toHaveLength(2);
  });
  it.each([
    ['pass', []],
    ['notice', ['release_no_data']],
  ])('without data ends as its step configures: %s', async (onNoData, types) => {
    const cluster = clusterWith({ releaseSettled: () => ({ signals: [{ id: 'a', state: 'no_data' }] }) });
    await startRun(cluster, wish(steps[0]!, steps[1]!, { kind: 'post-release-health', minutes: 5, onNoData }));
    expect(watchOf(cluster).closed).toMatchObject({ result: { health: 'no-data' } });
    expect((await watchOf(cluster).query('run')).notices.map(({ type }: any) => type)).toEqual(types);
  });
  it('that regressed is reported even if the investigation fails', async () => {
    const cluster = clusterWith({
      runJob: jobsOf({ 'on-call': [{ is: 'failed', because: 'no' }] }),
      releaseSettled: () => ({ signals: [{ id: 'a', state: 'alert', name: 'Errors', detail: '5 %' }] }),
    });
    await startRun(cluster, wish(...steps));
    expect((await watchOf(cluster).query('run')).current).toMatchObject({
      because: expect.stringContaining('The investigation failed (no)'),
    });
  });
  it('can be stopped like a run', async () => {
    const cluster = clusterWith();
    delete cluster.world['releaseSettled'];
    await startRun(cluster, wish(...steps));
    await watchOf(cluster).update('stop', { by: 'ana' });
    expect(watchOf(cluster).closed).toEqual({ cancelled: true });
  });
  it('is not watched, with a note, while an earlier release of the task still is', async () => {
    const cluster = clusterWith();
    delete cluster.world['releaseSettled'];
    await startRun(cluster, wish(...steps));
    cluster.executions.delete('run/default/PAY-142');
    const second = await startRun(cluster, wish(...steps));
    expect((await second.query('run')).steps[2].note).toContain('still watches an earlier release');
  });
  it('with an invalid input fails with the name of the field', async () => {
    const cluster = clusterWith();
    expect((await cluster.start('releaseWatch', 'release/default/X', { workspace: 'default' })).closed).toMatchObject({
      failure: { type: 'invalid_input', message: expect.stringContaining('task') },
    });
  });
});

describe('at the end of a run,', () => {
  it('actions are refused while it cleans up', async () => {
    const cluster = clusterWith();
    delete cluster.world['removeEnvironment'];
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'deployer' }));
    expect(run.closed).toBeUndefined();
    expect((await run.query('run')).current).toMatchObject({ phase: 'cleaning-up' });
    for (const [action, input] of [
      ['pause', {}],
      ['restartFrom', { step: 1 }],
      ['stop', {}],
    ] as const) {
      expect((await run.update(action, input)).refused).toMatchObject({ code: 'closed' });
    }
    await cluster.advance(10_000);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
  it('a restart at the moment when a gate ends is not lost', async () => {
    const cluster = clusterWith({ settledChecks: () => ({ ...red(HEADS[0]!, 'test') }) });
    delete cluster.world['runJob'];
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'mocker' }));
    const job = () => [...cluster.calls].find(({ name }) => name === 'runJob')!;
    job().complete(completed());
    await cluster.settle();
    await cluster.concurrently(
      () => job().complete({ is: 'failed', because: 'no' }),
      () => run.signal('restartFrom', { step: 1 }),
    );
    expect(run.closed).toBeUndefined();
    expect((await run.query('run')).current).toMatchObject({ id: '1-coder' });
  });
  it('a stopped run ends its checks', async () => {
    const cluster = clusterWith();
    delete cluster.world['settledChecks'];
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'ci' }));
    await run.update('stop');
    expect(run.closed).toEqual({ cancelled: true });
    expect(cluster.log).toContain('endChecks');
  });
  it('a run that failed by one red check ends the checks that are still running', async () => {
    const cluster = clusterWith({ settledChecks: () => ({ ...red(HEADS[0]!, 'test'), running: ['lint'] }) });
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'ci', attempts: 0 }));
    expect(run.closed).toMatchObject({ failure: { type: 'job_failed' } });
    expect(cluster.log).toContain('endChecks');
  });
  it('a restart requested just before continue-as-new is carried out first', async () => {
    const cluster = clusterWith();
    delete cluster.world['notify'];
    const report = completed({ discarded: ['a.txt'] });
    cluster.world['runJob'] = (job: Job) => (job.role === 'architect' ? report : goodWork(job));
    const run = await startRun(cluster, wish({ kind: 'architect', approval: true }, { kind: 'coder' }));
    run.suggestContinueAsNew = true;
    await run.update('approve');
    await run.signal('restartFrom', { step: 1 });
    await cluster.advance(62_000);
    const [{ resume }] = run.handed;
    expect([resume.from, resume.state.steps.map(({ state }: any) => state)]).toEqual([1, ['pending', 'pending']]);
    expect((await run.query('run')).current.visit).toBe('1-architect#2');
  });
  it('examine asks for what the enabled steps need', async () => {
    const asked: any[] = [];
    const cluster = clusterWith({ examine: (question) => (asked.push(question), ready) });
    await startRun(
      cluster,
      wish({ kind: 'coder' }, { kind: 'deployer' }, { kind: 'post-release-health', enabled: false }),
    );
    expect(asked[0].needs).toEqual(['environment']);
  });
});
