import { jest } from '@jest/globals';
import { never } from '../../client/offline/world.ts';
import type { RecoveredFacts } from '../../workflows/contracts/run/closed-run.ts';
import { recoveryText } from '../../workflows/words/views/recovery.ts';
import { change, ready, wish } from '../support/builders.ts';
import { NotedRows } from '../support/rows.ts';
import type { World } from '../support/sandbox.ts';
import { clusterWith, goodWork, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const ID = 'run/default/PAY-142';
const STEPS = [{ kind: 'coder' }, { kind: 'human-test' }, { kind: 'ci' }, { kind: 'merger' }, { kind: 'documenter' }];
const WITH_ROWS: World = { examine: () => ({ ...ready, rows: true, steps: true }) };
const AT = '2026-11-29T01:00:00.000Z';
const COMMIT = 'f'.repeat(40);

/** A run that played this far, and what the database has of it. */
async function noted(world: World = {}, steps: Parameters<typeof wish> = STEPS) {
  const cluster = clusterWith({ ...WITH_ROWS, ...world });
  const rows = new NotedRows(cluster);
  const run = await startRun(cluster, wish(...steps));
  return { cluster, run, row: () => rows.rows.get(ID)!, record: () => rows.records.get(ID)! };
}

/** The run that is started anew on an empty server. */
async function anew(
  before: Awaited<ReturnType<typeof noted>>,
  facts: Partial<RecoveredFacts> = {},
  world: World = {},
  steps: Parameters<typeof wish> = STEPS,
) {
  const { closed } = before.record();
  const { usage, status } = before.row();
  const recovered = { at: AT, by: 'eve', usage, paused: status === 'paused', ...facts };
  const jobs: string[] = [];
  const cluster = clusterWith({
    ...WITH_ROWS,
    readClosed: () => ({ is: 'read', rows: true, run: { ...closed, recovered } }),
    runJob: (job) => (jobs.push(job.role), goodWork(job)),
    ...world,
  });
  const run = await startRun(cluster, { ...wish(...steps), resume: { of: { runId: before.run.runId } } });
  return { cluster, run, jobs };
}

describe('a run that is started anew', () => {
  it('asks again where it asked, at the next visit, and keeps what it has cost', async () => {
    const costing: World = { runJob: (job) => ({ ...goodWork(job), usage: { costCents: 12 } }) };
    const before = await noted(costing);
    const { run, jobs } = await anew(before);
    expect(await run.query('run')).toMatchObject({
      status: 'parked',
      current: { visit: '2-human-test#2' },
      steps: [{ state: 'done' }, { state: 'waiting' }, {}, {}, {}],
      usage: { costCents: 12 },
    });
    expect(jobs).toEqual([]);
  });

  it('says so in its log', async () => {
    const { run } = await anew(await noted());
    expect(await run.query('actions')).toEqual([
      expect.objectContaining({ action: 'recover', by: 'eve', at: AT, because: expect.stringContaining('was lost') }),
    ]);
  });

  it('is still paused by whom it was paused', async () => {
    const before = await noted();
    await before.run.signal('pause', { by: 'ana', reason: 'lunch' });
    const { run } = await anew(before);
    const { status, waitingOn } = await run.query('run');
    expect({ status, waitingOn }).toMatchObject({ status: 'paused', waitingOn: { what: 'person' } });
    expect(waitingOn.detail).toContain('ana');
    await run.signal('resume', { by: 'bo' });
    expect(await run.query('run')).toMatchObject({ status: 'parked' });
  });

  it('that stood at its merger and had merged goes on after the merge, and merges nothing', async () => {
    const before = await noted({ merge: never });
    await before.run.update('confirm', { by: 'ana' });
    const { run, cluster, jobs } = await anew(before, { merged: { change, commit: COMMIT } });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', mergeCommit: COMMIT } });
    expect(cluster.log).not.toEqual(expect.arrayContaining(['merge', 'examine']));
    expect(jobs).toEqual(['documenter']);
  });

  it('that had merged before goes on with what follows', async () => {
    const before = await noted({ runJob: (job) => (job.role === 'documenter' ? never() : goodWork(job)) });
    await before.run.update('confirm', { by: 'ana' });
    const { run, cluster, jobs } = await anew(before, { merged: { change, commit: before.row().mergeCommit! } });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', mergeCommit: 'm'.repeat(40) } });
    expect(cluster.log).not.toContain('merge');
    expect(jobs).toEqual(['documenter']);
  });

  it('ends as merged if others have merged its change', async () => {
    const { run, cluster, jobs } = await anew(await noted(), { merged: { change, commit: COMMIT } });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', mergeCommit: COMMIT } });
    expect(cluster.log).not.toContain('examine');
    expect(jobs).toEqual([]);
  });
});

describe('a step that is settled', () => {
  const PLANNED = [{ kind: 'architect' }, { kind: 'coder' }];
  const working: World = { runJob: (job) => (job.role === 'coder' ? never() : goodWork(job)) };

  it('is on record at once, also before the branch has a commit', async () => {
    const before = await noted(working, PLANNED);
    expect(before.row()).toMatchObject({ current: { kind: 'coder' } });
    const { closed } = before.record();
    expect(closed.settled.map(({ kind }) => kind)).toEqual(['architect']);
    expect(closed.outputs).toHaveProperty('1-architect');
    const { jobs } = await anew(before, {}, {}, PLANNED);
    expect(jobs).toEqual(['coder']);
  });

  it('costs no event of its own where something else reports it', async () => {
    const { cluster } = await noted();
    const earlier = await noted({ examine: () => ({ ...ready, rows: true }) });
    expect(cluster.log).toEqual(earlier.cluster.log);
  });

  it('is not reported so by the runs of earlier builds', async () => {
    const before = await noted({ ...working, examine: () => ({ ...ready, rows: true }) }, PLANNED);
    expect(before.cluster.log).not.toContain('noteRun');
  });
});

describe('a recovery', () => {
  const lost = ['A', 'B'].map((task) => ({ workflowId: `run/default/${task}`, status: 'parked', since: AT }));
  const elsewhere = { jobs: ['run/default/A/1/1-coder/coder-1'], environments: ['env/default/A/1/1'] };
  const recovered = ({ workflowIds }: { workflowIds: string[] }) =>
    workflowIds.map((workflowId) => ({ workflowId, is: 'started' }));

  async function played(input: object, world: World = {}) {
    const [a, b] = lost;
    const given = { lost: [{ ...a!, elsewhere }, b!], refused: [] };
    const cluster = clusterWith({ lostRuns: () => given, recoverRuns: recovered, ...world });
    const run = await cluster.start('recovery', 'doctor/q/recover', input);
    return { cluster, report: (run.closed as { result: any }).result, asked: () => run.query('recovery') };
  }

  it('has other workers end what they run, then starts the runs anew', async () => {
    const { cluster, report } = await played({});
    expect(cluster.log).toEqual(['lostRuns', 'stopJob', 'removeEnvironment', 'recoverRuns']);
    expect(report).toMatchObject({ dryRun: false, done: [{ is: 'started' }, { is: 'started' }] });
  });

  it('only says what is lost, if that is wanted', async () => {
    const { cluster, report } = await played({ dryRun: true });
    expect(cluster.log).toEqual(['lostRuns']);
    expect(report).toMatchObject({ dryRun: true, lost: [{}, {}], done: [] });
  });

  it('leaves out what cannot be started anew, and says so', async () => {
    const because = 'the database has no start input of it';
    const world = { lostRuns: () => ({ lost: [{ ...lost[0]!, because }, lost[1]!], refused: [] }) };
    const { report } = await played({}, world);
    expect(report.done).toEqual([{ workflowId: 'run/default/B', is: 'started' }]);
    expect(recoveryText(report)).toContain(`run/default/A: cannot be started anew: ${because}`);
  });
});
