import { tester } from '../../../workflows/gates/tester.ts';
import type { JobEnd } from '../../../workflows/gates/gate.ts';
import { judgeReport, readReport, type Report } from '../../../workflows/rules/tester-report.ts';
import { fixReportBrief } from '../../../workflows/words/tester.ts';
import { completed, HEAD } from '../../support/builders.ts';
import { play } from '../../support/story.ts';

const concern = (severity: string, title = severity) => ({ title, detail: 'why', severity });
const report = (greenlight: boolean, ...concerns: object[]) => ({
  greenlight,
  summary: 'tried it',
  tested: ['the page'],
  outcomes: [],
  concerns,
});
const says = (output: unknown) => completed({ changed: false, output }) as JobEnd;
const mended = (head: string) => completed({ head }) as JobEnd;

describe('the tester', () => {
  it('runs the fixer once after a withheld greenlight, and passes on the second report [A-118, E-19]', async () => {
    const jobs = { tester: [says(report(false, concern('high'))), says(report(true))], fixer: [mended('b')] };
    const { told: reported, end, step, briefs } = await play(tester, { jobs });
    expect(reported.filter((line) => line.startsWith('fixer'))).toHaveLength(1);
    expect(end.is).toBe('passed');
    expect(step.output).toMatchObject({ greenlight: true });
    expect(briefs[1]).toContain('## high (high)');
  });
  it('fixes a low concern in the first round, and only notes it in the second [A-119, E-20]', async () => {
    const nit = says(report(true, concern('low')));
    const { told: reported, end, step } = await play(tester, { jobs: { tester: [nit, nit] } });
    expect(reported.filter((line) => line.startsWith('fixer'))).toHaveLength(1);
    expect(step.spent['fixer']).toBe(1);
    expect(end).toMatchObject({ is: 'passed', note: expect.stringContaining('low (low)') });
  });
  it('ignores a greenlight with a critical concern, and fails without a branch [A-120, E-21, N-30]', async () => {
    const jobs = { tester: [says(report(true, concern('critical')))] };
    const { told: reported, end } = await play(tester, { jobs, head: null });
    expect(end).toMatchObject({ is: 'failed', type: 'agent', reason: expect.stringContaining('no work branch') });
    expect(reported.at(-1)).toBe('notice test_failed');
  });
  it('fails when its fixes are used up, and names at most five concerns [N-30]', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const reports = [names, names.slice(1), names].map((each) =>
      says(report(false, ...each.map((name) => concern('high', name)))),
    );
    const { told: reported, end } = await play(tester, { jobs: { tester: reports } }, { fixes: 2 });
    expect(reported.filter((line) => line.startsWith('fixer'))).toHaveLength(2);
    expect(end).toMatchObject({ type: 'agent', reason: expect.stringMatching(/e \(high\) and 2 more.*2 attempts/) });
    expect(reported.at(-1)).toBe('notice test_failed');
  });
  it('may run without any fix [N-30]', async () => {
    const script = { jobs: { tester: [says(report(false))] }, policy: { fixAttempts: 0 } };
    const { end, told: reported } = await play(tester, script);
    expect(end).toMatchObject({ is: 'failed', type: 'agent' });
    expect(reported).toEqual(['follow', 'tester completed', 'notice test_failed']);
  });
  it('fails after its fixer changed nothing twice in a row', async () => {
    const { end } = await play(tester, { jobs: { tester: [says(report(false, concern('high')))] } });
    expect(end).toMatchObject({ type: 'job_failed', reason: expect.stringContaining('Nothing changed') });
  });
  it('asks again after an unreadable report, then fails with the raw answer [A-133, A-198, N-30]', async () => {
    const { told: reported, end, step } = await play(tester, { jobs: { tester: [says('rubbish')] } });
    expect(reported).toEqual(['follow', 'tester completed', 'tester completed', 'notice test_failed']);
    expect(end).toMatchObject({ is: 'failed', type: 'agent', detail: '"rubbish"' });
    expect(step.output).toBe('rubbish');
  });
  it('accepts a repaired report', async () => {
    const { end } = await play(tester, { jobs: { tester: [says(undefined), says(report(true))] } });
    expect(end.is).toBe('passed');
  });
  it('counts a failed fixer as a used attempt, and does not fail the run [N-31]', async () => {
    const lost: JobEnd = { is: 'failed', because: 'no' };
    const jobs = { tester: [says(report(false, concern('high'))), says(report(true))], fixer: [lost] };
    const { end, step } = await play(tester, { jobs });
    expect([end.is, step.spent['fixer']]).toEqual(['passed', 1]);
  });
  it('fails the run if its own job failed', async () => {
    const { end } = await play(tester, { jobs: { tester: [{ is: 'failed', because: 'no' }] } });
    expect(end).toMatchObject({ is: 'failed', type: 'job_failed' });
  });
  it('tests an environment that shows the head, if there is one', async () => {
    const { told: reported } = await play(tester, { jobs: { tester: [says(report(true))] }, site: 'live' });
    expect(reported).toEqual(['follow', 'tester completed']);
  });
});

describe('a report', () => {
  it('is checked against its claims: a doubtful greenlight is dropped, and so are invalid entries [A-132]', () => {
    const read = readReport({
      greenlight: true,
      summary: 's',
      tested: ['a', 7],
      outcomes: [{ name: 'x', status: 'odd' }],
      concerns: [
        { title: 't', severity: 'high' },
        { title: 'u', severity: 'odd' },
      ],
      environment: 'ephemeral',
    });
    expect(read).toMatchObject({
      greenlight: false,
      tested: ['a'],
      outcomes: [{ status: 'skipped' }],
      environment: 'ephemeral',
    });
    expect(read!.concerns.map(({ severity }) => severity)).toEqual(['high', 'medium']);
  });
  it.each([[null], ['{}'], [{ concerns: 'x' }], [[]]])('is not read from %j [A-133]', (raw) => {
    expect(readReport(raw)).toBeUndefined();
  });
  it.each([
    ['a greenlight without concerns', report(true), 0, true],
    ['no greenlight and no concerns', report(false), 0, false],
    ['a minor concern in the first round', report(true, concern('low')), 0, false],
    ['a minor concern later', report(true, concern('medium')), 1, true],
    ['a serious concern later', { ...report(false), concerns: [concern('high')] }, 1, false],
    ['no greenlight later', report(false), 1, false],
  ])('passes or not: %s', (_, raw, fixes, pass) => {
    expect(judgeReport(raw as Report, { fixes, head: HEAD }).pass).toBe(pass);
  });
  it('passes only failed outcomes on to the fixer', () => {
    const outcomes = [
      { name: 'good', status: 'passed' as const },
      { name: 'bad', status: 'failed' as const, detail: 'boom' },
    ];
    const brief = fixReportBrief({ ...report(false), outcomes, concerns: [] } as Report);
    expect(brief).toContain('Failed: bad');
    expect(brief).not.toContain('good');
    expect(judgeReport({ ...report(false), outcomes } as Report, { fixes: 0, head: HEAD })).toMatchObject({
      failing: [{ name: 'bad', conclusion: 'failed', log: 'boom' }],
    });
  });
});
