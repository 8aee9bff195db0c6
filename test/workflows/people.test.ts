import { jest } from '@jest/globals';
import { change, completed, HEAD, HEADS, ready, red, wish } from '../support/builders.ts';
import { failureOf as failure, playRun } from '../support/playing.ts';
import { UNREADABLE, type World } from '../support/sandbox.ts';
import { clusterWith, goodWork, goodWorld, refusedForGood, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const STEPS = ['coder', 'reviewer', 'human-test', 'conflicts', 'ci', 'merger'].map((kind) => ({ kind }));
const ENV = 'env/default/PAY-142';

const play = (world: World = {}, over: object = {}, steps: Parameters<typeof playRun>[0] = STEPS) =>
  playRun(steps, world, over);
const foreign = (commit: string, author = 'Bo') => ({ commit, author, email: `${author.toLowerCase()}@shop.example` });

/** A world whose head somebody else moves while the run waits for a person. */
function withForeign(heads: { head: string; foreign: object[] }[]) {
  const left = [...heads];
  const waiting: (() => void)[] = [];
  return {
    world: {
      changeMoved: ({ known }: any) =>
        new Promise((resolve) => {
          waiting.push(() => {
            const next = left.shift();
            if (next && next.head !== known) resolve({ state: 'open', baseHead: change.basis, ...next });
          });
        }),
    } as World,
    commit: () => waiting.at(-1)!(),
  };
}

describe('human-test', () => {
  it('runs a fixer with the findings, rebuilds the environment, and asks again [A-015, N-03]', async () => {
    const jobs: any[] = [];
    const { run, look, log } = await play({
      runJob: (job) => {
        jobs.push(job);
        return job.role === 'fixer' ? completed({ head: HEADS[1] }) : goodWork(job);
      },
    });
    expect(await run.update('requestFix', { findings: '  The total is wrong.  ', by: 'ana' })).toMatchObject({
      ok: {},
    });
    expect(await look()).toMatchObject({
      current: {
        visit: '3-human-test#2',
        attempt: 1,
        attempts: 10,
        rounds: [{ kind: 'fix', findings: 'The total is wrong.', outcome: 'completed', head: HEADS[1] }],
      },
      environment: { status: 'live', generation: 2, head: HEADS[1] },
    });
    expect(jobs.at(-1).brief).toContain('The total is wrong.');
    expect(jobs.at(-1).environment).toMatchObject({ head: HEAD });
    expect(await log()).toMatchObject([
      { action: 'requestFix', verdict: 'taken', effect: 'done', visit: '3-human-test#1' },
    ]);
  });

  it('asks again, with the reason, after a fixer failed or changed nothing [N-03]', async () => {
    const ends = [{ is: 'failed', because: 'exit code 1' }, completed({ changed: false })];
    const { run, look, log } = await play({ runJob: (job) => (job.role === 'fixer' ? ends.shift() : goodWork(job)) });
    await run.update('requestFix', { findings: 'a' });
    expect(await look()).toMatchObject({ current: { because: 'The fixer failed: exit code 1', attempt: 1 } });
    await run.update('requestFix', { findings: 'b' });
    expect(await look()).toMatchObject({
      current: { because: expect.stringContaining('Nothing changed'), attempt: 2 },
    });
    expect((await log()).map(({ effect }: any) => effect)).toEqual(['failed', 'done']);
  });

  it.each([
    ['merged', { is: 'merged', head: HEADS[1], foreign: [] }, { visit: '3-human-test#2' }, 2],
    ['current', { is: 'current', head: HEAD, foreign: [] }, { visit: '3-human-test#2' }, 2],
    [
      'refused',
      { is: 'refused', because: 'no base' },
      { visit: '3-human-test#2', because: expect.stringContaining('no base') },
      1,
    ],
  ])('pulls the base into the branch: %s [N-08]', async (_, update, current, generation) => {
    const { run, look } = await play({ updateFromBase: () => update });
    await run.update('pullMain');
    expect(await look()).toMatchObject({ current, environment: { generation } });
  });

  it('resolves a conflict within a separate budget [N-08]', async () => {
    const jobs: string[] = [];
    const { run, look } = await play(
      {
        updateFromBase: ({ known }) => ({ is: 'conflict', head: known, files: ['a.txt'], foreign: [] }),
        runJob: (job) => {
          jobs.push(`${job.role} ${job.mode}`);
          return goodWork(job);
        },
      },
      { policy: { conflictAttempts: 1 } },
    );
    await run.update('pullMain');
    await run.update('pullMain');
    expect(jobs.slice(2)).toEqual(['conflict-resolver resolve']);
    expect(await look()).toMatchObject({ current: { attempt: 0, because: expect.stringContaining('1 attempts') } });
  });

  it('destroys the environment within the visit, and rebuilds it with a new one [N-05]', async () => {
    const { run, look, cluster } = await play();
    await run.update('destroyEnvironment', { visit: '3-human-test#1' });
    expect(await look()).toMatchObject({ current: { visit: '3-human-test#1' }, environment: { status: 'gone' } });
    expect((await look()).environment.url).toBeUndefined();
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
    expect(await run.update('destroyEnvironment')).toMatchObject({ refused: { code: 'not_offered' } });
    await run.update('recreateEnvironment');
    expect(await look()).toMatchObject({
      current: { visit: '3-human-test#2' },
      environment: { status: 'live', generation: 2 },
    });
  });

  it('cancels a slow environment build and removes what it created', async () => {
    const { run, look, cluster } = await play({ provisionEnvironment: undefined as never });
    delete cluster.world['provisionEnvironment'];
    expect(await look()).toMatchObject({
      current: { phase: 'provisioning', offers: [{ action: 'destroyEnvironment' }, {}, {}, {}] },
    });
    expect(await run.update('confirm')).toMatchObject({ refused: { code: 'not_offered' } });
    await run.update('destroyEnvironment');
    for (const call of [...cluster.calls]) {
      if (call.name === 'provisionEnvironment') call.complete({ is: 'live', url: 'http://127.0.0.1:1' });
    }
    await cluster.settle();
    expect(await look()).toMatchObject({ status: 'parked', environment: { status: 'gone' } });
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
    expect(cluster.log).toContain('removeEnvironment');
  });

  it.each([
    [
      'none is configured',
      { examine: () => ({ is: 'ready', change, environments: false, checksGraceSeconds: 0 }) },
      'No environment is configured',
    ],
    [
      'it cannot be made',
      { provisionEnvironment: () => ({ is: 'failed', because: 'port 80 is taken' }) },
      'port 80 is taken',
    ],
    [
      'the provider refuses for good',
      {
        provisionEnvironment: () => {
          throw refusedForGood('unexpected', 'quota');
        },
      },
      'quota',
    ],
  ])('asks without an environment, and shows why, when %s [N-01]', async (_, world, because) => {
    const { run, look } = await play(world);
    expect(await look()).toMatchObject({ status: 'parked', current: { because: expect.stringContaining(because) } });
    expect(await run.update('confirm')).toMatchObject({ ok: {} });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  });

  it('asks without a slow environment, and shows it within the same visit once it is up [N-01, N-02]', async () => {
    const { look, cluster } = await play({}, { policy: { provisionSeconds: 60 } });
    void look;
    const slow = clusterWith({});
    delete slow.world['provisionEnvironment'];
    const run = await startRun(slow, { ...wish(...STEPS), policy: { provisionSeconds: 60 } });
    expect((await run.query('run')).current.phase).toBe('provisioning');
    await slow.advance(61_000);
    expect(await run.query('run')).toMatchObject({
      status: 'parked',
      current: { because: expect.stringMatching(/60 s.*It does not answer yet\./) },
    });
    [...slow.calls]
      .find(({ name }) => name === 'provisionEnvironment')!
      .complete({ is: 'live', url: 'http://127.0.0.1:9' });
    await slow.settle();
    expect(await run.query('run')).toMatchObject({
      current: { visit: '3-human-test#1' },
      environment: { status: 'live' },
    });
    expect((await run.query('run')).notices.map(({ type }: any) => type)).toContain('environment_ready');
    void cluster;
  });

  it('rebuilds a dead environment once, then shows that it is gone [N-01]', async () => {
    const ended: ((look: object) => void)[] = [];
    const { look, cluster } = await play({
      environmentEnded: () => new Promise((resolve) => ended.push(resolve as never)),
    });
    ended.at(-1)!({ is: 'gone', because: 'the machine was restarted' });
    await cluster.settle();
    expect(await look()).toMatchObject({
      current: { visit: '3-human-test#1' },
      environment: { status: 'live', generation: 2 },
    });
    ended.at(-1)!({ is: 'gone', because: 'it crashed' });
    await cluster.settle();
    expect(await look()).toMatchObject({
      current: { visit: '3-human-test#1' },
      environment: { status: 'failed', because: expect.stringContaining('it crashed') },
    });
    expect((await look()).notices.map(({ type }: any) => type)).toContain('environment_lost');
  });
});

describe('a wait whose environment was destroyed', () => {
  it('keeps its visit, sends no second notice, and still becomes urgent', async () => {
    const reported: any[] = [];
    const { run, look, cluster } = await play({
      notify: ({ notice }) => void reported.push([notice.type, notice.severity]),
    });
    await run.update('destroyEnvironment', {});
    await cluster.settle();
    expect(await look()).toMatchObject({ status: 'parked', current: { visit: '3-human-test#1' } });
    expect((await look()).notices).toMatchObject([{ type: 'human_test_ready', severity: 'normal' }]);
    expect((await look()).notices[0]).not.toHaveProperty('clearedAt');
    await cluster.advance(30 * 24 * 3_600_000);
    expect(reported).toEqual([
      ['human_test_ready', 'normal'],
      ['human_test_ready', 'urgent'],
    ]);
  });
});

describe('a branch that somebody else changes', () => {
  it('starts a new visit and environment, and the reviewer runs again before the merge', async () => {
    const { world, commit } = withForeign([{ head: HEADS[1]!, foreign: [foreign(HEADS[1]!)] }]);
    const jobs: string[] = [];
    const { run, look, cluster } = await play({
      ...world,
      runJob: (job) => {
        jobs.push(job.role);
        return { ...(goodWork(job) as object), head: job.change.head ?? HEAD } as never;
      },
    });
    commit();
    await cluster.settle();
    expect(await look()).toMatchObject({
      current: { visit: '3-human-test#2', because: expect.stringContaining('by Bo') },
      environment: { head: HEADS[1], generation: 2 },
    });
    expect(await run.update('confirm', { head: HEAD })).toMatchObject({ refused: { code: 'stale', head: HEADS[1] } });
    expect(await run.update('confirm', { head: HEADS[1] })).toMatchObject({ ok: {} });
    expect(jobs).toEqual(['coder', 'reviewer', 'reviewer', 'merger']);
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', head: HEADS[1] } });
  });

  it('after the confirmation sends the run back to the person', async () => {
    let moved = false;
    const { run, look } = await play({
      settledMergeability: ({ known }) => {
        const head = moved ? HEADS[1]! : known;
        const seen = moved && known !== HEADS[1] ? [foreign(HEADS[1]!)] : [];
        return { is: 'mergeable', head, baseHead: change.basis, foreign: seen, state: 'open' };
      },
      runJob: (job) => {
        if (job.role === 'merger') moved = true;
        return { ...(goodWork(job) as object), head: job.change.head ?? HEAD } as never;
      },
      merge: ({ head }) =>
        head === HEADS[1]
          ? { is: 'merged', mergeCommit: 'm', head }
          : { is: 'moved', head: HEADS[1], baseHead: change.basis },
    });
    await run.update('confirm');
    expect(await look()).toMatchObject({
      current: { visit: '3-human-test#2', because: expect.stringContaining('Bo') },
    });
    await run.update('confirm');
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', head: HEADS[1] } });
  });

  it('needs no new confirmation after commits of our own helpers, unless the policy says so', async () => {
    let fixed = false;
    const world: World = {
      settledChecks: ({ known }) => (fixed ? { ...red(known), checks: [] } : red(known, 'test')),
      runJob: (job) => {
        if (job.role !== 'ci-fixer') return { ...(goodWork(job) as object), head: job.change.head ?? HEAD } as never;
        fixed = true;
        return completed({ head: HEADS[1] });
      },
    };
    const kept = await play(world);
    await kept.run.update('confirm');
    expect(kept.run.closed).toMatchObject({ result: { outcome: 'merged', head: HEADS[1] } });

    fixed = false;
    const again = await play(world, { policy: { reconfirm: 'any' } });
    await again.run.update('confirm');
    expect(await again.look()).toMatchObject({ current: { visit: '3-human-test#2' } });
  });

  it.each([
    ['merged', { result: { outcome: 'merged', mergeCommit: 'm' } }],
    ['closed', { result: { outcome: 'closed' } }],
  ])('ends the run if it is %s by hand while the run waits for a person', async (state, closed) => {
    let now = () => undefined as void;
    const { run, cluster } = await play({
      changeMoved: () =>
        new Promise((resolve) => {
          now = () => resolve({ state, head: HEAD, baseHead: 'b', mergeCommit: 'm', foreign: [] });
        }),
    });
    now();
    await cluster.settle();
    expect(run.closed).toMatchObject(closed);
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
  });
});

describe('the merge', () => {
  const confirmed = async (world: World, over: object = {}) => {
    const played = await play(world, over);
    await played.run.update('confirm');
    return played;
  };

  it.each([
    [
      'over the thresholds',
      {
        runJob: (job: any) =>
          job.role === 'merger'
            ? completed({ changed: false, output: { complexity: 0.9, risk: 0, impact: 0, rationale: 'big' } })
            : goodWork(job),
      },
      'complexity 0.9 of 0.5',
    ],
    [
      'without a valid assessment',
      { runJob: (job: any) => (job.role === 'merger' ? completed({ changed: false, output: 'fine' }) : goodWork(job)) },
      'no valid assessment',
    ],
    ['with protected paths', { protectedPaths: () => ['.gatehouse.yml'] }, 'protected paths: .gatehouse.yml'],
    [
      'that is refused',
      { merge: () => ({ is: 'refused', because: 'the owner’s checkout of main is dirty' }) },
      'checkout of main is dirty',
    ],
  ])('%s asks a person, with the reason [N-53]', async (_, world, because) => {
    const { look } = await confirmed(world);
    expect(await look()).toMatchObject({
      status: 'parked',
      current: {
        kind: 'merger',
        because: expect.stringContaining(because),
        offers: [{ action: 'merge' }, { action: 'reject' }, {}, {}, {}],
      },
    });
  });

  it('waits until a person decides to merge or reject [A-175]', async () => {
    const world = { protectedPaths: () => ['.gatehouse.yml'] };
    const merged = await confirmed(world);
    await merged.run.update('merge', { by: 'bo' });
    expect(merged.run.closed).toMatchObject({ result: { outcome: 'merged' } });
    const rejected = await confirmed(world);
    await rejected.run.update('reject', { reason: 'not now', by: 'bo' });
    expect(failure(rejected.run)).toMatchObject({
      type: 'rejected',
      message: 'bo rejected the merge: not now',
      details: { step: 6 },
    });
  });

  it('sends the run back to conflicts and ci when the base has moved into conflict', async () => {
    const looks = ['mergeable', 'conflicted', 'conflicted', 'mergeable', 'mergeable', 'mergeable'];
    const { run } = await confirmed({
      settledMergeability: ({ known }) => ({
        is: looks.shift() ?? 'mergeable',
        head: known,
        baseHead: 'b',
        files: ['a.txt'],
        foreign: [],
        state: 'open',
      }),
      runJob: (job) =>
        job.role === 'conflict-resolver'
          ? completed({ head: HEADS[1] })
          : ({ ...(goodWork(job) as object), head: job.change.head ?? HEAD } as never),
    });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', head: HEADS[1] } });
    expect((await run.query('run')).steps[3].attempts).toMatchObject([{ role: 'conflict-resolver' }]);
  });

  it('sends the run back to ci when the checks of the head turned red', async () => {
    let reads = 0;
    const { run } = await confirmed({
      settledChecks: ({ known }) => ((reads += 1) === 2 || reads === 3 ? red(known, 'test') : red(known)),
      runJob: (job) =>
        job.role === 'ci-fixer'
          ? completed({ head: HEADS[1] })
          : ({ ...(goodWork(job) as object), head: job.change.head ?? HEAD } as never),
    });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged', head: HEADS[1] } });
  });

  it('starts the dependents', async () => {
    const started: unknown[] = [];
    const dependents = [{ ...wish({ kind: 'coder' }), task: { id: 'PAY-143', title: 'next' } }];
    const { run } = await confirmed(
      { startDependents: ({ inputs }) => void started.push(...inputs) },
      { task: { id: 'PAY-142', title: 'a', dependents } },
    );
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
    expect(started).toEqual(dependents);
  });
});

describe('an action', () => {
  it('is validated first, then checked against the offers, the visit and the head', async () => {
    const { run } = await play();
    const refused = async (name: string, input?: unknown) => (await run.update(name, input)).refused?.code;
    expect(await refused('confirm', { findings: 'x' })).toBe('invalid');
    expect(await refused('requestFix', { findings: '  ' })).toBe('invalid');
    expect(await refused('restartFrom', { step: 7 })).toBe('invalid');
    expect(await refused('decide', { decision: 'never', choice: 'a' })).toBe('invalid');
    expect(await refused('confirm', UNREADABLE)).toBe('invalid');
    expect(await refused('approve', { visit: 'other' })).toBe('not_offered');
    expect(await refused('confirm', { visit: '3-human-test#7' })).toBe('stale');
    expect(await refused('confirm', { head: 'f'.repeat(40) })).toBe('stale');
    expect(await run.query('actions')).toEqual([]);
  });

  it('sent twice returns the first result; another input under its id is a duplicate [N-07]', async () => {
    const { run, log } = await play();
    const input = { findings: 'a', actionId: 'x-1' };
    const first = await run.update('requestFix', input);
    expect(await run.update('requestFix', { actionId: 'x-1', findings: 'a' })).toEqual(first);
    await run.signal('requestFix', input);
    expect(await run.update('requestFix', { findings: 'b', actionId: 'x-1' })).toMatchObject({
      refused: { code: 'duplicate' },
    });
    expect(await run.update('confirm', { actionId: 'x-1' })).toMatchObject({ refused: { code: 'duplicate' } });
    expect(await log()).toMatchObject([{ actionId: 'x-1', repeats: 2 }]);
    expect((await run.query('run')).steps[2].attempts).toHaveLength(1);
  });

  it('that lost a race names the action that was taken first [N-07]', async () => {
    const { run } = await play();
    const [first, second] = await Promise.all([
      run.update('requestFix', { findings: 'a', by: 'ana', visit: '3-human-test#1' }),
      run.update('confirm', { by: 'bo', visit: '3-human-test#1' }),
    ]);
    expect(first).toMatchObject({ ok: {} });
    expect(second).toMatchObject({ refused: { code: 'not_offered', takenBy: { by: 'ana', action: 'requestFix' } } });
  });

  it('refused by signal is logged and shown', async () => {
    const { run, log } = await play();
    await run.signal('confirm', { visit: '3-human-test#7', note: 'typed with care' });
    await run.signal('confirm', UNREADABLE);
    await run.signal('cofnirm', {});
    expect(await log()).toMatchObject([
      { verdict: 'refused', code: 'stale', input: expect.stringContaining('typed with care') },
      { verdict: 'refused', code: 'invalid' },
      { action: 'cofnirm', verdict: 'refused', code: 'invalid', because: expect.stringContaining('confirm') },
    ]);
    const { currentDetails, definition } = await run.metadata();
    expect(currentDetails).toContain('Refused at');
    expect(definition.signalDefinitions.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['confirm', 'requestFix', 'hint', 'stop']),
    );
  });

  it('with a long input is logged in part, the newest first', async () => {
    const { run, log } = await play();
    for (let n = 0; n < 8; n += 1) await run.signal('approve', { proposal: `${n}${'x'.repeat(20_000)}` });
    const kept = (await log()).map(({ input }: any) => input?.length);
    expect(kept).toEqual([undefined, undefined, undefined, 12_000, 12_000, 12_000, 12_000, 12_000]);
  });

  it('may require a second person', async () => {
    const { run } = await play({}, { policy: { requireSecondPerson: true }, startedBy: 'ana' });
    expect(await run.update('confirm')).toMatchObject({ refused: { code: 'not_allowed' } });
    expect(await run.update('confirm', { by: 'ana' })).toMatchObject({ refused: { code: 'not_allowed' } });
    expect(await run.update('requestFix', { by: 'ana', findings: 'a' })).toMatchObject({ ok: {} });
    expect(await run.update('confirm', { by: 'bo' })).toMatchObject({ ok: {} });
  });

  it.each(['bo', 'BO@shop.example', 'Cy', 'cy@shop.example', ' Di '])(
    'by %j, an author on the branch, does not count as a second person’s',
    async (by) => {
      const written = { ...foreign(HEADS[1]!), others: ['cy', 'Cy@Shop.example'] };
      const { run } = await play(
        {
          examine: () => ({ ...ready, writers: ['Di', 'di@shop.example'] }),
          runJob: (job) => ({ ...(goodWork(job) as object), foreign: job.role === 'coder' ? [written] : [] }) as never,
        },
        { policy: { requireSecondPerson: true }, startedBy: 'ana' },
      );
      expect(await run.update('confirm', { by })).toMatchObject({ refused: { code: 'not_allowed' } });
      expect(await run.update('confirm', { by: 'eve' })).toMatchObject({ ok: {} });
    },
  );

  it('cannot inject Markdown or HTML into the Web UI', async () => {
    const { run } = await play({
      runJob: (job) =>
        job.role === 'fixer'
          ? { is: 'failed', because: '[x](javascript:alert(1)) <img src=x> | a | `b`' }
          : goodWork(job),
    });
    await run.update('requestFix', { findings: 'a' });
    const { currentDetails } = await run.metadata();
    expect(currentDetails).not.toMatch(/\]\(javascript:|<img|[^\\]\| a [^\\]\|/);
    expect(Buffer.byteLength(currentDetails)).toBeLessThan(8_000);
  });
});

describe('a person', () => {
  it('pauses the run within its visit, and resumes it', async () => {
    const { run, look } = await play();
    await run.update('pause', { by: 'ana', reason: 'lunch' });
    expect(await look()).toMatchObject({
      status: 'paused',
      waitingOn: {
        what: 'person',
        detail: expect.stringContaining('lunch'),
        offers: ['resume', 'stop', 'restartFrom'],
      },
      current: { visit: '3-human-test#1' },
    });
    expect(await run.update('confirm')).toMatchObject({ refused: { code: 'not_offered' } });
    await run.update('resume');
    expect(await look()).toMatchObject({ status: 'parked', current: { visit: '3-human-test#1' } });
    expect(await run.update('confirm')).toMatchObject({ ok: {} });
    expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  });

  it('pauses the run while an agent works: its job ends, and no new one starts', async () => {
    const cluster = clusterWith();
    delete cluster.world['runJob'];
    const run = await startRun(cluster, wish(...STEPS));
    await run.update('pause');
    [...cluster.calls].find(({ name }) => name === 'runJob')!.complete(completed());
    await cluster.settle();
    expect((await run.query('run')).steps[0]).toMatchObject({ state: 'done' });
    expect([...cluster.calls].filter(({ name }) => name === 'runJob')).toEqual([]);
    await run.update('resume');
    expect([...cluster.calls].filter(({ name }) => name === 'runJob')).toHaveLength(1);
  });

  it('stops the run: its job is stopped, it ends as cancelled, and its task may start again [A-235, E-31]', async () => {
    const stopped: string[] = [];
    const cluster = clusterWith({ stopJob: ({ key }) => void stopped.push(key) });
    delete cluster.world['runJob'];
    const run = await startRun(cluster, wish(...STEPS));
    expect(await run.update('stop', { reason: 'enough' })).toMatchObject({ ok: {} });
    await cluster.settle();
    expect(run.closed).toEqual({ cancelled: true });
    expect(stopped).toEqual(['run/default/PAY-142/000000000001/1-coder/coder-1']);
    expect(run.attributes).toMatchObject({ GatehouseStatus: 'stopped', GatehouseWaitingOn: 'nothing' });
    cluster.world['runJob'] = goodWork;
    const anew = await startRun(cluster, wish(...STEPS));
    expect(await anew.query('run')).toMatchObject({ status: 'parked', current: { visit: '3-human-test#1' } });
  });

  it('cancels the run from outside: it ends as stopped, without its environment', async () => {
    const { run, cluster } = await play();
    await run.cancel();
    expect(run.closed).toEqual({ cancelled: true });
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
    expect(await run.query('run')).toMatchObject({ status: 'stopped', current: null });
  });

  it('restarts the run from a step: visits and job numbers continue, budgets start over [A-230]', async () => {
    const keys: string[] = [];
    const { run, look, cluster } = await play({
      runJob: (job) => {
        keys.push(job.key.split('/').slice(4).join('/'));
        return goodWork(job);
      },
    });
    await run.update('requestFix', { findings: 'a' });
    expect(await run.update('restartFrom', { step: 2, visit: 'any' })).toMatchObject({ ok: {} });
    expect(await look()).toMatchObject({
      current: { visit: '3-human-test#3', attempt: 0, rounds: [] },
      environment: { status: 'live' },
      steps: [{ state: 'done' }, { state: 'done', attempts: [{}, {}] }, { state: 'waiting' }, {}, {}, {}],
    });
    expect(keys).toEqual(['1-coder/coder-1', '2-reviewer/reviewer-1', '3-human-test/fixer-1', '2-reviewer/reviewer-2']);
    expect(cluster.log.filter((name) => name === 'removeEnvironment')).toHaveLength(2);
  });

  it('restarts the run during a job, which is then superseded', async () => {
    const cluster = clusterWith();
    delete cluster.world['runJob'];
    const run = await startRun(cluster, wish(...STEPS));
    await run.update('restartFrom', { step: 1 });
    await cluster.settle();
    const [coder] = (await run.query('run')).steps;
    expect(coder.attempts).toMatchObject([{ outcome: 'superseded' }, { key: expect.stringMatching(/coder-2$/) }]);
  });
});

describe('a run with agents that ask', () => {
  it('lets a person choose one of the options, once [N-52]', async () => {
    const jobs: any[] = [];
    const { run, look } = await play({
      runJob: (job) => {
        jobs.push(job);
        return job.role === 'coder' && !job.resolvedDecision
          ? completed({ decision: { question: 'Which?', options: ['a', 'b'] } })
          : goodWork(job);
      },
    });
    const { decision } = (await look()).current;
    expect(decision).toMatchObject({ question: 'Which?', options: ['a', 'b'] });
    expect(await run.update('decide', { decision: decision.id, choice: 'c' })).toMatchObject({
      refused: { code: 'invalid' },
    });
    expect(await run.update('decide', { decision: decision.id, choice: 'b' })).toMatchObject({ ok: {} });
    expect(jobs[1]).toMatchObject({ role: 'coder', resolvedDecision: { question: 'Which?', choice: 'b' } });
    expect(await run.update('decide', { decision: decision.id, choice: 'a' })).toMatchObject({
      refused: { code: 'not_offered' },
    });
  });

  it('takes an edited proposal, feedback with comments, or a rejection [A-167, A-168, E-7, E-8]', async () => {
    const steps = [{ kind: 'architect', approval: true }, { kind: 'coder' }];
    const jobs: any[] = [];
    const world = {
      runJob: (job: any) => {
        jobs.push(job);
        return goodWork(job);
      },
    };
    const { run, look } = await play(world, {}, steps);
    expect(await look()).toMatchObject({
      current: {
        proposal: 'architect did it',
        offers: [{ action: 'approve' }, { action: 'requestChanges' }, { action: 'reject' }, {}, {}, {}],
      },
    });
    expect(await run.update('requestChanges', {})).toMatchObject({ refused: { code: 'invalid' } });
    await run.update('requestChanges', { feedback: 'smaller', comments: [{ quote: 'did', text: 'how?' }] });
    expect(jobs[1].revision).toEqual({
      previousOutput: 'architect did it',
      feedback: 'smaller',
      comments: [{ quote: 'did', text: 'how?' }],
    });
    expect((await look()).current.visit).toBe('1-architect#2');
    await run.update('approve', { proposal: 'edited' });
    expect(jobs[2].priorOutputs).toEqual([{ step: 1, kind: 'architect', output: 'edited' }]);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready', steps: [{ outcome: 'approved' }, {}] } });

    const rejected = await play(world, {}, steps);
    await rejected.run.update('reject', { reason: 'no', by: 'bo' });
    expect(failure(rejected.run)).toMatchObject({ type: 'rejected', details: { step: 1 } });
  });

  it('skips a step whose estimate is below its thresholds, with a note [A-145]', async () => {
    const steps = [{ kind: 'coder' }, { kind: 'reviewer', when: { minRisk: 0.5 } }];
    const task = { id: 'PAY-142', title: 'a', estimate: { complexity: 0.9, risk: 0.4, impact: 0.1 } };
    const { run } = await play({}, { task }, steps);
    expect((await run.query('run')).steps[1]).toMatchObject({
      state: 'skipped',
      outcome: 'skipped',
      note: expect.stringContaining('risk 0.5'),
    });
  });
});

describe('a run that continues in another execution', () => {
  it('continues as new between steps, with its whole state', async () => {
    const cluster = clusterWith();
    const run = await startRun(cluster, wish(...STEPS));
    await run.update('requestFix', { findings: 'a', actionId: 'x-1' });
    await run.signal('approve', { note: 'kept' });
    run.suggestContinueAsNew = true;
    await run.update('confirm', { actionId: 'x-2' });
    expect(run.handed).toMatchObject([{ resume: { from: 4, version: 5 } }]);
    expect(run.closed).toMatchObject({
      result: { outcome: 'merged', steps: [{}, {}, { attempts: [{ role: 'fixer' }] }, {}, {}, {}] },
    });
    expect(await run.query('actions')).toMatchObject([
      { actionId: 'x-1' },
      { action: 'approve' },
      { actionId: 'x-2', effect: 'done' },
    ]);
  });

  it('is retried with its settled steps kept, and never reuses the name of a visit', async () => {
    const { cluster, run } = await play({
      settledChecks: ({ known }) => red(known, 'test'),
      runJob: (job) => (job.role === 'ci-fixer' ? completed({ changed: false }) : goodWork(job)),
    });
    await run.update('confirm', { actionId: 'x-1' });
    const { settled } = failure(run).details;
    expect(settled.map(({ id }: any) => id)).toEqual(['1-coder', '2-reviewer', '3-human-test', '4-conflicts']);

    const { runId } = run;
    const goOn = (more = {}) => startRun(cluster, { ...wish(...STEPS), resume: { of: { runId }, ...more } });
    Object.assign(cluster.world, goodWorld());
    cluster.log.splice(0);
    expect((await goOn()).closed).toMatchObject({ result: { outcome: 'merged' } });
    expect(cluster.log.filter((name) => name === 'runJob')).toHaveLength(1);

    const same = await goOn({ from: 3 });
    expect((await same.query('run')).current.visit).toBe('3-human-test#2');
    expect(await same.update('confirm', { actionId: 'x-1' })).toEqual({
      ok: { actionId: 'x-1', visit: '3-human-test#1' },
    });
    expect(await same.update('requestFix', { actionId: 'x-1', findings: 'a' })).toMatchObject({
      refused: { code: 'duplicate' },
    });
  });
});
