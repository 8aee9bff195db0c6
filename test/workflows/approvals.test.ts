import { jest } from '@jest/globals';
import { completed } from '../support/builders.ts';
import { failureOf, jobsOf, playRun } from '../support/playing.ts';

jest.setTimeout(60_000);

const STEPS = [{ kind: 'architect', approval: true }, { kind: 'coder' }];

describe('an output that waits for approval', () => {
  it('is shown, and no later step starts [A-166, E-7]', async () => {
    const jobs: any[] = [];
    const { look, run } = await playRun(STEPS, { runJob: jobsOf({}, jobs) });
    expect(await look()).toMatchObject({
      status: 'parked',
      current: { visit: '1-architect#1', proposal: 'architect did it' },
      steps: [{ state: 'waiting' }, { state: 'pending' }],
      notices: [{ type: 'approval_required', visit: '1-architect#1' }],
    });
    expect(await run.query('output', { step: 1 })).toMatchObject({ summary: 'architect did it' });
    expect(jobs.map(({ role }) => role)).toEqual(['architect']);
  });
  it('is settled once approved: a second answer changes nothing [N-51]', async () => {
    const { run, log } = await playRun([STEPS[0]!, { kind: 'researcher', approval: true }, STEPS[1]!]);
    const visit = '1-architect#1';
    expect(await run.update('approve', { visit, actionId: 'x-1' })).toMatchObject({ ok: { visit } });
    expect(await run.update('approve', { visit, actionId: 'x-1' })).toMatchObject({ ok: { visit } });
    for (const [name, own] of [
      ['approve', {}],
      ['requestChanges', { feedback: 'no' }],
      ['reject', { reason: 'no' }],
    ] as const) {
      expect([name, (await run.update(name, { visit, ...own })).refused?.code]).toEqual([name, 'stale']);
    }
    expect(await log()).toMatchObject([{ action: 'approve', verdict: 'taken', repeats: 1 }]);
    expect((await run.query('run')).current.visit).toBe('2-researcher#1');
  });
  it('cannot be approved once it was sent back; only its revision can [A-168, A-169, N-51]', async () => {
    const jobs: any[] = [];
    const made = ['first', 'second'].map((summary) => completed({ changed: false, summary }));
    const { run, look } = await playRun(STEPS, { runJob: jobsOf({ architect: made }, jobs) });
    const { visit } = (await look()).current;
    const comments = [{ quote: 'first', text: 'how?' }];
    expect(await run.update('requestChanges', { feedback: 'smaller', comments })).toMatchObject({ ok: { visit } });
    expect(jobs[1]).toMatchObject({
      role: 'architect',
      revision: { previousOutput: 'first', feedback: 'smaller', comments },
    });
    const { current, status } = await look();
    expect([status, current.visit, current.proposal]).toEqual(['parked', '1-architect#2', 'second']);
    expect((await run.update('approve', { visit })).refused!.code).toBe('stale');
    expect((await run.update('requestChanges', { visit, feedback: 'x' })).refused!.code).toBe('stale');
    expect(await run.update('approve', { visit: current.visit })).toMatchObject({ ok: {} });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });
  it('fails the run when it is rejected, and later actions are refused [A-170, E-9, N-51]', async () => {
    const { run, look } = await playRun(STEPS);
    expect(await run.update('reject', { reason: 'not now', by: 'bo' })).toMatchObject({ ok: {} });
    expect(failureOf(run)).toMatchObject({
      type: 'rejected',
      message: 'bo rejected it: not now',
      details: { step: 1 },
    });
    expect(await look()).toMatchObject({ status: 'failed', steps: [{ outcome: 'rejected' }, { state: 'pending' }] });
    for (const name of ['approve', 'reject']) expect((await run.update(name)).refused!.code).toBe('closed');
  });
  it('is the producer’s output at a companion step, and a person’s edit replaces it [N-50, N-51]', async () => {
    const jobs: any[] = [];
    const steps = [{ kind: 'architect' }, { kind: 'architect-companion', approval: true }, { kind: 'coder' }];
    const { run, look } = await playRun(steps, { runJob: jobsOf({}, jobs) });
    expect(await look()).toMatchObject({
      current: { visit: '2-architect-companion#1', proposal: 'architect did it' },
    });
    await run.update('approve', { proposal: 'edited' });
    expect(await run.query('output', { step: 1 })).toMatchObject({ summary: 'edited' });
    expect((await run.query('output', { step: 2 })).summary).not.toBe('edited');
    expect(jobs.at(-1).priorOutputs[0]).toEqual({ step: 1, kind: 'architect', output: 'edited' });
  });
});

describe('an agent’s question', () => {
  const asks = completed({ changed: false, decision: { question: 'Which?', options: ['a', 'b'] } });

  it('holds the run until it is answered, and the answer goes to the next job [A-163, A-164, A-165, E-6]', async () => {
    const jobs: any[] = [];
    const { run, look, log } = await playRun([{ kind: 'coder' }], {
      runJob: jobsOf({ coder: [asks, completed({ summary: 'did b' })] }, jobs),
    });
    const { status, current, steps, waitingOn } = await look();
    expect([status, steps[0].state, waitingOn.what]).toEqual(['parked', 'waiting', 'person']);
    expect(current.decision).toEqual({ id: '1-coder/decision-1', question: 'Which?', options: ['a', 'b'] });
    expect(await run.update('decide', { decision: '1-coder/decision-1', choice: 'b' })).toMatchObject({ ok: {} });
    expect(jobs[1]).toMatchObject({ role: 'coder', resolvedDecision: { question: 'Which?', choice: 'b' } });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(await log()).toMatchObject([{ action: 'decide', verdict: 'taken', effect: 'done' }]);
    expect((await look()).steps[0].attempts).toHaveLength(2);
  });
  it.each([
    ['to an unknown question', { decision: '1-coder/decision-2', choice: 'a' }, 'a question of this run'],
    ['with an unknown option', { decision: '1-coder/decision-1', choice: 'c' }, 'expected one of a, b'],
    ['without a choice', { decision: '1-coder/decision-1', choice: '' }, 'choice'],
  ])('refuses an answer %s [N-52]', async (_, said, because) => {
    const { run, look } = await playRun([{ kind: 'coder' }], { runJob: jobsOf({ coder: [asks] }) });
    expect((await run.update('decide', said)).refused).toMatchObject({
      code: 'invalid',
      because: expect.stringContaining(because),
    });
    expect((await look()).status).toBe('parked');
  });
  it('can be answered by a plain signal to the id of the run, which can also be cancelled [A-171]', async () => {
    const jobs: any[] = [];
    const { run, look, cluster } = await playRun([{ kind: 'coder' }, { kind: 'human-test' }], {
      runJob: jobsOf({ coder: [asks, completed()] }, jobs),
    });
    expect(cluster.executions.get('run/default/PAY-142')).toBe(run);
    await run.signal('decide', { decision: (await look()).current.decision.id, choice: 'b', by: 'ana' });
    expect(jobs[1].resolvedDecision).toEqual({ question: 'Which?', choice: 'b' });
    expect((await look()).current.kind).toBe('human-test');
    await run.cancel();
    expect(run.closed).toEqual({ cancelled: true });
  });
});
