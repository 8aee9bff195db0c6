import { jest } from '@jest/globals';
import type { Job } from '../../workflows/contracts/activities.ts';
import { SNAPSHOT_VERSION } from '../../workflows/contracts/run/snapshot.ts';
import { change, completed, HEAD, HEADS, wish } from '../support/builders.ts';
import type { Cluster, Execution, World } from '../support/sandbox.ts';
import { clusterWith, goodWork, startRun } from '../support/world.ts';

jest.setTimeout(120_000);

type Step = { kind: string } & Record<string, unknown>;
interface Park {
  steps: Step[];
  world?: World;
  /** The actions that bring it to the wait, after the start. */
  before?: [action: string, input: object][];
  /** The action taken at the wait, and the run after it. */
  says: [action: string, input: object];
  then: object;
}

const roles =
  (answers: Record<string, unknown>) =>
  (job: Job): unknown =>
    answers[job.role] ?? goodWork(job);
const items = (...titles: string[]) => ({
  items: titles.map((title) => ({ category: 'gap', severity: 'high', title, detail: 'd' })),
});
const poor = completed({ changed: false, output: { rating: 0.1, summary: 'no', comments: [{ body: 'x' }] } });
const asks = completed({ changed: false, decision: { question: 'Which?', options: ['a', 'b'] } });
const found = completed({ changed: false, output: items('A', 'B') });

/** One for every place where a gate waits for a person. */
const PARKS: Record<string, Park> = {
  'a human test': {
    steps: [{ kind: 'coder' }, { kind: 'human-test' }],
    says: ['confirm', { by: 'bo' }],
    then: { closed: { result: { outcome: 'ready' } } },
  },
  'a human test after a failed fixer': {
    steps: [{ kind: 'coder' }, { kind: 'human-test', fixes: 2 }],
    world: { runJob: roles({ fixer: { is: 'failed', because: 'exit code 1' } }) },
    before: [['requestFix', { findings: 'wrong' }]],
    says: ['requestFix', { findings: 'still wrong' }],
    then: {
      run: { current: { visit: '2-human-test#3', attempt: 2, offers: expect.not.arrayContaining(['requestFix']) } },
    },
  },
  'a human test whose environment was destroyed': {
    steps: [{ kind: 'coder' }, { kind: 'human-test' }],
    before: [['destroyEnvironment', {}]],
    says: ['recreateEnvironment', {}],
    then: { run: { current: { visit: '2-human-test#2' }, environment: { status: 'live', generation: 2 } } },
  },
  'an approval': {
    steps: [{ kind: 'architect', approval: true }, { kind: 'coder' }],
    says: ['approve', { proposal: 'mine' }],
    then: { closed: { result: { steps: [{ outcome: 'approved' }, {}] } } },
  },
  'an approval after a rework': {
    steps: [{ kind: 'architect', approval: true }, { kind: 'coder' }],
    before: [['requestChanges', { feedback: 'more' }]],
    says: ['requestChanges', { feedback: 'more still' }],
    then: { run: { current: { visit: '1-architect#3' } } },
  },
  'a question of an agent': {
    steps: [{ kind: 'coder' }],
    world: { runJob: (job: Job) => (job.role === 'coder' && !job.resolvedDecision ? asks : goodWork(job)) },
    says: ['decide', { decision: '1-coder/decision-1', choice: 'b' }],
    then: { closed: { result: { outcome: 'ready' } } },
  },
  'the cap of a companion': {
    steps: [{ kind: 'coder' }, { kind: 'reviewer', attempts: 0 }],
    world: { runJob: roles({ reviewer: poor }) },
    says: ['resolveCap', { choice: 'proceed' }],
    then: { closed: { result: { outcome: 'ready' } } },
  },
  'an approval after a companion': {
    steps: [{ kind: 'architect' }, { kind: 'architect-companion', approval: true }, { kind: 'coder' }],
    says: ['approve', {}],
    then: { closed: { result: { steps: [{}, { outcome: 'approved' }, {}] } } },
  },
  'a review': {
    steps: [{ kind: 'requirements-review' }, { kind: 'coder' }],
    world: { runJob: roles({ 'requirements-reviewer': found }) },
    before: [['answerFinding', { finding: 'f-1', reply: 'yes' }]],
    says: ['dismissFinding', { finding: 'f-2' }],
    then: {
      run: {
        current: { visit: '1-requirements-review#1', findings: [{ status: 'answered' }, { status: 'dismissed' }] },
      },
    },
  },
  'a review without an open finding': {
    steps: [{ kind: 'requirements-review' }, { kind: 'coder' }],
    world: { runJob: roles({ 'requirements-reviewer': found }) },
    before: [
      ['dismissFinding', { finding: 'f-1' }],
      ['dismissFinding', { finding: 'f-2' }],
    ],
    says: ['proceed', {}],
    then: { closed: { result: { outcome: 'ready' } } },
  },
  'a review with an unreadable answer': {
    steps: [{ kind: 'clarity-review' }, { kind: 'coder' }],
    world: { runJob: roles({ 'clarity-reviewer': completed({ changed: false, output: 'rubbish' }) }) },
    says: ['proceed', {}],
    then: { closed: { result: { outcome: 'ready' } } },
  },
  'the cap of a review': {
    steps: [{ kind: 'requirements-review', iterations: 1 }, { kind: 'coder' }],
    world: { runJob: roles({ 'requirements-reviewer': found }) },
    says: ['resolveCap', { choice: 'proceed' }],
    then: { closed: { result: { outcome: 'ready' } } },
  },
  'a merge review': {
    steps: [{ kind: 'coder' }, { kind: 'merger' }],
    world: { protectedPaths: () => ['.gatehouse.yml'] },
    says: ['merge', {}],
    then: { closed: { result: { outcome: 'merged' } } },
  },
};

const JOBS = ['runJob', 'notify', 'provisionEnvironment', 'removeEnvironment', 'merge', 'protectedPaths'];
const done = ({ log }: Cluster) =>
  Object.fromEntries(JOBS.map((job) => [job, log.filter((each) => each === job).length]));

/** Everything that people see of a run, except for which execution it is. */
async function seen(run: Execution) {
  const { runId, ...answer } = await run.query('run');
  void runId;
  const { currentDetails } = await run.metadata();
  return { ...answer, log: await run.query('actions'), currentDetails };
}

async function parked({ steps, world = {}, before = [] }: Park) {
  const cluster = clusterWith(world);
  const run = await startRun(cluster, wish(...steps));
  for (const [action, input] of before) await run.signal(action, input);
  expect((await run.query('run')).status).toBe('parked');
  return { cluster, run };
}

const endOf = async (run: Execution) => ({ closed: run.closed, run: run.closed ? undefined : await simply(run) });
/** Offers by name. */
async function simply(run: Execution) {
  const answer = await run.query('run');
  const offers = answer.current?.offers.map(({ action }: { action: string }) => action);
  return { ...answer, current: answer.current && { ...answer.current, offers } };
}

describe.each(Object.entries(PARKS))('parked at %s', (_, park) => {
  const [action, said] = park.says;

  it('a run continues as new at the same visit, repeats no side effect, and takes the action as before', async () => {
    const { cluster, run } = await parked(park);
    await cluster.advance(30 * 60_000);
    const [before, made] = [await seen(run), done(cluster)];
    await run.signal('_upgrade', {});
    expect(run.handed).toHaveLength(1);
    expect(await seen(run)).toEqual(before);
    expect(done(cluster)).toEqual(made);

    // The time until its notice becomes urgent continues too.
    const open = before.notices.filter(({ clearedAt }: any) => !clearedAt).length;
    await cluster.advance(89 * 60_000);
    expect((await run.query('run')).notices.at(-1)).toMatchObject({ severity: 'normal' });
    await cluster.advance(2 * 60_000);
    const { notices } = await run.query('run');
    expect(notices.filter(({ severity }: any) => severity === 'urgent')).toHaveLength(open);

    const { visit } = before.current;
    expect(await run.update(action, { ...said, actionId: 'x', visit })).toEqual({ ok: { actionId: 'x', visit } });
    expect(await endOf(run)).toMatchObject(park.then);
  });

  it('an action sent between the two executions is taken once', async () => {
    const { run } = await parked(park);
    const { visit } = (await run.query('run')).current;
    let answer: Promise<unknown> | undefined;
    run.between = () => {
      void run.signal(action, { ...said, actionId: 'x', visit });
      answer = run.update(action, { ...said, actionId: 'x', visit });
    };
    await run.signal('_upgrade', {});
    expect(await answer).toEqual({ ok: { actionId: 'x', visit } });
    const entries = (await run.query('actions')).filter(({ actionId }: any) => actionId === 'x');
    expect(entries).toMatchObject([{ action, verdict: 'taken', visit, repeats: 1 }]);
    expect(await endOf(run)).toMatchObject(park.then);
  });

  it('an action sent in the same activation as the upgrade comes first', async () => {
    const { cluster, run } = await parked(park);
    await cluster.concurrently(
      () => void run.signal('_upgrade', {}),
      () => void run.signal(action, { ...said, actionId: 'x' }),
    );
    expect((await run.query('actions')).at(-1)).toMatchObject({ actionId: 'x', verdict: 'taken' });
    expect(await endOf(run)).toMatchObject(park.then);
  });
});

const HUMAN = [{ kind: 'coder' }, { kind: 'human-test' }, { kind: 'ci' }, { kind: 'merger' }];

describe('a run that gets an upgrade signal', () => {
  it('stays if it already runs there, the newer build could not read it, or the signal is invalid', async () => {
    const { run } = await parked({ ...PARKS['a human test']!, steps: HUMAN });
    for (const wish of [{ taskQueue: 'sandbox' }, { build: 'b', reads: 1 }, { news: 1 }, 'rubbish', null])
      await run.signal('_upgrade', wish ?? { reads: 1 });
    expect(run.handed).toHaveLength(0);
    expect(await run.query('actions')).toEqual([]);
  });

  it('moves to the named task queue, and stays there', async () => {
    const { run } = await parked({ ...PARKS['a human test']!, steps: HUMAN });
    await run.signal('_upgrade', { taskQueue: 'second', reads: SNAPSHOT_VERSION });
    expect([run.handed.length, run.taskQueue]).toEqual([1, 'second']);
    await run.signal('_upgrade', { taskQueue: 'second' });
    expect(run.handed).toHaveLength(1);
  });

  it('moves at the end of its step if it is working', async () => {
    const cluster = clusterWith();
    delete cluster.world['runJob'];
    const run = await startRun(cluster, wish({ kind: 'architect' }, { kind: 'coder' }, { kind: 'human-test' }));
    await run.signal('_upgrade', {});
    expect(run.handed).toHaveLength(0);
    cluster.world['runJob'] = goodWork;
    const [call] = cluster.calls;
    call!.complete(completed({ changed: false }));
    await cluster.settle();
    expect(run.handed).toMatchObject([{ resume: { from: 2 } }]);
    expect((await run.query('run')).current.visit).toBe('3-human-test#1');
    expect(cluster.log.filter((each) => each === 'runJob')).toHaveLength(2);
  });

  it('moves while it is paused at the beginning of a step, and stays paused', async () => {
    const cluster = clusterWith();
    delete cluster.world['runJob'];
    const run = await startRun(cluster, wish({ kind: 'architect' }, { kind: 'coder' }));
    await run.update('pause', { by: 'ana' });
    [...cluster.calls][0]!.complete(completed({ changed: false }));
    await cluster.settle();
    await run.signal('_upgrade', {});
    expect(run.handed).toMatchObject([{ resume: { from: 2 } }]);
    expect(await run.query('run')).toMatchObject({ status: 'paused' });
    cluster.world['runJob'] = goodWork;
    await run.update('resume');
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });

  it('sends its pending notices before it moves', async () => {
    const cluster = clusterWith();
    delete cluster.world['notify'];
    const run = await startRun(cluster, wish(...HUMAN));
    await run.signal('_upgrade', {});
    expect(run.handed).toHaveLength(0);
    [...cluster.calls].find(({ name }) => name === 'notify')!.complete();
    await cluster.settle();
    expect(run.handed).toHaveLength(1);
    expect((await run.query('run')).current.visit).toBe('2-human-test#1');
  });

  it('stops if a stop arrives at the same time', async () => {
    const { cluster, run } = await parked({ ...PARKS['a human test']!, steps: HUMAN });
    await cluster.concurrently(
      () => void run.signal('stop', {}),
      () => void run.signal('_upgrade', {}),
    );
    expect([run.handed.length, run.closed]).toEqual([0, { cancelled: true }]);
    await cluster.advance(60_000);
    expect(cluster.executions.get('env/default/PAY-142')!.closed).toBeDefined();
  });

  it('continues as new by itself while it is parked if its history has grown too long', async () => {
    const { run } = await parked({ ...PARKS['a human test']!, steps: HUMAN });
    run.suggestContinueAsNew = true;
    await run.signal('hint', { about: 'change' });
    expect(run.handed).toHaveLength(1);
    expect((await run.query('run')).current.visit).toBe('2-human-test#1');
  });

  it('notices commits and changes of the environment that happened during the move', async () => {
    const looks: ((answer: unknown) => void)[] = [];
    const { cluster, run } = await parked({
      ...PARKS['a human test']!,
      world: { changeMoved: () => new Promise((resolve) => looks.push(resolve)) },
    });
    const env = cluster.executions.get('env/default/PAY-142')!;
    run.between = () =>
      void env.signal('_release', { holder: (env as any).firstRunId && ownerOf(run), because: 'gone' });
    await run.signal('_upgrade', {});
    expect(await run.query('run')).toMatchObject({
      environment: { status: 'gone' },
      current: { visit: '2-human-test#1' },
    });
    looks.at(-1)!({
      state: 'open',
      head: HEADS[1],
      baseHead: change.basis,
      foreign: [{ commit: HEADS[1], author: 'Bo', email: '' }],
    });
    await cluster.settle();
    expect(await run.query('run')).toMatchObject({ change: { head: HEADS[1] }, current: { visit: '2-human-test#2' } });
  });
});

const ownerOf = ({ workflowId, handed, runId }: Execution) => ({
  workflowId,
  runId: handed.length > 0 ? runId.slice(0, -String(handed.length).length - 1) : runId,
});

describe('an environment that gets an upgrade signal', () => {
  it('stays up, is still watched, and is removed by its key', async () => {
    const { cluster, run } = await parked(PARKS['a human test']!);
    const env = cluster.executions.get('env/default/PAY-142')!;
    const before = await env.query('environment');
    await env.signal('_upgrade', {});
    expect(env.handed).toHaveLength(1);
    expect(await env.query('environment')).toEqual(before);
    expect(cluster.log.filter((each) => each === 'provisionEnvironment')).toHaveLength(1);

    await run.update('recreateEnvironment');
    expect(await env.query('environment')).toMatchObject({ status: 'live', generation: 2, head: HEAD });
    await run.update('confirm');
    await cluster.settle();
    expect(env.closed).toBeDefined();
    expect(cluster.log.filter((each) => each === 'removeEnvironment')).toHaveLength(2);
  });

  it('takes a release signal that arrives between two executions', async () => {
    const { cluster, run } = await parked(PARKS['a human test']!);
    const env = cluster.executions.get('env/default/PAY-142')!;
    env.between = () => void env.signal('_release', { holder: ownerOf(run), because: 'enough' });
    await env.signal('_upgrade', {});
    expect(env.closed).toBeDefined();
    expect(cluster.log.filter((each) => each === 'removeEnvironment')).toHaveLength(1);
  });

  it('moves even while its removal keeps failing', async () => {
    const { cluster, run } = await parked({
      ...PARKS['a human test']!,
      world: {
        removeEnvironment: () => {
          throw new Error('busy');
        },
      },
    });
    const env = cluster.executions.get('env/default/PAY-142')!;
    await run.update('confirm');
    await cluster.advance(30_000);
    await env.signal('_upgrade', {});
    expect(env.handed).toMatchObject([{ resume: { keys: [expect.any(String)], released: expect.any(String) } }]);
    cluster.world['removeEnvironment'] = () => undefined;
    await cluster.advance(120_000);
    expect(env.closed).toBeDefined();
  });
});

describe('a release watch that gets an upgrade signal', () => {
  it('shows the same regression, and is acknowledged once', async () => {
    const cluster = clusterWith({
      releaseSettled: () => ({ signals: [{ id: 'errors', state: 'alert', detail: '5 %' }] }),
    });
    await startRun(cluster, wish({ kind: 'coder' }, { kind: 'merger' }, { kind: 'post-release-health', minutes: 5 }));
    const watch = cluster.executions.get('release/default/PAY-142')!;
    const before = await seen(watch);
    expect(before.current.visit).toBe('1-post-release-health#1');
    await watch.signal('_upgrade', {});
    expect(watch.handed).toHaveLength(1);
    expect(await seen(watch)).toEqual(before);
    expect(await watch.update('acknowledge', { by: 'bo' })).toMatchObject({ ok: {} });
    expect(watch.closed).toMatchObject({
      result: {
        health: 'regressed',
        signals: [{ id: 'errors' }],
        acknowledgedBy: 'bo',
        assessment: { recommendation: expect.any(String) },
      },
    });
  });
});

it('a run does not move in the workflow task in which it took an update', async () => {
  const { cluster, run } = await parked(PARKS['a review']!);
  const said = { finding: 'f-2', actionId: 'x' };
  const [answer] = await Promise.all([run.update('dismissFinding', said), run.signal('_upgrade', {})]);
  expect([answer, run.handed]).toMatchObject([{ ok: { actionId: 'x' } }, []]);
  await cluster.advance(1);
  expect(run.handed).toHaveLength(1);
  expect(await run.query('actions')).toMatchObject([{}, { actionId: 'x', verdict: 'taken', effect: 'done' }]);
});

it('a run moves to the build that sent the signal even if it may already be on it, because a replay could not tell', async () => {
  const { run } = await parked(PARKS['a review']!);
  await run.signal('_upgrade', { build: 'b1' });
  expect(run.handed).toHaveLength(1);
});
