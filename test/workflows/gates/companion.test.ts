import { jest } from '@jest/globals';
import type { JobReport } from '../../../workflows/contracts/activities.ts';
import { companions } from '../../../workflows/gates/companion.ts';
import type { Gate, JobEnd } from '../../../workflows/gates/gate.ts';
import { completed } from '../../support/builders.ts';
import { failureOf, jobsOf, playRun } from '../../support/playing.ts';
import { play } from '../../support/story.ts';

jest.setTimeout(60_000);

const STEPS = [{ kind: 'coder' }, { kind: 'reviewer' }];
const MORE = [...STEPS, { kind: 'documenter' }];
const reviewer = companions[0] as unknown as Gate;
const rated = (rating: unknown, comments: object[] = [], usage?: object): JobReport =>
  completed({ changed: false, output: { rating, summary: `rated ${String(rating)}`, comments }, ...usage });
const remark = { body: 'Add a test.' };
const roles = (jobs: any[]) => jobs.map(({ role }) => role);

describe('a companion in a run', () => {
  it('passes at once with the best rating, and its verdict is kept [A-136, E-11]', async () => {
    const jobs: any[] = [];
    const { run } = await playRun(STEPS, { runJob: jobsOf({ reviewer: [rated(1)] }, jobs) });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(roles(jobs)).toEqual(['coder', 'reviewer']);
    const { steps } = await run.query('run');
    expect(steps[1]).toMatchObject({ state: 'done', outcome: 'passed', note: 'Rated 1, at or above 0.8.' });
    const { step } = await play(reviewer, {
      before: [{ kind: 'coder', summary: 'made' }],
      jobs: { reviewer: [rated(1) as JobEnd] },
    });
    expect(step.verdicts).toMatchObject([{ rating: 1, threshold: 0.8, passed: true }]);
  });
  it('sends the work back once for its first comments, even with a passing rating [A-137, E-12]', async () => {
    const jobs: any[] = [];
    const good = rated(0.85, [remark]);
    const { run } = await playRun(STEPS, { runJob: jobsOf({ reviewer: [good, good] }, jobs) });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(roles(jobs)).toEqual(['coder', 'reviewer', 'coder', 'reviewer']);
    expect(jobs[2].revision).toMatchObject({ feedback: expect.stringContaining('Add a test.') });

    const story = { before: [{ kind: 'coder', summary: 'made' }], jobs: { reviewer: [good as JobEnd] } };
    const first = await play(reviewer, story);
    const own = { verdicts: first.step.verdicts, spent: first.step.spent };
    const { step, end } = await play(reviewer, { ...story, own });
    expect([end.is, step.spent['rework']]).toEqual(['passed', 1]);
    expect(step.verdicts.map(({ rating, passed }) => [rating, passed])).toEqual([
      [0.85, false],
      [0.85, true],
    ]);
  });
  it('fails the run, with the raw answer, if its answer stays unparseable [A-138, E-17]', async () => {
    const garbled = completed({ changed: false, output: 'so so' });
    const jobs: any[] = [];
    const { run } = await playRun(MORE, { runJob: jobsOf({ reviewer: [garbled] }, jobs) });
    expect(roles(jobs)).toEqual(['coder', 'reviewer', 'reviewer']);
    const first = structuredClone(run.closed);
    expect(failureOf(run)).toMatchObject({
      type: 'companion_rejected',
      message: expect.stringContaining('no parseable assessment'),
      details: { step: 2, detail: 'so so' },
    });
    expect((await run.query('run')).steps.map(({ state }: any) => state)).toEqual(['done', 'failed', 'pending']);
    await run.update('restartFrom', { step: 2 });
    expect(run.closed).toEqual(first);
  });
  it('adds up the usage of its answer and its repair [N-50]', async () => {
    const garbled = completed({ changed: false, output: '?', usage: { costCents: 2, inputTokens: 10 } });
    const { run } = await playRun(STEPS, {
      runJob: jobsOf({ reviewer: [garbled, rated(0.9, [], { usage: { costCents: 3, inputTokens: 5 } })] }),
    });
    const { steps, usage } = await run.query('run');
    expect(steps[1].usage).toMatchObject({ costCents: 5, inputTokens: 15 });
    expect(usage).toMatchObject({ costCents: 5, unknown: 1 });
  });
  it('asks a person after too many low ratings, and offers no plain approval [A-139, E-13, N-55]', async () => {
    const jobs: any[] = [];
    const { run, look, log } = await playRun(MORE, { runJob: jobsOf({ reviewer: [rated(0.4)] }, jobs) });
    expect(roles(jobs).filter((role) => role === 'reviewer')).toHaveLength(4);
    const { status, current, steps } = await look();
    expect([status, steps[1].state]).toEqual(['parked', 'waiting']);
    expect(current).toMatchObject({ visit: '2-reviewer#1', cap: { of: 'reviewer', used: 3, max: 3 } });
    expect(current.verdicts.map(({ rating, passed }: any) => [rating, passed])).toEqual(Array(4).fill([0.4, false]));
    expect((await run.update('approve', { visit: current.visit })).refused).toMatchObject({
      code: 'not_offered',
      offers: ['resolveCap', 'pause', 'stop', 'restartFrom'],
    });
    expect([await look(), await log()]).toEqual([expect.objectContaining({ status: 'parked' }), []]);
  });
  it('gets one more round if a person grants it, and may pass then [A-140, E-14]', async () => {
    const low = rated(0.4);
    const jobs: any[] = [];
    const { run, look } = await playRun(STEPS, {
      runJob: jobsOf({ reviewer: [low, low, low, low, low, rated(1)] }, jobs),
    });
    await run.update('resolveCap', { choice: 'extra-round' });
    expect((await look()).current).toMatchObject({ visit: '2-reviewer#2', cap: { used: 4, max: 4 } });
    await run.update('resolveCap', { choice: 'extra-round' });
    expect(roles(jobs).filter((role) => role === 'coder')).toHaveLength(6);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect((await look()).steps[1]).toMatchObject({ state: 'done', note: 'Rated 1, at or above 0.8.' });
  });
  it('can be overruled by a person: the run continues with the latest work [A-141, E-15]', async () => {
    const jobs: any[] = [];
    const { run } = await playRun([...STEPS.map((step) => ({ ...step })), { kind: 'documenter' }], {
      runJob: jobsOf(
        { coder: ['1', '2', '3', '4'].map((n) => completed({ summary: `made ${n}` })), reviewer: [rated(0.4)] },
        jobs,
      ),
    });
    await run.update('resolveCap', { choice: 'proceed', by: 'ana' });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(await run.query('output', { step: 1 })).toMatchObject({ summary: 'made 4' });
    expect(jobs.at(-1)).toMatchObject({ role: 'documenter', priorOutputs: [{ output: 'made 4' }, {}] });
    expect((await run.query('run')).steps[1].note).toContain('ana let it proceed at 0.4');
  });
  it('ends the run if a person chooses to stop [A-142, E-16]', async () => {
    const { run, cluster } = await playRun(STEPS, { runJob: jobsOf({ reviewer: [rated(0.4)] }) });
    await run.update('resolveCap', { choice: 'stop' });
    expect(run.closed).toEqual({ cancelled: true });
    expect(run.attributes).toMatchObject({ GatehouseStatus: 'stopped' });
    expect(cluster.log.filter((name) => name === 'merge')).toEqual([]);
  });
  it('of a spec reads it as rendered, sends it back once, and asks nobody [A-144, A-161, E-18]', async () => {
    const jobs: any[] = [];
    const spec = completed({
      changed: false,
      summary: 'chatter',
      output: { service: 'Shop', summary: 'Totals.', modules: [] },
    });
    const { run, cluster } = await playRun([{ kind: 'spec-writer' }, { kind: 'spec-companion' }], {
      runJob: jobsOf({ 'spec-writer': [spec], 'spec-companion': [rated(0.4), rated(1)] }, jobs),
    });
    expect(roles(jobs)).toEqual(['spec-writer', 'spec-companion', 'spec-writer', 'spec-companion']);
    expect(jobs[1].priorOutputs[0].output).toMatch(/^# Shop\n\nTotals\./);
    expect(jobs[1].priorOutputs[0].output).not.toContain('chatter');
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    const { steps, notices } = await run.query('run');
    expect(steps.map(({ state, waitedMs }: any) => [state, waitedMs])).toEqual([
      ['done', 0],
      ['done', 0],
    ]);
    expect(steps[1].attempts).toHaveLength(2);
    expect(notices.map(({ type }: any) => type)).toEqual(['pipeline_complete']);
    expect(cluster.log).toContain('commitFiles');
  });
});
