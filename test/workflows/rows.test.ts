import { jest } from '@jest/globals';
import { never } from '../../client/offline/world.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import type { RowState } from '../../workflows/contracts/run/row.ts';
import { ready, wish } from '../support/builders.ts';
import { NotedRows } from '../support/rows.ts';
import type { Cluster, Execution, World } from '../support/sandbox.ts';
import { clusterWith, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const STEPS = [{ kind: 'coder' }, { kind: 'human-test' }, { kind: 'ci' }, { kind: 'merger' }];
const WITH_ROWS = { examine: () => ({ ...ready, rows: true }), noteRun: () => undefined };
const ID = 'run/default/PAY-142';

interface Noted {
  cluster: Cluster;
  run: Execution;
  rows: NotedRows;
  row(): RowState;
}

async function noted(world: World = {}, steps: Parameters<typeof wish> = STEPS): Promise<Noted> {
  const cluster = clusterWith({ ...WITH_ROWS, ...world });
  const rows = new NotedRows(cluster);
  const run = await startRun(cluster, wish(...steps));
  return { cluster, run, rows, row: () => rows.rows.get(ID)! };
}

/** What row and answer both say. */
const common = ({ status, current, waitingOn, usage, environment }: RunAnswer | RowState) => ({
  status,
  waitingOn,
  usage,
  environment,
  current: current && { step: current.step, kind: current.kind, phase: current.phase, visit: current.visit },
});

it('the row of a parked run says what the run says', async () => {
  const { run, row } = await noted();
  const answer = await run.query('run');
  expect(answer.status).toBe('parked');
  expect(common(row())).toEqual(common(answer));
  expect(row()).toMatchObject({
    workflowId: ID,
    task: { id: 'PAY-142', title: 'Show totals with tax' },
    repository: '/srv/shop.git',
    head: answer.change.head,
  });
});

it('a pause, which calls no activity, is noted by a local one', async () => {
  const { cluster, run, row, rows } = await noted();
  const before = cluster.log.length;
  await run.signal('pause', { by: 'ana', reason: 'lunch', actionId: 'a-1' });
  expect(cluster.log.slice(before)).toEqual(['noteRun']);
  expect(row()).toMatchObject({ status: 'paused', waitingOn: { what: 'person' } });
  expect([...rows.actions.values()]).toMatchObject([{ actionId: 'a-1', by: 'ana', verdict: 'taken' }]);
});

it('a refused signal is in the audit log, and costs one local activity', async () => {
  const { cluster, run, rows } = await noted();
  const before = cluster.log.length;
  await run.signal('mergeAnyway', {});
  expect(cluster.log.slice(before)).toEqual(['noteRun']);
  expect([...rows.actions.values()]).toMatchObject([{ action: 'mergeAnyway', verdict: 'refused' }]);
});

it('the end is noted before the run is closed, with all that a retry needs', async () => {
  const { run, row, rows } = await noted();
  await run.update('confirm', { by: 'ana' });
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  expect(row()).toMatchObject({
    status: 'passed',
    current: null,
    mergeCommit: 'm'.repeat(40),
    end: { outcome: 'merged' },
  });
  const { closed, input, answer } = rows.records.get(ID)!;
  expect(closed.settled.map(({ kind }) => kind)).toEqual(STEPS.map(({ kind }) => kind));
  expect(closed.outputs).toHaveProperty('1-coder');
  expect(input).toEqual(wish(...STEPS));
  expect(answer).not.toHaveProperty('steps');
});

it('a run that fails notes why', async () => {
  const { row, rows } = await noted({ runJob: () => ({ is: 'failed', because: 'no model' }) }, [{ kind: 'coder' }]);
  expect(row()).toMatchObject({
    status: 'failed',
    end: { outcome: 'failed', reason: expect.stringContaining('no model') },
  });
  expect(rows.records.get(ID)!.closed.settled).toEqual([]);
});

it('a stopped run ends as stopped in its row too', async () => {
  const { run, row } = await noted();
  await run.signal('stop', {});
  expect(run.closed).toEqual({ cancelled: true });
  expect(row()).toMatchObject({ status: 'stopped', end: { outcome: 'stopped' } });
});

it('a refused input is in the row', async () => {
  const fields = [{ path: 'change.base', expected: 'a branch' }];
  const { row } = await noted({ examine: () => ({ is: 'refused', fields, rows: true }) });
  expect(row()).toMatchObject({
    status: 'failed',
    end: { outcome: 'failed', reason: expect.stringContaining('change.base') },
  });
});

it('a run that an earlier build has begun has no new commands, and its row follows with what it calls', async () => {
  const { cluster, run, row } = await noted({ examine: () => ready });
  await run.signal('pause', {});
  expect(row()).toMatchObject({ status: 'running', current: { kind: 'human-test' } });
  await run.signal('resume', {});
  await run.update('confirm');
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  expect(cluster.log).not.toContain('noteRun');
});

it('the next execution continues the row', async () => {
  const { run, row } = await noted();
  await run.signal('_upgrade', {});
  expect(run.handed).toHaveLength(1);
  await run.signal('pause', { by: 'ana' });
  expect(row()).toMatchObject({ status: 'paused', runId: run.runId });
  expect(row().firstRunId).not.toBe(run.runId);
});

it('a report that fails stops nothing, and is made again with the next', async () => {
  const broken = () => {
    throw new Error('no database');
  };
  const { run, rows } = await noted({ noteRun: broken });
  await run.signal('pause', { actionId: 'a-1' });
  await run.signal('resume', { actionId: 'a-2' });
  await run.update('confirm', { actionId: 'a-3' });
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  expect([...rows.actions.values()].map(({ actionId }) => actionId)).toEqual(['a-1', 'a-2', 'a-3']);
});

it('a report under way does not keep a run from ending', async () => {
  const { cluster, run } = await noted({ noteRun: never });
  await run.signal('pause', {});
  await run.signal('resume', {});
  await run.update('confirm');
  expect(run.closed).toBeUndefined();
  for (const call of [...cluster.calls]) if (call.name === 'noteRun') call.complete();
  await cluster.settle();
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
});

it('queries report nothing', async () => {
  const { cluster, run } = await noted();
  const before = cluster.log.length;
  await Promise.all(['run', 'waitingOn', 'actions'].map((name) => run.query(name)));
  await run.metadata();
  expect(cluster.log).toHaveLength(before);
});

it('the reports of a run add at most 8 % to its events', async () => {
  const { cluster, run } = await noted();
  await run.update('confirm', { by: 'ana' });
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  const local = ['noteRun', 'lookAtChange'];
  const notes = cluster.log.filter((name) => name === 'noteRun').length;
  // An activity is three events, and a local one is one. Timers, children and workflow tasks come on top.
  const activities = cluster.log.reduce((sum, name) => sum + (local.includes(name) ? 1 : 3), 0);
  expect(notes / (activities - notes + run.upserts)).toBeLessThan(0.08);
});
