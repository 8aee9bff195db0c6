import { jest } from '@jest/globals';
import { change, completed, HEAD, HEADS } from '../../support/builders.ts';
import { heldJob, jobsOf, playRun } from '../../support/playing.ts';
import { refusedForGood } from '../../support/world.ts';

jest.setTimeout(60_000);

const CODER = { kind: 'coder' };
const GATE = { kind: 'human-test' };
const CI = { kind: 'ci' };
const ENV = 'env/default/PAY-142';
const NOBODY = { examine: () => ({ is: 'ready', change, environments: false, checksGraceSeconds: 0 }) };

describe('a human test starts', () => {
  it('without an environment if none is configured, with that reason [A-001, A-014]', async () => {
    const { look, cluster } = await playRun([CODER, GATE], NOBODY);
    expect(await look()).toMatchObject({
      status: 'parked',
      steps: [{ state: 'done' }, { state: 'waiting' }],
      current: {
        kind: 'human-test',
        phase: 'parked',
        visit: '2-human-test#1',
        because: 'No environment is configured.',
      },
      environment: null,
    });
    expect(cluster.log).not.toContain('provisionEnvironment');
  });
  it('with the address of its environment [A-002]', async () => {
    const { run, look, cluster } = await playRun([CODER, GATE]);
    expect(cluster.log).toContain('provisionEnvironment');
    const { status, current, environment, waitingOn } = await look();
    expect([status, current.phase, current.because]).toEqual(['parked', 'parked', undefined]);
    expect(environment).toMatchObject({ status: 'live', url: 'http://127.0.0.1:4000/1' });
    expect(waitingOn.detail).toContain('http://127.0.0.1:4000/1');
    expect((await run.metadata()).currentDetails).toContain('http://127.0.0.1:4000/1');
  });
  it('once its environment is up, and asks nobody before [A-003]', async () => {
    const { run, look, cluster } = await playRun([CODER, GATE], { provisionEnvironment: () => new Promise(() => {}) });
    expect(await look()).toMatchObject({
      status: 'running',
      current: { phase: 'provisioning' },
      waitingOn: { what: 'environment' },
      notices: [],
      steps: [{}, { state: 'working' }],
    });
    expect((await look()).current).not.toHaveProperty('visit');
    expect(run.attributes).toMatchObject({ GatehouseStatus: 'running', GatehouseWaitingOn: 'environment' });
    await cluster.advance(60_000);
    expect((await look()).status).toBe('running');
  });
  it('with an environment that knows its task, change and head [N-17]', async () => {
    const asked: any[] = [];
    await playRun([CODER, GATE], {
      provisionEnvironment: (request) => {
        asked.push(request);
        return { is: 'live', url: 'http://127.0.0.1:1' };
      },
    });
    expect(asked).toMatchObject([
      {
        key: 'env/default/PAY-142/000000000001/1',
        task: { id: 'PAY-142', title: 'Show totals with tax', type: 'feature' },
        change: { repository: change.repository, base: 'main', branch: 'gatehouse/PAY-142', pullRequest: 1 },
        head: HEAD,
      },
    ]);
  });
  it('even if its notice cannot be delivered [N-10]', async () => {
    const { run, look } = await playRun([CODER, GATE], {
      notify: () => {
        throw refusedForGood('down', 'nobody listens');
      },
    });
    expect(await look()).toMatchObject({ status: 'parked', notices: [{ type: 'human_test_ready' }] });
    await run.update('confirm');
    expect((await look()).notices[0]).toHaveProperty('clearedAt');
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
});

describe('a human test whose fixer works', () => {
  const fixing = async () => {
    const fixer = heldJob('fixer');
    const played = await playRun([CODER, GATE, CI], { runJob: fixer.runJob });
    expect(await played.run.update('requestFix', { findings: 'The total is wrong.', by: 'ana' })).toMatchObject({
      ok: { visit: '2-human-test#1' },
    });
    return { ...played, fixer };
  };

  it('has passed the findings on, and counted the round [A-004, A-005]', async () => {
    const { look, cluster, fixer } = await fixing();
    expect(fixer.begun).toMatchObject([
      { role: 'fixer', mode: 'write', brief: expect.stringContaining('The total is wrong.') },
    ]);
    expect(await look()).toMatchObject({
      status: 'running',
      current: { phase: 'helping', attempt: 1, attempts: 10, rounds: [] },
      waitingOn: { what: 'agent' },
      steps: [{}, { attempts: [{ n: 1, role: 'fixer' }] }, {}],
    });
    fixer.end(completed({ head: HEADS[1]! }));
    await cluster.settle();
    expect((await look()).current.rounds).toEqual([
      { kind: 'fix', findings: 'The total is wrong.', outcome: 'completed', head: HEADS[1] },
    ]);
  });
  it('asks nobody, because its question was answered [A-006]', async () => {
    const { run, look } = await fixing();
    const { status, current, notices, steps } = await look();
    expect([status, steps[1].state]).toEqual(['running', 'working']);
    expect(current).not.toHaveProperty('visit');
    expect(current.offers.map(({ action }: any) => action)).toEqual(['pause', 'stop', 'restartFrom']);
    expect(notices).toMatchObject([{ type: 'human_test_ready', clearedAt: expect.any(String) }]);
    expect((await run.update('confirm', { visit: '2-human-test#1' })).refused).toMatchObject({
      code: 'not_offered',
      takenBy: { by: 'ana', action: 'requestFix' },
    });
  });
  it('keeps to that one job, whatever signals arrive and however long it takes [A-007]', async () => {
    const { run, look, cluster, fixer } = await fixing();
    for (const about of ['job', 'change', 'environment', 'checks']) await run.signal('hint', { about });
    await run.signal('requestFix', { findings: 'again' });
    await cluster.advance(3_000_000);
    expect(fixer.begun).toHaveLength(1);
    expect(await look()).toMatchObject({ status: 'running', current: { phase: 'helping' } });
    fixer.end(completed({ head: HEADS[1]! }));
    await cluster.settle();
    expect(await look()).toMatchObject({ status: 'parked', current: { visit: '2-human-test#2', attempt: 1 } });
  });
  it.each([
    ['the fixer', 'requestFix', { findings: 'a' }, 'fixer'],
    ['the resolver', 'pullMain', {}, 'conflict-resolver'],
  ])('refuses every answer while %s works [N-06]', async (_, action, input, role) => {
    const { run, look } = await playRun([CODER, GATE, CI], {
      runJob: heldJob(role).runJob,
      updateFromBase: ({ known }) => ({ is: 'conflict', head: known, files: ['a.txt'], foreign: [] }),
    });
    await run.update(action, input);
    expect((await look()).current.phase).toBe('helping');
    for (const [name, own] of [
      ['confirm', {}],
      ['requestFix', { findings: 'b' }],
      ['pullMain', {}],
      ['recreateEnvironment', {}],
      ['destroyEnvironment', {}],
    ] as const) {
      expect([name, (await run.update(name, own)).refused?.code]).toEqual([name, 'not_offered']);
    }
  });
});

describe('a human test that passed', () => {
  const ACTIONS = ['confirm', 'pullMain', 'recreateEnvironment', 'destroyEnvironment'];

  it('as the last step ends the run as ready, and removes its environment [A-011]', async () => {
    const { run, look, cluster } = await playRun([CODER, GATE]);
    await run.update('confirm', { by: 'ana' });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready', pullRequest: 1, head: HEAD } });
    expect(await look()).toMatchObject({
      status: 'passed',
      current: null,
      steps: [{}, { state: 'done', outcome: 'passed', note: 'Confirmed by ana.', endedAt: expect.any(String) }],
      environment: { status: 'gone' },
    });
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
    expect(cluster.log.filter((name) => name === 'removeEnvironment')).toHaveLength(1);
    for (const name of [...ACTIONS, 'stop']) expect((await run.update(name)).refused!.code).toBe('closed');
  });
  it('as a middle step starts the next one, and removes its environment [N-06, N-12]', async () => {
    const { run, look, cluster } = await playRun([CODER, GATE, CI], { settledChecks: () => new Promise(() => {}) });
    await run.update('confirm');
    expect(await look()).toMatchObject({
      status: 'running',
      steps: [{}, { state: 'done', outcome: 'passed' }, { state: 'working' }],
      current: { kind: 'ci', phase: 'probing' },
    });
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
    for (const name of ACTIONS) expect((await run.update(name)).refused!.code).toBe('not_offered');
  });
  it('without an environment was fixed, asked again, and confirmed [A-015, A-016, E-33]', async () => {
    const { run, look } = await playRun([CODER, GATE], {
      ...NOBODY,
      runJob: jobsOf({ fixer: [completed({ head: HEADS[1]! })] }),
    });
    expect(await run.update('requestFix', { findings: 'The total is wrong.' })).toMatchObject({ ok: {} });
    expect(await look()).toMatchObject({
      status: 'parked',
      current: {
        visit: '2-human-test#2',
        attempt: 1,
        because: 'No environment is configured.',
        rounds: [{ kind: 'fix', findings: 'The total is wrong.', outcome: 'completed', head: HEADS[1] }],
      },
      steps: [{}, { attempts: [{ role: 'fixer', outcome: 'completed' }] }],
    });
    expect(await run.update('confirm')).toMatchObject({ ok: {} });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready', head: HEADS[1] } });
    expect((await look()).steps[1]).toMatchObject({ state: 'done', outcome: 'passed' });
  });
});

describe('a fix', () => {
  it('is refused, without any change, once all fixes are used [A-008]', async () => {
    const { run, look, log, cluster } = await playRun([CODER, { ...GATE, fixes: 1 }], {
      runJob: jobsOf({ fixer: [completed({ head: HEADS[1]! })] }),
    });
    await run.update('requestFix', { findings: 'a' });
    const [before, asked] = [await look(), cluster.log.length];
    expect((await run.update('requestFix', { findings: 'b' })).refused).toMatchObject({
      code: 'not_offered',
      because: expect.stringContaining('1 of 1 attempts are used'),
      offers: ['confirm', 'pullMain', 'recreateEnvironment', 'destroyEnvironment', 'pause', 'stop', 'restartFrom'],
    });
    expect(await look()).toEqual(before);
    expect(await log()).toHaveLength(1);
    expect(cluster.log).toHaveLength(asked);
  });
  it('is refused if the step allows none, whatever the policy says [N-15]', async () => {
    const { run } = await playRun([CODER, { ...GATE, fixes: 0 }], {}, { policy: { fixAttempts: 10 } });
    expect((await run.update('requestFix', { findings: 'a' })).refused).toMatchObject({
      code: 'not_offered',
      because: expect.stringContaining('0 of 0 attempts are used'),
    });
  });
  it.each([
    ['fails', { is: 'failed', because: 'exit code 1' } as const, 'The fixer failed: exit code 1'],
    ['runs out of time', { is: 'failed', because: 'more than 60 s' } as const, 'The fixer failed: more than 60 s'],
    ['is lost', { is: 'evicted', because: 'gone', infrastructure: false } as const, 'The fixer failed: gone'],
  ])(
    'is a failed round if the fixer %s; the environment is rebuilt, and the person asked again [N-03, N-04]',
    async (_, end, because) => {
      const { run, look } = await playRun([CODER, GATE], { runJob: jobsOf({ fixer: [end] }) });
      await run.update('requestFix', { findings: 'a' });
      expect(await look()).toMatchObject({
        status: 'parked',
        current: {
          visit: '2-human-test#2',
          because,
          attempt: 1,
          rounds: [{ kind: 'fix', findings: 'a', outcome: 'failed', because }],
        },
        environment: { status: 'live', generation: 2 },
      });
      expect(await run.update('confirm')).toMatchObject({ ok: {} });
    },
  );
  it('is a failed round if the fixer cannot even be started [N-09]', async () => {
    const { run, look, log } = await playRun([CODER, GATE], {
      runJob: (job) => {
        if (job.role === 'fixer') throw refusedForGood('unexpected', 'no executor');
        return completed();
      },
    });
    await run.update('requestFix', { findings: 'keep these words' });
    expect(await look()).toMatchObject({
      status: 'parked',
      current: {
        because: expect.stringContaining('no executor'),
        rounds: [{ kind: 'fix', findings: 'keep these words', outcome: 'failed' }],
      },
    });
    expect(await log()).toMatchObject([{ action: 'requestFix', verdict: 'taken', effect: 'failed' }]);
  });
  it.each([
    ['nothing', {}],
    ['an empty text', { findings: '' }],
    ['blanks', { findings: ' \n\t ' }],
    ['more than 10,000 characters', { findings: 'x'.repeat(10_001) }],
    ['a number', { findings: 7 }],
  ])('needs findings, and is refused with %s [N-11]', async (_, input) => {
    const { run, look } = await playRun([CODER, GATE]);
    expect((await run.update('requestFix', input)).refused).toMatchObject({
      code: 'invalid',
      because: expect.stringMatching(/^findings: /),
    });
    expect((await look()).steps[1].attempts).toEqual([]);
    expect(await run.update('requestFix', { findings: 'x'.repeat(10_000) })).toMatchObject({ ok: {} });
  });
  it('waits for room in the monthly budget, and is then carried out [N-16]', async () => {
    let over = true;
    const sent: string[] = [];
    const { run, look, cluster } = await playRun([CODER, GATE], {
      runJob: (job) => {
        if (job.role !== 'fixer') return completed();
        if (over) return { is: 'held', by: 'budget', because: 'All runs together have spent 9 of 5 cents' };
        sent.push(job.brief);
        return completed({ head: HEADS[1]! });
      },
      withinBudget: () => new Promise(() => {}),
    });
    await run.update('requestFix', { findings: 'The total is wrong.' });
    expect(await look()).toMatchObject({ status: 'paused', waitingOn: { what: 'budget' } });
    expect(sent).toEqual([]);
    over = false;
    delete cluster.world['withinBudget'];
    cluster.world['withinBudget'] = () => undefined;
    await run.update('resume');
    await cluster.advance(5_000);
    expect(sent).toEqual([expect.stringContaining('The total is wrong.')]);
    expect(await look()).toMatchObject({ status: 'parked', current: { visit: '2-human-test#2', attempt: 1 } });
  });
});

describe('an action that a human test does not offer', () => {
  it.each([
    ['approve', {}],
    ['requestChanges', { feedback: 'x' }],
    ['reject', {}],
    ['resolveCap', { choice: 'proceed' }],
    ['proceed', {}],
    ['merge', {}],
    ['acknowledge', {}],
  ])('is refused: %s [N-55]', async (name, own) => {
    const { run, look, log } = await playRun([CODER, GATE]);
    const before = await look();
    expect((await run.update(name, own)).refused).toMatchObject({
      code: 'not_offered',
      offers: expect.arrayContaining(['confirm', 'requestFix']),
    });
    expect([await look(), await log()]).toEqual([before, []]);
  });
});

describe('two people at a human test', () => {
  it('who send findings at the same time: one is taken, and the other’s text is logged [N-07]', async () => {
    const fixer = heldJob('fixer');
    const { run, log, cluster } = await playRun([CODER, GATE], { runJob: fixer.runJob });
    await cluster.concurrently(
      () => run.signal('requestFix', { findings: 'The total is wrong.', by: 'ana' }),
      () => run.signal('requestFix', { findings: 'The tax is missing.', by: 'bo' }),
    );
    expect(fixer.begun.map(({ brief }) => brief)).toEqual([expect.stringContaining('The total is wrong.')]);
    expect(await log()).toMatchObject([
      { by: 'ana', verdict: 'taken' },
      {
        by: 'bo',
        verdict: 'refused',
        code: 'not_offered',
        because: expect.stringContaining('ana took requestFix'),
        input: expect.stringContaining('The tax is missing.'),
      },
    ]);
  });
  it('who both confirm: the first ends the wait, and the second learns who did [N-07]', async () => {
    const { run } = await playRun([CODER, GATE, CI], { settledChecks: () => new Promise(() => {}) });
    const visit = '2-human-test#1';
    const [first, second] = await Promise.all([
      run.update('confirm', { by: 'ana', visit }),
      run.update('confirm', { by: 'bo', visit }),
    ]);
    expect(first).toMatchObject({ ok: { visit } });
    expect(second).toMatchObject({ refused: { code: 'not_offered', takenBy: { by: 'ana', action: 'confirm' } } });
  });
});
