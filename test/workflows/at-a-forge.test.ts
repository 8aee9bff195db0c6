import { jest } from '@jest/globals';
import type { MergeReport } from '../../workflows/contracts/activities.ts';
import { change, green, HEAD, HEADS } from '../support/builders.ts';
import { playRun } from '../support/playing.ts';
import type { Call, Cluster, World } from '../support/sandbox.ts';

jest.setTimeout(60_000);

const STEPS = [{ kind: 'coder' }, { kind: 'ci' }, { kind: 'merger' }];
const never = () => new Promise(() => undefined);
const pending = (cluster: Cluster, name: string): Call => [...cluster.calls].find((call) => call.name === name)!;
const merged = { is: 'merged', mergeCommit: 'm'.repeat(40), head: HEAD };

async function playAt(world: World, steps = STEPS) {
  const played = await playRun(steps, world);
  const say = async (name: string, said: object) => {
    await played.run.signal(name, said);
    await played.cluster.settle();
  };
  return { ...played, say };
}

describe('a forge that gives no answer', () => {
  const silent = (over: object = {}) => ({
    activity: 'settledChecks',
    failures: 1,
    since: '2026-01-01T00:00:07.000Z',
    message: 'GitHub answers 503',
    forge: true,
    ...over,
  });

  it('is what the run waits on, with the failure, until it answers: the wait before it goes on', async () => {
    const { run, look, say, cluster } = await playAt({ settledChecks: never });
    const before = (await look()).waitingOn;
    expect(before).toMatchObject({ what: 'checks' });
    await cluster.advance(60_000);
    await say('_retrying', silent({ nextLook: '2026-01-01T00:02:00.000Z' }));
    expect(await look()).toMatchObject({
      status: 'running',
      waitingOn: {
        what: 'forge',
        detail: expect.stringContaining('Failing: GitHub answers 503'),
        since: '2026-01-01T00:00:07.000Z',
        nextLook: '2026-01-01T00:02:00.000Z',
      },
      current: { kind: 'ci', phase: 'probing' },
    });
    expect(run.attributes).toMatchObject({ GatehouseWaitingOn: 'forge', GatehouseStatus: 'running' });
    await say('_retrying', silent({ failures: 0 }));
    expect((await look()).waitingOn).toEqual(before);
    expect(run.attributes).toMatchObject({ GatehouseWaitingOn: 'checks' });
  });

  it('uses no attempt and fails nothing: the run goes on with the answer', async () => {
    let calls = 0;
    const { run, look, say, cluster } = await playAt({ settledChecks: () => ((calls += 1) === 1 ? never() : green()) });
    await say('_retrying', silent());
    pending(cluster, 'settledChecks').complete(green());
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect((await look()).steps[1]).toMatchObject({ kind: 'ci', outcome: 'passed', attempts: [] });
  });

  it('is waited on while it is asked to merge', async () => {
    const { look, say } = await playAt({ merge: never });
    await say('_retrying', silent({ activity: 'merge', message: 'GitHub refuses our credentials' }));
    expect((await look()).waitingOn).toMatchObject({
      what: 'forge',
      detail: expect.stringContaining('GitHub refuses our credentials'),
    });
  });

  it('is waited on while what an agent made is published', async () => {
    const { look, say } = await playAt({ runJob: never });
    expect((await look()).waitingOn).toMatchObject({ what: 'agent' });
    await say('_retrying', silent({ activity: 'runJob' }));
    expect((await look()).waitingOn).toMatchObject({ what: 'forge' });
  });

  it('does not take a question to a person away', async () => {
    const { look, say } = await playAt({}, [{ kind: 'coder' }, { kind: 'human-test' }]);
    await say('_retrying', silent({ activity: 'changeMoved' }));
    expect(await look()).toMatchObject({
      status: 'parked',
      waitingOn: { what: 'person', detail: expect.stringContaining('GitHub answers 503') },
    });
  });
});

describe('checks that the forge holds until a person approves them', () => {
  const held = (...names: string[]) => names.map((name) => ({ name, url: `https://git.example/runs/${name}` }));
  const waits = (...names: string[]) => ({ ...green(), checks: [], held: held(...names) });

  it('wait for a person, who has no visit, and go on by themselves', async () => {
    const answers: object[] = [waits('build'), waits('build', 'e2e'), waits(), green()];
    const asked: unknown[] = [];
    const { run, look, cluster } = await playAt({
      settledChecks: (question) => {
        asked.push(question.held?.map(({ name }: any) => name));
        return [4, 2].includes(answers.length) ? answers.shift() : answers.length === 0 ? green() : never();
      },
    });
    expect(await look()).toMatchObject({
      status: 'running',
      waitingOn: {
        what: 'person',
        detail: 'The forge holds checks until somebody approves them there: build (https://git.example/runs/build)',
      },
      current: {
        kind: 'ci',
        phase: 'probing',
        offers: [{ action: 'pause' }, { action: 'stop' }, { action: 'restartFrom' }],
      },
      notices: [{ type: 'checks_pending', text: expect.stringContaining('https://git.example/runs/build') }],
    });
    expect((await look()).current).not.toHaveProperty('visit');
    expect(run.attributes).toMatchObject({ GatehouseWaitingOn: 'person', GatehouseStatus: 'running' });
    expect(asked).toEqual([undefined, ['build']]);

    pending(cluster, 'settledChecks').complete(answers.shift());
    await cluster.settle();
    expect((await look()).waitingOn.detail).toContain('checks');
    expect(asked.slice(2)).toEqual([['build', 'e2e'], []]);
    expect((await look()).waitingOn).toMatchObject({ what: 'checks' });

    pending(cluster, 'settledChecks').complete(answers.shift());
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect(await look()).toMatchObject({
      steps: [{}, { kind: 'ci', attempts: [] }, {}],
      notices: [{ type: 'checks_pending', clearedAt: expect.any(String) }],
    });
  });
});

describe('a merge that waits for reviews', () => {
  const wait = { for: 'reviews', because: '1 of 2 reviews', url: 'https://git.example/pull/17' } as const;
  const waiting = { is: 'waiting', ...wait } satisfies MergeReport;
  const once = (asked: unknown[] = []): World => ({
    merge: (question) => {
      asked.push(question.shown);
      return question.shown ? never() : waiting;
    },
  });

  /** A merge that may take effect while it is called off. */
  async function playMerging() {
    let happened = false;
    const played = await playAt({
      merge: ({ shown }) => (happened ? merged : shown ? never() : waiting),
      lookAtChange: ({ known }) => ({
        ...(happened ? { state: 'merged', mergeCommit: merged.mergeCommit } : { state: 'open' }),
        head: known,
        baseHead: change.basis,
        foreign: [],
      }),
    });
    return { ...played, mergedMeanwhile: () => void (happened = true) };
  }

  it('is parked with a visit on the forge, and not in the inbox', async () => {
    const { run, look } = await playAt(once());
    const parked = await look();
    expect(parked).toMatchObject({
      status: 'parked',
      waitingOn: {
        what: 'forge',
        detail: 'The forge does not merge it yet: 1 of 2 reviews (https://git.example/pull/17)',
        offers: ['reject', 'pause', 'stop', 'restartFrom'],
      },
      current: { phase: 'merging', visit: '3-merger#1' },
      notices: [],
    });
    expect(run.attributes).toMatchObject({ GatehouseWaitingOn: 'forge', GatehouseStatus: 'parked' });
  });

  it('goes on by itself when they are there', async () => {
    const asked: unknown[] = [];
    const { run, cluster } = await playAt(once(asked));
    pending(cluster, 'merge').complete(merged);
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect(asked).toEqual([undefined, wait]);
  });

  it('shows another reason as another visit', async () => {
    const { look, cluster } = await playAt(once());
    pending(cluster, 'merge').complete({ ...waiting, because: 'bo requests changes' });
    await cluster.settle();
    expect(await look()).toMatchObject({
      status: 'parked',
      waitingOn: { detail: expect.stringContaining('bo requests changes') },
    });
  });

  it('is given up by a person', async () => {
    const { run, cluster } = await playAt({ ...once() });
    expect(await run.update('reject', { by: 'ana' })).toMatchObject({ ok: {} });
    pending(cluster, 'merge')?.acknowledgeCancel();
    await cluster.settle();
    expect(run.closed).toMatchObject({ failure: { type: 'rejected' } });
  });

  it('counts as merged if it happened before the person gave it up', async () => {
    const { run, mergedMeanwhile } = await playMerging();
    mergedMeanwhile();
    await run.update('reject', { by: 'ana' });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  });

  it('counts as merged if it happened before the run was stopped', async () => {
    const { run, mergedMeanwhile, cluster } = await playMerging();
    mergedMeanwhile();
    await run.update('stop');
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  });

  it('is waited for on in the execution that continues the run', async () => {
    const asked: unknown[] = [];
    const { run, cluster, look } = await playAt(once(asked));
    run.suggestContinueAsNew = true;
    await cluster.advance(30 * 60_000);
    await run.signal('hint', { about: 'change' });
    await cluster.settle();
    await cluster.advance(3 * 3_600_000);
    expect(run.handed).toHaveLength(1);
    run.suggestContinueAsNew = false;
    expect(await look()).toMatchObject({ status: 'parked', current: { phase: 'merging', visit: '3-merger#1' } });
    [...cluster.calls].findLast((call) => call.name === 'merge')!.complete(merged);
    await cluster.settle();
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  });
});

it('a merge in the forge’s queue waits on the forge, and a hint makes the run ask', async () => {
  const asked: unknown[] = [];
  const { run, look, cluster } = await playAt({
    merge: (question) => {
      asked.push(question.shown?.because);
      if (!question.shown) return { is: 'waiting', for: 'queue', because: 'position 2 of 5' };
      return asked.length < 3 ? never() : merged;
    },
  });
  expect(await look()).toMatchObject({
    status: 'running',
    waitingOn: { what: 'forge', detail: 'It is in the merge queue of the forge: position 2 of 5' },
  });
  expect((await look()).current).not.toHaveProperty('visit');
  await run.signal('hint', { about: 'change' });
  await cluster.advance(2_000);
  pending(cluster, 'merge')?.acknowledgeCancel();
  await cluster.settle();
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  expect(asked).toEqual([undefined, 'position 2 of 5', 'position 2 of 5']);
});

it('the policy’s merge method goes to the forge, and what people should know of the merge is a notice', async () => {
  const asked: unknown[] = [];
  const { look } = await playRun(
    STEPS,
    {
      merge: (question) => {
        asked.push(question.method);
        return { ...merged, note: 'It was merged by rebase: squash is not allowed here.' };
      },
    },
    { policy: { mergeMethod: 'squash' } },
  );
  expect(asked).toEqual(['squash']);
  expect((await look()).notices).toMatchObject([
    { type: 'merge_note', text: 'It was merged by rebase: squash is not allowed here.' },
  ]);
});

it('every way back from a merge counts, and then a person decides', async () => {
  const { look, cluster } = await playRun(
    STEPS,
    { merge: () => ({ is: 'unchecked', because: 'e2e is expected' }) },
    { policy: { conflictAttempts: 2 } },
  );
  expect(cluster.log.filter((name) => name === 'merge')).toHaveLength(3);
  expect(await look()).toMatchObject({
    status: 'parked',
    current: { kind: 'merger', because: 'The forge lacks checks that it requires: e2e is expected' },
    notices: [{ type: 'merge_review' }],
  });
});

describe('a change that is retargeted', () => {
  it('is judged against the new base', async () => {
    let base: string | undefined = 'release';
    const bases: string[] = [];
    const { run, look, cluster } = await playAt({
      settledMergeability: ({ change: asked, known }) => {
        bases.push(asked.base);
        const seen = { head: known, baseHead: change.basis, foreign: [], state: 'open' };
        const report = { is: 'mergeable', ...seen, ...(base !== undefined && { base }) };
        base = undefined;
        return report;
      },
    });
    expect(bases).toEqual(['main', 'release']);
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect((await look()).change).toMatchObject({ base: 'release' });
    expect(cluster.log.filter((name) => name === 'merge')).toHaveLength(1);
  });

  it('asks a parked person again', async () => {
    let moved = false;
    const { look } = await playAt(
      {
        changeMoved: ({ known }) => {
          if (moved) return never();
          moved = true;
          return { state: 'open', head: known, baseHead: HEADS[1], foreign: [], base: 'release' };
        },
      },
      [{ kind: 'coder' }, { kind: 'human-test' }],
    );
    expect(await look()).toMatchObject({
      change: { base: 'release' },
      current: {
        visit: '2-human-test#2',
        because: 'The change is to be merged into release now, which was chosen while a person was asked.',
      },
    });
  });
});
