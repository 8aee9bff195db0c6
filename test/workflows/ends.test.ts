import { jest } from '@jest/globals';
import { change, completed, HEAD, wish } from '../support/builders.ts';
import type { World } from '../support/sandbox.ts';
import { never } from '../../client/offline/world.ts';
import { clusterWith, goodWork, refusedForGood, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const MERGED = { is: 'merged', mergeCommit: 'm', head: HEAD };
const next = (id: string, over: object = {}) => ({ ...wish({ kind: 'coder' }), task: { id, title: 'Next', ...over } });

async function play(world: World, task: object = {}, ...kinds: string[]) {
  const cluster = clusterWith(world);
  const input = wish(...['coder', 'merger', ...kinds].map((kind) => ({ kind })));
  const run = await startRun(cluster, { ...input, task: { ...input.task, ...task } });
  return { cluster, run };
}

describe('what was merged is merged', () => {
  it.each(['stop', 'cancel'] as const)('where somebody asks to %s while it is merged', async (how) => {
    const started: unknown[] = [];
    const { run, cluster } = await play(
      {
        merge: undefined as never, // the test answers it
        startDependents: ({ inputs }) => void started.push(...inputs),
      },
      { dependents: [next('B')] },
      'documenter',
    );
    if (how === 'stop') await run.update('stop', { by: 'ana' });
    await run.cancel();
    [...cluster.calls].find(({ name }) => name === 'merge')!.complete(MERGED);
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', mergeCommit: 'm' } });
    expect(started).toHaveLength(1);
    expect((await run.query('run')).status).toBe('passed');
  });

  it.each([
    ['merged', { result: { outcome: 'merged', mergeCommit: 'm' } }],
    ['open', { cancelled: true }],
  ])('where nobody heard the answer, it is read back: %s', async (state, closed) => {
    let asked = 0;
    const { run } = await play({
      merge: () => ((asked += 1) > 1 ? MERGED : never()),
      lookAtChange: ({ known }) =>
        asked === 0 || state === 'open'
          ? { state: 'open', head: known, baseHead: change.basis, foreign: [] }
          : { state, head: known, baseHead: change.basis, mergeCommit: 'm', foreign: [] },
    });
    await run.cancel();
    expect(run.closed).toMatchObject(closed);
  });

  it('where a later step is stopped', async () => {
    const { run } = await play(
      { runJob: (job) => (job.role === 'documenter' ? never() : goodWork(job)) },
      {},
      'documenter',
    );
    await run.cancel();
    for (const call of run.cluster.calls) if (call.cancelRequested) call.acknowledgeCancel();
    await run.cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  });
});

describe('what waits for a run', () => {
  it.each([
    ['an id that is none', next('x'.repeat(2_000)), 'task.dependents[0].task.id'],
    ['no title', { ...next('B'), task: { id: 'B' } }, 'task.dependents[0].task.title'],
    ['a step that is none', { ...next('B'), pipeline: { steps: [{ kind: 'nope' }] } }, 'task.dependents[0].pipeline'],
    ['the same task', next('PAY-142'), 'task.dependents[0].task.id'],
    ['facts of its own', { ...next('B'), resume: { from: 2 } }, 'task.dependents[0].resume'],
    [
      'a bad one of its own',
      next('B', { dependents: [next('C..D')] }),
      'task.dependents[0].task.dependents[0].task.id',
    ],
  ])('is judged at the start: %s', async (_, dependent, path) => {
    const { run, cluster } = await play({}, { dependents: [dependent] });
    expect(run.closed).toMatchObject({ failure: { type: 'invalid_input' } });
    expect((run.closed as any).failure.details.fields[0].path).toContain(path);
    expect(cluster.log).toEqual([]);
  });

  it('and cannot be started is told, and given up', async () => {
    const { run } = await play(
      { startDependents: () => ({ lost: [{ id: 'B', because: 'the id is too long' }] }) },
      { dependents: [next('B')] },
    );
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    const { notices } = await run.query('run');
    expect(notices).toMatchObject([{ type: 'dependent_not_started', text: expect.stringContaining('too long') }]);
  });

  it('and is refused for good as a whole is told, and given up', async () => {
    const world: World = {
      startDependents: () => {
        throw refusedForGood('refused', 'the server says no');
      },
    };
    const { run } = await play(world, { dependents: [next('B')] });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect((await run.query('run')).notices).toMatchObject([{ text: expect.stringContaining('the server says no') }]);
  });

  it('and takes long does not keep a run from being cancelled: it is merged, and that is told', async () => {
    const { run, cluster } = await play({ startDependents: never }, { dependents: [next('B')] });
    expect(run.closed).toBeUndefined();
    await run.cancel();
    for (const call of cluster.calls) if (call.cancelRequested) call.acknowledgeCancel();
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect((await run.query('run')).notices).toMatchObject([{ type: 'dependent_not_started' }]);
  });
});

describe('a wait', () => {
  it('hears of a report that comes while it looks, and looks once more', async () => {
    const views: object[] = [];
    const doors: ((view: unknown) => void)[] = [];
    const parkedAt = wish({ kind: 'coder' }, { kind: 'human-test' });
    const cluster = clusterWith({ lookAtEnvironment: () => new Promise((resolve) => doors.push(resolve)) });
    const run = await startRun(cluster, parkedAt);
    const { environment } = await run.query('run');
    views.push(environment);
    await run.signal('hint', { about: 'environment' });
    expect(doors).toHaveLength(1);
    await run.signal('hint', { about: 'environment' });
    doors[0]!(environment);
    await cluster.settle();
    expect(doors).toHaveLength(2);
  });

  it('whose watch of the branch is refused says so, and watches anew', async () => {
    let looks = 0;
    const cluster = clusterWith({
      runJob: () => completed(),
      changeMoved: () => {
        looks += 1;
        if (looks === 1) throw refusedForGood('too-large', 'the answer is too large');
        return looks > 2 ? never() : { state: 'open', head: 'd'.repeat(40), baseHead: change.basis, foreign: [] };
      },
    });
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'human-test' }));
    const { notices } = await run.query('run');
    expect(notices.map(({ type }: any) => type)).toContain('keeps_failing');
    expect((await run.query('run')).current.visit).toBe('2-human-test#1');
    await cluster.advance(61_000);
    expect((await run.query('run')).current.visit).toBe('2-human-test#2');
  });
});
