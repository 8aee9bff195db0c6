import { ofFailedStep } from '../../../../activities/adapters/github/checks/logs.ts';
import type { HostedCheck } from '../../../../activities/adapters/hosted/api.ts';
import { addJobs, checkRun, workflowRun } from '../../../support/github/ci.ts';
import { githubRig, type GithubRig } from '../../../support/github/rig.ts';

let rig: GithubRig;
let head: string;
beforeEach(async () => {
  rig = await githubRig();
  head = await rig.shop.commit('work', { 'b.txt': 'b' });
});
afterEach(async () => {
  const { breaches } = rig.stub;
  await rig.dispose();
  expect(breaches).toEqual([]);
});

const checks = () => rig.api.checks(rig.repository, head);
const named = async (name: string): Promise<HostedCheck> => (await checks()).find((check) => check.name === name)!;
const states = async () => (await checks()).map(({ name, state }) => `${name} ${state}`).sort();
const run = (wish: Parameters<typeof workflowRun>[3]) => workflowRun(rig.stub, rig.shop, head, wish);
const other = (wish: Parameters<typeof checkRun>[3]) => checkRun(rig.stub, rig.shop, head, wish);
const status = (context: string, state: string, more: { description?: string; by?: string } = {}) =>
  rig.shop.statuses.push({
    id: rig.stub.id(),
    sha: head,
    context,
    state,
    description: more.description ?? null,
    url: null,
    by: rig.stub.account(more.by ?? 'jenkins'),
  });

describe('the state of a check run', () => {
  it.each<[string | undefined, HostedCheck['state']]>([
    ['success', 'green'],
    ['neutral', 'green'],
    ['skipped', 'green'],
    ['failure', 'red'],
    ['timed_out', 'red'],
    ['action_required', 'red'],
    ['cancelled', 'again'],
    ['stale', 'again'],
    [undefined, 'pending'],
  ])('%s: %s', async (conclusion, state) => {
    other({ name: 'lint', ...(conclusion !== undefined && { conclusion }) });
    expect(await checks()).toMatchObject([{ name: 'lint', state, conclusion: conclusion ?? 'in_progress' }]);
  });

  it('is red without a conclusion', async () => {
    other({ name: 'lint', status: 'completed', conclusion: null });
    expect(await checks()).toMatchObject([{ state: 'red', conclusion: 'null' }]);
  });
});

describe('commit statuses', () => {
  it.each([
    ['success', 'green'],
    ['failure', 'red'],
    ['error', 'red'],
    ['pending', 'pending'],
  ])('%s: %s', async (state, counts) => {
    status('ci/jenkins', state);
    expect(await checks()).toMatchObject([{ name: 'ci/jenkins', state: counts, from: { kind: 'status' } }]);
  });

  it('count by the latest of each context, and never if they are ours', async () => {
    status('ci/jenkins', 'failure');
    status('ci/jenkins', 'success', { description: 'All is well' });
    status('gatehouse', 'pending');
    status('gatehouse/unit', 'failure');
    expect(await checks()).toMatchObject([{ name: 'ci/jenkins', state: 'green', summary: 'All is well' }]);
  });

  it('say which App has set them', async () => {
    const app = rig.stub.app({ statuses: 'write' }, [rig.shop]);
    status('ci/app', 'success', { by: app.bot.login });
    expect((await named('ci/app')).from.app).toBe(app.id);
  });
});

describe('which check runs are the same check', () => {
  it('two workflows with a job of one name are two checks, and so are two events', async () => {
    run({ workflow: 1, jobs: [{ name: 'build', conclusion: 'success' }] });
    run({ workflow: 2, jobs: [{ name: 'build', conclusion: 'failure' }] });
    run({ workflow: 1, event: 'push', jobs: [{ name: 'build' }] });
    expect(await states()).toEqual(['build green', 'build pending', 'build red']);
  });

  it('of one check the highest attempt counts, then the highest id, whichever ended last', async () => {
    const first = run({ jobs: [{ name: 'build', conclusion: 'failure' }] });
    run({ jobs: [{ name: 'build', conclusion: 'success' }] });
    expect(await states()).toEqual(['build green']);
    first.attempt = 2;
    addJobs(rig.stub, rig.shop, first, [{ name: 'build', conclusion: 'failure' }]);
    expect(await checks()).toMatchObject([{ name: 'build', state: 'red', from: { run: first.id, attempt: 2 } }]);
  });

  it('runs of another App are the same by name', async () => {
    other({ name: 'lint', conclusion: 'failure' });
    other({ name: 'lint', conclusion: 'success' });
    other({ name: 'lint', conclusion: 'failure', app: { id: 78, slug: 'third-ci' } });
    expect(await states()).toEqual(['lint green', 'lint red']);
  });

  it('are told apart by their suites where we may not see the runs of GitHub Actions', async () => {
    run({ workflow: 1, jobs: [{ name: 'build', conclusion: 'success' }] });
    run({ workflow: 2, jobs: [{ name: 'build', conclusion: 'failure' }] });
    const token = rig.stub.token('gate', { checks: 'read', statuses: 'read', metadata: 'read' });
    const found = await rig.open({ token }).checks(rig.repository, head);
    expect(found.map(({ state }) => state).sort()).toEqual(['green', 'red']);
  });

  it('are found on all pages', async () => {
    rig.stub.mostPerPage = 10;
    for (let n = 0; n < 35; n += 1) other({ name: `check ${n}`, conclusion: n === 34 ? 'failure' : 'success' });
    for (let n = 0; n < 25; n += 1) status(`status ${n}`, n === 24 ? 'failure' : 'success');
    const found = await checks();
    expect(found).toHaveLength(60);
    expect(found.filter(({ state }) => state === 'red').map(({ name }) => name)).toEqual(['check 34', 'status 24']);
  });

  it('are no checks if they are of our own App', async () => {
    const app = rig.stub.app({ checks: 'read', statuses: 'read', actions: 'read' }, [rig.shop]);
    other({ name: 'ours', conclusion: 'failure', app });
    expect(await rig.open({ app }).checks(rig.repository, head)).toEqual([]);
  });
});

describe('a run of GitHub Actions', () => {
  it('that waits for a person is held, and its checks are pending', async () => {
    const held = run({ name: 'Deploy', status: 'completed', conclusion: 'action_required' });
    run({ workflow: 2, name: 'CI', jobs: [{ name: 'build', conclusion: 'success' }] });
    const url = `${rig.stub.pages}/acme/shop/actions/runs/${held.id}`;
    expect(await rig.api.heldRuns(rig.repository, head)).toEqual([{ name: 'Deploy', url }]);
    expect(await states()).toEqual(['build green']);
    addJobs(rig.stub, rig.shop, held, [{ name: 'deploy', conclusion: 'action_required' }]);
    expect(await states()).toEqual(['build green', 'deploy pending']);
  });

  it('that is held no longer counts once a newer one of the same workflow is there', async () => {
    run({ status: 'completed', conclusion: 'action_required' });
    run({ jobs: [{ name: 'build', conclusion: 'success' }] });
    expect(await rig.api.heldRuns(rig.repository, head)).toEqual([]);
  });

  it('is pending until its next job has a check run', async () => {
    run({ name: 'CI', status: 'in_progress', jobs: [{ name: 'build', conclusion: 'success' }] });
    expect(await states()).toEqual(['CI pending', 'build green']);
  });

  it('is red if it could not start', async () => {
    run({ name: 'Broken', status: 'completed', conclusion: 'startup_failure' });
    const [check] = await checks();
    expect(check).toMatchObject({ name: 'Broken', state: 'red', conclusion: 'startup_failure' });
    expect(await rig.api.logOf(rig.repository, check!)).toBeUndefined();
  });

  it('has its failed jobs run again, which are pending meanwhile', async () => {
    const ci = run({
      jobs: [
        { name: 'build', conclusion: 'failure' },
        { name: 'lint', conclusion: 'success' },
      ],
    });
    const red = (await checks()).filter(({ state }) => state === 'red');
    expect(await rig.api.rerun(rig.repository, head, red)).toEqual(['build']);
    expect(await states()).toEqual(['CI pending', 'build pending', 'lint green']);
    expect(await rig.api.rerun(rig.repository, head, red)).toEqual([]);
    addJobs(rig.stub, rig.shop, ci, [{ name: 'build' }]);
    ci.status = 'in_progress';
    expect(await states()).toEqual(['build pending', 'lint green']);
    rig.shop.checkRuns.at(-1)!.status = 'completed';
    rig.shop.checkRuns.at(-1)!.conclusion = 'success';
    Object.assign(ci, { status: 'completed', conclusion: 'success' });
    expect(await states()).toEqual(['build green', 'lint green']);
  });
});

describe('checks that are run again', () => {
  it('are those of other Apps only for an App, and statuses never', async () => {
    other({ name: 'lint', conclusion: 'failure' });
    status('ci/jenkins', 'failure');
    expect(await rig.api.rerun(rig.repository, head, await checks())).toEqual([]);
    const app = rig.stub.app({ checks: 'write', statuses: 'read', actions: 'write' }, [rig.shop]);
    const api = rig.open({ app });
    expect(await api.rerun(rig.repository, head, await api.checks(rig.repository, head))).toEqual(['lint']);
    expect((await named('lint')).state).toBe('pending');
  });

  it('are none where a right is missing', async () => {
    run({ jobs: [{ name: 'build', conclusion: 'failure' }] });
    const app = rig.stub.app({ actions: 'read' }, [rig.shop]);
    expect(await rig.open({ app }).rerun(rig.repository, head, await checks())).toEqual([]);
  });
});

describe('the log of a red check', () => {
  const at = (second: number, text: string) => `2026-01-01T00:00:${String(second).padStart(2, '0')}.1234567Z ${text}`;
  const log = [
    at(1, '##[group]Run actions/checkout'),
    at(1, 'Cloning'),
    at(3, '##[group]Run npm test'),
    at(3, '##[endgroup]'),
    at(4, '\u001B[31mexpected 1, found 2\u001B[0m'),
    'a line without a time',
    at(5, '##[error]Process completed with exit code 1.'),
    at(5, 'Post job cleanup.'),
    at(7, '##[group]Run cleanup'),
  ].join('\n');
  const steps = [
    {
      name: 'checkout',
      conclusion: 'success',
      started_at: '2026-01-01T00:00:01Z',
      completed_at: '2026-01-01T00:00:02Z',
    },
    { name: 'test', conclusion: 'failure', started_at: '2026-01-01T00:00:03Z', completed_at: '2026-01-01T00:00:05Z' },
    {
      name: 'cleanup',
      conclusion: 'success',
      started_at: '2026-01-01T00:00:07Z',
      completed_at: '2026-01-01T00:00:07Z',
    },
  ];
  const expected = [
    '##[group]Run npm test',
    'expected 1, found 2',
    'a line without a time',
    '##[error]Process completed with exit code 1.',
  ].join('\n');

  it('is that of the failed step, from foreign storage without our credentials', async () => {
    run({ jobs: [{ name: 'build', conclusion: 'failure', log, steps }] });
    expect(await rig.api.logOf(rig.repository, await named('build'))).toBe(expected);
    expect(rig.stub.foreign).toHaveLength(1);
    expect(rig.stub.foreign[0]!.headers).not.toHaveProperty('authorization');
  });

  it('has the annotations, which say where', async () => {
    const annotations = [
      { path: 'src/a.ts', line: 7, message: 'Type error' },
      { path: '.github', line: 1, message: 'Process completed with exit code 1.' },
    ];
    run({ jobs: [{ name: 'build', conclusion: 'failure', log, steps, annotations }] });
    expect(await rig.api.logOf(rig.repository, await named('build'))).toBe(`src/a.ts:7: Type error\n\n${expected}`);
  });

  it('is its last 12,000 characters', async () => {
    const long = [at(3, 'begin'), ...Array.from({ length: 3_000 }, (_, n) => at(4, `line ${n}`)), at(5, 'end')].join(
      '\n',
    );
    run({ jobs: [{ name: 'build', conclusion: 'failure', log: long, steps }] });
    const text = (await rig.api.logOf(rig.repository, await named('build')))!;
    expect(text).toHaveLength(12_000);
    expect(text).toMatch(/line 2999\nend$/);
  });

  it('is the summary and text of other Apps, and the description of a status', async () => {
    other({ name: 'lint', conclusion: 'failure', output: { title: 'Lint', summary: '2 errors', text: 'a.ts: no' } });
    status('ci/jenkins', 'failure', { description: 'Build #7 failed' });
    expect(await rig.api.logOf(rig.repository, await named('lint'))).toBe('Lint\n\n2 errors\n\na.ts: no');
    expect(await rig.api.logOf(rig.repository, await named('ci/jenkins'))).toBe('Build #7 failed');
  });

  it('is none if there is none, or it is gone', async () => {
    other({ name: 'lint', conclusion: 'failure' });
    run({ jobs: [{ name: 'build', conclusion: 'failure' }] });
    expect(await rig.api.logOf(rig.repository, await named('lint'))).toBeUndefined();
    expect(await rig.api.logOf(rig.repository, await named('build'))).toBeUndefined();
  });

  it.each([
    ['without steps, the end up to the last error', [], 'Cloning'],
    ['with steps, the failed one', steps, undefined],
  ])('%s', (_, given, first) => {
    const text = ofFailedStep(log, given);
    expect(text.includes('Cloning')).toBe(first !== undefined);
    expect(text).toContain('exit code 1');
    expect(text).not.toContain('Post job cleanup');
  });
});
