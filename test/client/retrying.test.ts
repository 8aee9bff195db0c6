import { jest } from '@jest/globals';
import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import { completed, HEAD, HEADS, wish } from '../support/builders.ts';
import { heldJob, jobsOf } from '../support/playing.ts';
import { runsOf } from '../support/sandbox-client.ts';
import { clusterWith } from '../support/world.ts';

jest.setTimeout(60_000);

const ID = 'run/default/PAY-142';
const said = (summary: string, output?: unknown): JobReport => completed({ changed: false, summary, output });
const APPROVED = [
  { kind: 'architect', approval: true },
  { kind: 'researcher', approval: true },
  { kind: 'analysis' },
  { kind: 'coder', approval: true },
  { kind: 'mocker' },
  { kind: 'documenter' },
];

/** Starts a run with these steps through a client, in the sandbox. */
async function started(steps: Parameters<typeof wish>, reported: Record<string, JobReport[]> = {}, more: object = {}) {
  const jobs: Job[] = [];
  const cluster = clusterWith({ runJob: jobsOf(reported, jobs) });
  const { runs, sent } = runsOf(cluster);
  await runs.start({ ...wish(...steps), ...more });
  const now = () => cluster.executions.get(ID)!;
  return { cluster, runs, sent, jobs, now, look: () => runs.run(ID) as Promise<any> };
}

/** A run that failed at the fourth of its six steps, after two approvals. */
async function failedAtTheFourth() {
  const played = await started(APPROVED, {
    architect: [said('a plan')],
    researcher: [said('findings')],
    analysis: [said('an analysis', { parts: 3 })],
    coder: [{ is: 'failed', because: 'exit code 7', detail: 'boom' }],
  });
  await played.runs.act(ID, 'approve', { proposal: 'an edited plan', by: 'ana' });
  await played.runs.act(ID, 'approve', { by: 'bo' });
  return played;
}

describe('a run that failed', () => {
  it('reports the kind of failure, the reason and a hint, and its change is not merged [A-239, E-30]', async () => {
    const { runs, look } = await failedAtTheFourth();
    expect(await runs.ended(ID)).toMatchObject({
      is: 'lost',
      status: 'FAILED',
      type: 'job_failed',
      message: 'exit code 7',
      detail: 'boom',
      hint: expect.stringContaining('retry the run'),
    });
    const { status, steps, notices } = await look();
    expect([status, steps[3].state, steps[3].outcome]).toEqual(['failed', 'failed', 'failed']);
    expect(notices.at(-1)).toMatchObject({ type: 'run_failed', text: expect.stringContaining('exit code 7') });
  });

  it('is retried from the failed step in a new execution, and keeps the earlier results [A-223, E-26]', async () => {
    const { cluster, runs, now, look } = await failedAtTheFourth();
    const [before, failed] = [await look(), now().runId];
    const outputs = await Promise.all([1, 2, 3].map((step) => runs.output(ID, step)));
    const coder = heldJob('coder');
    cluster.world['runJob'] = coder.runJob;
    expect(await runs.retry(ID)).toMatchObject({ workflowId: ID });

    expect(now().runId).not.toBe(failed);
    const after = await look();
    expect(after.status).toBe('running');
    expect(after.steps.slice(0, 3)).toEqual(before.steps.slice(0, 3));
    expect(after.steps[0]).toMatchObject({ outcome: 'approved', note: 'Approved by ana.' });
    expect(await Promise.all([1, 2, 3].map((step) => runs.output(ID, step)))).toEqual(outputs);
    expect(coder.begun[0]!.priorOutputs).toMatchObject([
      { kind: 'architect', output: 'an edited plan' },
      { kind: 'researcher', output: 'findings' },
      { kind: 'analysis', output: expect.stringContaining('{"parts":3}') },
    ]);
  });

  it('runs the failed step from scratch, and then the later steps [A-224, A-225]', async () => {
    const { cluster, runs, look } = await failedAtTheFourth();
    expect((await look()).steps[3]).toMatchObject({ attempts: [{}], endedAt: expect.any(String), note: 'exit code 7' });
    await cluster.advance(60_000);
    const coder = heldJob('coder');
    cluster.world['runJob'] = coder.runJob;
    await runs.retry(ID);
    const [, , , step, ...later] = (await look()).steps;
    expect(step).toEqual({
      step: 4,
      id: '4-coder',
      kind: 'coder',
      state: 'working',
      startedAt: new Date(cluster.now).toISOString(),
      waitedMs: 0,
      attempts: [{ n: 1, role: 'coder', key: coder.begun[0]!.key, at: new Date(cluster.now).toISOString() }],
    });
    expect(coder.begun).toHaveLength(1);
    expect(await runs.output(ID, 4)).toBeNull();
    for (const each of later) expect(each).toMatchObject({ state: 'pending', attempts: [], waitedMs: 0 });
    for (const each of later)
      for (const key of ['startedAt', 'endedAt', 'outcome']) expect(each).not.toHaveProperty(key);
  });

  it('still asks for the approval of the failed step [A-226]', async () => {
    const { cluster, runs, look } = await failedAtTheFourth();
    cluster.world['runJob'] = jobsOf({ coder: [completed({ summary: 'code' })] });
    await runs.retry(ID);
    expect(await look()).toMatchObject({
      status: 'parked',
      current: { visit: '4-coder#1', proposal: 'code', offers: [{ action: 'approve' }, {}, {}, {}, {}, {}] },
    });
    await runs.act(ID, 'approve');
    expect((await look()).steps[3]).toMatchObject({ state: 'done', outcome: 'approved' });
  });

  it('is retried only if it has ended, and has not succeeded [A-239, E-28]', async () => {
    const live = await started([{ kind: 'coder' }, { kind: 'human-test' }]);
    await expect(live.runs.retry(ID)).rejects.toMatchObject({ code: 'live_run' });
    expect((await live.look()).status).toBe('parked');
    await live.runs.act(ID, 'confirm');
    await expect(live.runs.retry(ID)).rejects.toMatchObject({ code: 'nothing_to_retry' });
    expect(live.sent.filter((line) => line.startsWith('start'))).toHaveLength(1);
  });

  it('continues at its first unsettled step, even if it failed at a later one [A-227]', async () => {
    const { cluster, runs, now, look } = await failedAtTheFourth();
    // The record of a run whose third step was reopened after its fourth had failed.
    (now().closed as any).failure.details.settled.splice(2, 1);
    const analysis = heldJob('analysis');
    cluster.world['runJob'] = analysis.runJob;
    await runs.retry(ID);
    expect((await look()).steps.map(({ state }: any) => state).slice(0, 4)).toEqual([
      ...['done', 'done', 'working', 'pending'],
    ]);
  });

  it('keeps the settings of its steps: threshold, estimate, consensus [N-56]', async () => {
    const steps = [
      { kind: 'architect', consensus: { strategy: 'specialist-panel', participants: ['Ana', 'Bo'] } },
      { kind: 'coder' },
      { kind: 'reviewer', threshold: 0.5, when: { minRisk: 0.6 } },
      { kind: 'documenter' },
    ];
    const task = { id: 'PAY-142', title: 'a', estimate: { complexity: 0, risk: 0.7, impact: 0 } };
    const rated = completed({ changed: false, output: { rating: 0.6 } });
    const played = await started(
      steps,
      { reviewer: [rated], documenter: [{ is: 'failed', because: 'no paper' }] },
      { task },
    );
    const { pipeline } = await played.look();
    const jobs: Job[] = [];
    played.cluster.world['runJob'] = jobsOf({ reviewer: [rated] }, jobs);
    await played.runs.retry(ID, { from: 1 });
    expect((await played.look()).pipeline).toEqual(pipeline);
    expect(jobs.map(({ role }) => role)).toEqual([
      'architect',
      'architect',
      'synthesizer',
      'coder',
      'reviewer',
      'documenter',
    ]);
    expect((await played.look()).steps[2]).toMatchObject({ note: 'Rated 0.6, at or above 0.5.' });
  });
});

describe('a run that has succeeded', () => {
  const finding = { items: [{ category: 'gap', severity: 'high', title: 'Which tax?', detail: 'd' }] };
  const STEPS = [{ kind: 'requirements-review' }, { kind: 'coder' }];
  const ended = async () => {
    const played = await started(STEPS, {
      'requirements-reviewer': [said('', finding), said('', { items: [] })],
      incorporator: [said('The tax is 19 %.')],
      coder: [completed({ summary: 'first code' })],
    });
    await played.runs.act(ID, 'answerFinding', { finding: 'f-1', reply: '19 %' });
    await played.runs.act(ID, 'incorporate');
    expect(played.now().closed).toMatchObject({ result: { outcome: 'ready' } });
    return played;
  };

  it('can run its last step again, and keeps the step before and its document [A-229, A-233, E-27]', async () => {
    const { cluster, runs, now, look } = await ended();
    const [{ steps: before }, old] = [await look(), now().runId];
    const document = await runs.output(ID, 1);
    const coder = heldJob('coder');
    cluster.world['runJob'] = coder.runJob;
    await runs.retry(ID, { from: 2 });
    const { status, steps, current } = await look();
    expect(now().runId).not.toBe(old);
    expect([status, current.step]).toEqual(['running', 2]);
    expect(steps[0]).toEqual(before[0]);
    expect(await runs.output(ID, 1)).toEqual(document);
    expect(steps[1]).toMatchObject({ state: 'working', attempts: [{ n: 1 }] });
    expect(steps[1]).not.toHaveProperty('outcome');
    expect(await runs.output(ID, 2)).toBeNull();
    expect(coder.begun[0]!.task.description).toBe('The tax is 19 %.');
    coder.end(completed({ summary: 'second code', head: HEADS[1]! }));
    await cluster.settle();
    expect(now().closed).toMatchObject({ result: { outcome: 'ready', head: HEADS[1] } });
    expect(await runs.output(ID, 2)).toMatchObject({ summary: 'second code' });
  });

  it('can start again from its first step, and keeps no results [A-231, A-233]', async () => {
    const { cluster, runs, look } = await ended();
    const reviewer = heldJob('requirements-reviewer');
    cluster.world['runJob'] = reviewer.runJob;
    await runs.retry(ID, { from: 1 });
    const { steps } = await look();
    expect(steps[0]).toMatchObject({ state: 'working', attempts: [{ n: 1 }] });
    expect(steps[0].review).toMatchObject({ iteration: 0, documented: false, findings: [] });
    expect(steps[1]).toMatchObject({ state: 'pending', attempts: [] });
    expect([await runs.output(ID, 1), await runs.output(ID, 2)]).toEqual([null, null]);
    reviewer.end(said('', { items: [] }));
    await cluster.settle();
    expect(reviewer.begun).toHaveLength(1);
    expect((await look()).status).toBe('passed');
  });

  it.each([0, 3, 9])('cannot be retried from a step that it does not have: %i [A-233, E-27]', async (from) => {
    const { runs, now } = await ended();
    const before = now().runId;
    await expect(runs.retry(ID, { from })).rejects.toMatchObject({
      code: 'invalid_input',
      fields: [{ path: expect.stringMatching(/from$/) }],
    });
    expect(now().runId).toBe(before);
  });
});

describe('the client', () => {
  it('refuses an action on a run that does not exist, and starts nothing [N-06]', async () => {
    const { runs, sent } = runsOf(clusterWith());
    await expect(runs.act(ID, 'confirm')).rejects.toMatchObject({ code: 'not_found' });
    expect(sent.filter((line) => line.startsWith('start'))).toEqual([]);
  });
  it('sends only the start, the answer with the decision’s id, and the stop [A-171]', async () => {
    const asks = completed({ changed: false, decision: { question: 'Which?', options: ['a', 'b'] } });
    const { runs, sent, jobs, now } = await started([{ kind: 'coder' }, { kind: 'human-test' }], {
      coder: [asks, completed({ head: HEAD })],
    });
    const decision = '1-coder/decision-1';
    expect(await runs.act(ID, 'decide', { decision, choice: 'b', actionId: 'x-1' })).toMatchObject({ is: 'taken' });
    expect(jobs[1]!.resolvedDecision).toEqual({ question: 'Which?', choice: 'b' });
    await runs.act(ID, 'stop', { actionId: 'x-2' });
    expect(now().closed).toEqual({ cancelled: true });
    expect(sent).toEqual([
      `start ${ID} pipelineRun`,
      `update ${ID} decide {"decision":"${decision}","choice":"b","actionId":"x-1"}`,
      `update ${ID} stop {"actionId":"x-2"}`,
    ]);
    await expect(runs.act(ID, 'confirm')).rejects.toMatchObject({ code: 'closed' });
  });
});
