import { jest } from '@jest/globals';
import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import { completed } from '../support/builders.ts';
import { heldJob, jobsOf, playRun } from '../support/playing.ts';

jest.setTimeout(60_000);

const said = (summary: string, output?: unknown): JobReport => completed({ changed: false, summary, output });
const finds = (...titles: string[]) =>
  said('reviewed', { items: titles.map((title) => ({ category: 'gap', severity: 'high', title, detail: 'd' })) });
const REQUIREMENTS = [{ kind: 'requirements-review' }, { kind: 'coder' }];
const reviewed = (more: Record<string, JobReport[]> = {}) => ({
  'requirements-reviewer': [finds('Which tax?', 'Which country?'), finds()],
  incorporator: [said('The tax is 19 %.')],
  ...more,
});
const rolesOf = (jobs: Job[]) => jobs.map(({ role }) => role);

describe('a review of requirements', () => {
  it('has no document after its first round, and settles with one in its second [A-035]', async () => {
    const { run, look } = await playRun(REQUIREMENTS, { runJob: jobsOf(reviewed()) });
    expect((await look()).steps[0].review).toMatchObject({ iteration: 1, documented: false });
    expect(await run.query('output', { step: 1 })).toBeNull();
    await run.update('answerFinding', { finding: 'f-1', reply: '19 %' });
    await run.update('answerFinding', { finding: 'f-2', reply: 'Germany' });
    await run.update('incorporate');
    expect((await look()).steps[0]).toMatchObject({
      state: 'done',
      review: { iteration: 2, documented: true, findings: [] },
    });
    expect(await run.query('output', { step: 1 })).toMatchObject({ summary: 'The tax is 19 %.' });
  });
  it('keeps answers and dismissals with their findings [A-065, A-066]', async () => {
    const { run, look } = await playRun(REQUIREMENTS, { runJob: jobsOf(reviewed()) });
    await run.update('answerFinding', { finding: 'f-1', reply: '19 %' });
    await run.update('dismissFinding', { finding: 'f-2' });
    expect((await look()).current.findings).toMatchObject([
      { id: 'f-1', status: 'answered', reply: '19 %' },
      { id: 'f-2', status: 'dismissed' },
    ]);
    expect(await look()).toMatchObject({ status: 'parked', current: { visit: '1-requirements-review#1' } });
  });
  it('refuses to incorporate while a finding is open, and names what to do first [A-037, A-067, A-070]', async () => {
    const jobs: Job[] = [];
    const { run, look } = await playRun(REQUIREMENTS, { runJob: jobsOf(reviewed(), jobs) });
    await run.update('answerFinding', { finding: 'f-1', reply: '19 %' });
    const before = await look();
    expect((await run.update('incorporate')).refused).toMatchObject({
      code: 'not_offered',
      because: expect.stringMatching(/answerFinding, dismissFinding/),
    });
    expect(await look()).toEqual(before);
    expect(rolesOf(jobs)).toEqual(['requirements-reviewer']);
  });
  it('answers the incorporate action at once, and refuses edits while its job runs [A-029, N-40]', async () => {
    const incorporator = heldJob('incorporator');
    const good = jobsOf(reviewed());
    const { run, look, cluster } = await playRun(REQUIREMENTS, {
      runJob: (job) => (job.role === 'incorporator' ? incorporator.runJob(job) : good(job)),
    });
    await run.update('answerFinding', { finding: 'f-1', reply: '19 %' });
    await run.update('dismissFinding', { finding: 'f-2' });
    const visit = '1-requirements-review#1';
    expect(await run.update('incorporate', { visit, feedback: 'Be brief.' })).toMatchObject({ ok: { visit } });
    expect(await look()).toMatchObject({ status: 'running', current: { phase: 'incorporating' } });
    expect(incorporator.begun).toMatchObject([{ brief: expect.stringMatching(/Answer: 19 %[^]*Be brief\./) }]);
    for (const [name, own] of [
      ['answerFinding', { finding: 'f-1', reply: 'x' }],
      ['reopenFinding', { finding: 'f-1' }],
      ['incorporate', {}],
      ['reviewAgain', {}],
      ['proceed', {}],
      ['resolveCap', { choice: 'proceed' }],
    ] as const) {
      expect([name, (await run.update(name, own)).refused?.code]).toEqual([name, 'not_offered']);
    }
    incorporator.end(said('The tax is 19 %.'));
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
  it('refuses a choice about a cap that it has not reached [N-40]', async () => {
    const { run } = await playRun(REQUIREMENTS, { runJob: jobsOf(reviewed()) });
    expect((await run.update('resolveCap', { choice: 'proceed' })).refused).toMatchObject({ code: 'not_offered' });
  });
  it('is not repeated once it is settled [A-069]', async () => {
    const jobs: Job[] = [];
    const { run, look } = await playRun([...REQUIREMENTS, { kind: 'human-test' }], {
      runJob: jobsOf(reviewed({ 'requirements-reviewer': [finds()] }), jobs),
    });
    expect((await look()).current.kind).toBe('human-test');
    for (const name of ['reviewAgain', 'incorporate', 'proceed']) {
      expect((await run.update(name)).refused!.code).toBe('not_offered');
    }
    await run.update('confirm');
    expect((await run.update('reviewAgain')).refused!.code).toBe('closed');
    expect(rolesOf(jobs)).toEqual(['requirements-reviewer', 'coder']);
  });
  it.each([
    ['has no more findings, and the run continues [A-031]', finds(), { status: 'passed' }],
    [
      'still has findings, and the run waits [A-032]',
      finds('Which year?'),
      { status: 'parked', steps: [{ review: { iteration: 3, documented: true } }, { state: 'pending' }] },
    ],
  ])('whose document is reviewed again %s', async (_, third, after) => {
    const { run, look } = await playRun(REQUIREMENTS, {
      runJob: jobsOf(reviewed({ 'requirements-reviewer': [finds('Which tax?'), finds('Rounding?'), third] })),
    });
    await run.update('answerFinding', { finding: 'f-1', reply: '19 %' });
    await run.update('incorporate');
    expect(await look()).toMatchObject({
      status: 'parked',
      steps: [{ review: { iteration: 2, documented: true } }, {}],
    });
    expect(await run.update('reviewAgain')).toMatchObject({ ok: {} });
    expect(await look()).toMatchObject(after);
  });
  it('that is stopped at its cap keeps its document [N-42]', async () => {
    const { run, look } = await playRun([{ kind: 'requirements-review', iterations: 2 }, { kind: 'coder' }], {
      runJob: jobsOf(reviewed({ 'requirements-reviewer': [finds('Which tax?'), finds('Rounding?')] })),
    });
    await run.update('answerFinding', { finding: 'f-1', reply: '19 %' });
    await run.update('incorporate');
    expect((await look()).current).toMatchObject({ cap: { used: 2, max: 2 } });
    await run.update('resolveCap', { choice: 'stop' });
    expect(run.closed).toEqual({ cancelled: true });
    expect(await run.query('output', { step: 1 })).toMatchObject({ summary: 'The tax is 19 %.' });
    expect((await look()).steps[0].review).toMatchObject({ iteration: 2, documented: true });
  });
});

describe('a review of a bug report', () => {
  const STEPS = [{ kind: 'bug-investigator' }, { kind: 'clarity-review' }, { kind: 'coder' }];
  const task = { id: 'PAY-142', title: 'Totals are wrong', description: 'It is broken.', type: 'bug' };
  const reported = () => ({
    'bug-investigator': [said('The rounding is off.')],
    'clarity-reviewer': [finds('Where?'), finds()],
    incorporator: [said('The total rounds down.')],
  });

  it('gets the report and the investigation, and keeps the original description [A-038, A-059]', async () => {
    const jobs: Job[] = [];
    const { run } = await playRun(STEPS, { runJob: jobsOf(reported(), jobs) }, { task });
    const [, reviewer] = jobs;
    expect(reviewer!.brief).toContain('# The text\n\nTotals are wrong\n\nIt is broken.');
    expect(reviewer!.priorOutputs[0]).toEqual({ step: 1, kind: 'bug-investigator', output: 'The rounding is off.' });
    await run.update('answerFinding', { finding: 'f-1', reply: 'In the basket.' });
    await run.update('incorporate');
    expect(await run.query('output', { step: 2 })).toMatchObject({
      kind: 'clarity-review',
      summary: 'The total rounds down.',
    });
    expect(await run.query('output', { step: 1 })).toMatchObject({ summary: 'The rounding is off.' });
    expect((await run.query('run')).task.description).toBe('It is broken.');
  });
  it('reads only the clarified text once there is one [A-060]', async () => {
    const jobs: Job[] = [];
    const { run } = await playRun(STEPS, { runJob: jobsOf(reported(), jobs) }, { task });
    await run.update('answerFinding', { finding: 'f-1', reply: 'In the basket.' });
    await run.update('incorporate');
    const again = jobs.findLast(({ role }) => role === 'clarity-reviewer')!;
    expect(again.brief).toContain('# The text\n\nThe total rounds down.');
    expect(again.priorOutputs.map(({ kind }) => kind)).toEqual(['clarity-review']);
    expect(JSON.stringify(again)).not.toMatch(/The rounding is off|investigated/);
  });
});
