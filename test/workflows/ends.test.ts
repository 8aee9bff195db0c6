import { jest } from '@jest/globals';
import { change, completed, HEAD, wish } from '../support/builders.ts';
import type { Execution, World } from '../support/sandbox.ts';
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

describe('a run whose change was merged ends as merged', () => {
  it.each(['stop', 'cancel'] as const)('even if a %s arrives during the merge', async (how) => {
    const started: unknown[] = [];
    const { run, cluster } = await play(
      {
        merge: undefined as never, // answered by the test
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
  ])('if the result of its merge was lost, after it read the state of the change back: %s', async (state, closed) => {
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

  it('even if a later step is cancelled', async () => {
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

describe('a dependent of a run', () => {
  it.each([
    ['an invalid id', next('x'.repeat(2_000)), 'task.dependents[0].task.id'],
    ['no title', { ...next('B'), task: { id: 'B' } }, 'task.dependents[0].task.title'],
    ['an unknown step', { ...next('B'), pipeline: { steps: [{ kind: 'nope' }] } }, 'task.dependents[0].pipeline'],
    ['the same task', next('PAY-142'), 'task.dependents[0].task.id'],
    ['a resume of its own', { ...next('B'), resume: { from: 2 } }, 'task.dependents[0].resume'],
    [
      'an invalid dependent of its own',
      next('B', { dependents: [next('C..D')] }),
      'task.dependents[0].task.dependents[0].task.id',
    ],
  ])('is validated at the start: %s', async (_, dependent, path) => {
    const { run, cluster } = await play({}, { dependents: [dependent] });
    expect(run.closed).toMatchObject({ failure: { type: 'invalid_input' } });
    expect((run.closed as any).failure.details.fields[0].path).toContain(path);
    expect(cluster.log).toEqual([]);
  });

  it('that cannot be started is reported in a notice', async () => {
    const { run } = await play(
      { startDependents: () => ({ lost: [{ id: 'B', because: 'the id is too long' }] }) },
      { dependents: [next('B')] },
    );
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    const { notices } = await run.query('run');
    expect(notices).toMatchObject([{ type: 'dependent_not_started', text: expect.stringContaining('too long') }]);
  });

  it('whose start is refused is reported in a notice', async () => {
    const world: World = {
      startDependents: () => {
        throw refusedForGood('refused', 'the server says no');
      },
    };
    const { run } = await play(world, { dependents: [next('B')] });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect((await run.query('run')).notices).toMatchObject([{ text: expect.stringContaining('the server says no') }]);
  });

  it('that is slow to start does not keep the run from being cancelled: it ends as merged, with a notice', async () => {
    const { run, cluster } = await play({ startDependents: never }, { dependents: [next('B')] });
    expect(run.closed).toBeUndefined();
    await run.cancel();
    for (const call of cluster.calls) if (call.cancelRequested) call.acknowledgeCancel();
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect((await run.query('run')).notices).toMatchObject([{ type: 'dependent_not_started' }]);
  });
});

describe('a change that a person merged or closed while the run', () => {
  const open = (head: string) => ({ state: 'open', head, baseHead: change.basis, foreign: [] });
  const CLOSED = 'The branch gatehouse/PAY-142 was deleted; its changes are not in main.';
  const SQUASHED = 'main contains its changes as 5ca1ab1e.';
  const seen = {
    closed: { ...open(HEAD), state: 'closed', note: CLOSED },
    squashed: { ...open(HEAD), state: 'merged', mergeCommit: '5ca1ab1e'.padEnd(40, '0'), note: SQUASHED },
  };
  const when = (look: object): Record<string, World> => ({
    'was parked': { changeMoved: () => look },
    'began its next step': { lookAtChange: () => look },
    'looked whether it merges': { settledMergeability: () => look },
  });
  const steps = [{ kind: 'human-test' }, { kind: 'conflicts' }, { kind: 'merger' }];

  /** The step that was running gets the note. */
  it.each([
    ['was parked', '2-human-test'],
    ['began its next step', '2-human-test'],
    ['looked whether it merges', '3-conflicts'],
  ])('%s ends the run with a note on the step', async (how, id) => {
    for (const [outcome, look] of Object.entries({ closed: seen.closed, merged: seen.squashed })) {
      const merges: unknown[] = [];
      const world = { runJob: () => completed(), merge: (question: unknown) => void merges.push(question) };
      const cluster = clusterWith({ ...world, ...when(look)[how] });
      const run = await startRun(cluster, wish({ kind: 'coder' }, ...steps));
      if (how === 'looked whether it merges') await run.update('confirm');
      await cluster.settle();
      expect(run.closed).toMatchObject({ result: { outcome } });
      const { result } = run.closed as { result: { steps: { id: string; note?: string; state: string }[] } };
      expect(result.steps.find((step) => step.id === id)).toMatchObject({ note: look.note, state: 'done' });
      expect((await run.query('run')).steps).toEqual(result.steps);
      const reported = (await run.query('run')).notices.filter(({ type }: any) => type === 'pipeline_complete');
      expect(reported.map(({ text }: any) => text)).toEqual(outcome === 'closed' ? [`The run is over. ${CLOSED}`] : []);
      expect(merges).toEqual([]);
    }
  });
});

describe('a parked run', () => {
  it('polls again if a hint arrives during a poll', async () => {
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

  it('reports that its watch of the branch was refused, and restarts it', async () => {
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

/** Refuses the first calls, and answers later ones with `then`. */
const refusing = (times: number, then: (question: any) => unknown = () => undefined) => {
  let asked = 0;
  return (question: unknown) => {
    asked += 1;
    if (asked <= times) throw refusedForGood('refused', 'it says no');
    return then(question);
  };
};
const noticesOf = async (run: Execution): Promise<string[]> =>
  (await run.query('run')).notices.map(({ text }: any) => text);

describe('a refused background activity is reported', () => {
  it('in a notice, for comments on issues', async () => {
    const delivered: string[] = [];
    const { run } = await play({
      tellIssues: refusing(2),
      notify: ({ notice }) => void delivered.push(notice.text),
    });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect(await noticesOf(run)).toEqual([
      expect.stringMatching(/^The task’s issues did not get the comment "Pull request 1 was opened.*it says no/),
      expect.stringMatching(/^The task’s issues did not get the comment ".* was merged into main.*it says no/),
    ]);
    expect(delivered).toHaveLength(2);
  });

  it('in a notice, for checks that could not be ended after the run was cancelled', async () => {
    const delivered: string[] = [];
    const cluster = clusterWith({
      settledChecks: () => never(),
      endChecks: refusing(1),
      notify: ({ notice }) => void delivered.push(notice.text),
    });
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'ci' }));
    await run.cancel();
    for (const call of cluster.calls) if (call.cancelRequested) call.acknowledgeCancel();
    await cluster.settle();
    expect(run.closed).toMatchObject({ cancelled: true });
    const text = 'Checks of gatehouse/PAY-142 may still be running, because they could not be ended: it says no';
    expect(await noticesOf(run)).toEqual([text]);
    expect(delivered).toEqual([text]);
  });

  it.each([
    ['is refused', refusing(9)],
    ['does not answer', never],
  ])('in a notice, for a cancelled merge whose read-back %s', async (_, readBack) => {
    let merging = false;
    const { run, cluster } = await play({
      merge: () => ((merging = true), never()),
      lookAtChange: (question) =>
        merging ? readBack(question) : { state: 'open', head: question.known, baseHead: change.basis, foreign: [] },
    });
    await run.cancel();
    await cluster.advance(61_000);
    expect(run.closed).toMatchObject({ cancelled: true });
    expect(await noticesOf(run)).toEqual([
      'The run was cancelled during its merge. Whether gatehouse/PAY-142 was merged into main could not be read.',
    ]);
  });

  it('in the log, for a notice, and the run continues', async () => {
    const cluster = clusterWith({ notify: refusing(9) });
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'human-test' }));
    const logged = JSON.stringify(await run['vm'].getAndResetSinkCalls());
    expect(logged).toMatch(
      /"A notice was refused",{[^}]*"notice":"2-human-test#1.human_test_ready","because":"it says no"}/,
    );
    expect(await run.update('confirm')).toMatchObject({ ok: {} });
    expect(run.closed).toBeDefined();
  });
});

describe('a refused watch of an environment is shown, and restarted', () => {
  const parkedAt = wish({ kind: 'coder' }, { kind: 'human-test' });

  it.each(['environmentEnded', 'holderClosed'])('by %s', async (activity) => {
    let asked = 0;
    const answer = () => {
      asked += 1;
      if (asked === 1) throw refusedForGood('refused', 'it says no');
      return never();
    };
    const cluster = clusterWith({ [activity]: answer });
    const run = await startRun(cluster, parkedAt);
    const env = cluster.executions.get('env/default/PAY-142')!;
    const detail = async () => (await run.query('waitingOn')).detail;
    expect(await env.query('environment')).toMatchObject({ status: 'live', generation: 1 });
    expect(await detail()).toContain(`it says no (${activity}: failed once`);
    await cluster.advance(61_000);
    expect(asked).toBe(2);
    expect(await detail()).not.toContain('it says no');
  });
});
