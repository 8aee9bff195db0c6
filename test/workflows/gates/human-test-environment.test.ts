import { jest } from '@jest/globals';
import { completed, HEAD, HEADS } from '../../support/builders.ts';
import { heldJob, jobsOf, playRun } from '../../support/playing.ts';
import { refusedForGood } from '../../support/world.ts';

jest.setTimeout(60_000);

const CODER = { kind: 'coder' };
const GATE = { kind: 'human-test' };
const ENV = 'env/default/PAY-142';

/** A world that records which environments were removed. */
function provider(over: object = {}) {
  const removed: string[] = [];
  const removeEnvironment = ({ key }: { key: string }) => void removed.push(key.split('/').at(-1)!);
  return { removed, world: { removeEnvironment, ...over } };
}

describe('the environment of a human test', () => {
  it('is gone, with its address, if its rebuild fails [A-009]', async () => {
    let made = 0;
    const { removed, world } = provider({
      provisionEnvironment: () =>
        (made += 1) === 1
          ? { is: 'live', url: 'http://127.0.0.1:4001' }
          : { is: 'failed', because: 'port 80 is taken' },
    });
    const { run, look } = await playRun([CODER, GATE], world);
    expect(await look()).toMatchObject({ environment: { url: 'http://127.0.0.1:4001' } });
    await run.update('recreateEnvironment');
    expect(removed[0]).toBe('1');
    const { status, current, environment, waitingOn } = await look();
    expect([status, current.visit]).toEqual(['parked', '2-human-test#2']);
    expect(current.because).toContain('port 80 is taken');
    expect(environment).toMatchObject({ status: 'failed', because: expect.stringContaining('port 80 is taken') });
    expect(JSON.stringify([current, environment, waitingOn])).not.toContain('4001');
  });
  it('is removed while it is being built, and not shown if it comes up later [A-010]', async () => {
    const { removed, world } = provider({ provisionEnvironment: undefined as never });
    const { run, look, cluster } = await playRun([CODER, GATE], world);
    delete cluster.world['provisionEnvironment'];
    expect(await look()).toMatchObject({ current: { phase: 'provisioning' }, environment: { status: 'provisioning' } });
    expect(await run.update('destroyEnvironment')).toMatchObject({ ok: {} });
    for (const call of [...cluster.calls]) {
      if (call.name === 'provisionEnvironment') call.complete({ is: 'live', url: 'http://127.0.0.1:4001' });
    }
    await cluster.settle();
    const { status, environment } = await look();
    expect([status, environment.status, environment.url]).toEqual(['parked', 'gone', undefined]);
    expect(removed).toEqual(['1']);
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
  });
  it('is removed once, and a person can then confirm without it [N-05]', async () => {
    const { removed, world } = provider();
    const gone = await playRun([CODER, GATE], world);
    await gone.run.update('destroyEnvironment');
    expect(await gone.look()).toMatchObject({
      status: 'parked',
      current: { visit: '2-human-test#1' },
      environment: { status: 'gone' },
    });
    expect((await gone.run.update('destroyEnvironment')).refused!.code).toBe('not_offered');
    expect(removed).toEqual(['1']);
    expect(await gone.run.update('confirm', { visit: '2-human-test#1' })).toMatchObject({ ok: {} });
    expect(gone.run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(removed).toEqual(['1']);
  });
  it('is removed when it has expired, and its address is no longer shown [A-202, N-01]', async () => {
    const { removed, world } = provider({
      provisionEnvironment: () => ({ is: 'live', url: 'http://127.0.0.1:4001', expiresAt: '2026-01-01T01:00:00.000Z' }),
    });
    const { look, cluster } = await playRun([CODER, GATE], world);
    await cluster.advance(3_599_000);
    expect(removed).toEqual([]);
    await cluster.advance(2_000);
    expect(removed).toEqual(['1']);
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
    const { status, current, environment } = await look();
    expect([status, current.visit, environment.status]).toEqual(['parked', '2-human-test#1', 'gone']);
    expect(environment).not.toHaveProperty('url');
  });
  it.each([
    ['stopped', (run: any) => run.update('stop')],
    ['cancelled', (run: any) => run.cancel()],
    ['restarted', (run: any) => run.update('restartFrom', { step: 1 })],
  ])('is removed when its run is %s [N-13, E-31]', async (_, happens) => {
    const coder = heldJob('coder');
    const { removed, world } = provider({ runJob: coder.runJob });
    const { run, look, cluster } = await playRun([CODER, GATE], world);
    coder.end(completed());
    await cluster.settle();
    expect((await look()).environment.status).toBe('live');
    await happens(run);
    await cluster.settle();
    expect(removed).toEqual(['1']);
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
  });
  it('is removed when a later step fails the run [N-13]', async () => {
    const { removed, world } = provider({
      runJob: jobsOf({ documenter: [{ is: 'failed', because: 'no paper' }] }),
    });
    const { run, cluster } = await playRun([CODER, { kind: 'deployer' }, { kind: 'documenter' }], world);
    expect(run.closed).toMatchObject({ failure: { type: 'job_failed', message: 'no paper' } });
    expect(removed).toEqual(['1']);
    expect(cluster.executions.get(ENV)!.closed).toBeDefined();
  });
});

describe('pulling the base in', () => {
  const CONFLICT = { is: 'conflict', head: HEAD, files: ['a.txt'], foreign: [] };

  it('runs the resolver on a conflict, as a helper [A-012]', async () => {
    const resolver = heldJob('conflict-resolver');
    const { run, look, cluster } = await playRun([CODER, GATE], {
      runJob: resolver.runJob,
      updateFromBase: () => CONFLICT,
    });
    await run.update('pullMain');
    expect(resolver.begun).toMatchObject([{ mode: 'resolve', brief: expect.stringContaining('a.txt') }]);
    expect(await look()).toMatchObject({
      status: 'running',
      current: { phase: 'helping' },
      waitingOn: { what: 'agent', detail: expect.stringContaining('conflict-resolver') },
      steps: [{}, { attempts: [{ role: 'conflict-resolver' }] }],
    });
    resolver.end(completed({ head: HEADS[1]! }));
    await cluster.settle();
    expect(await look()).toMatchObject({
      current: { visit: '2-human-test#2', attempt: 0, rounds: [{ kind: 'conflict', outcome: 'completed' }] },
    });
  });
  it('runs nobody without a conflict, and waits for the rebuilt environment [A-013]', async () => {
    let made = 0;
    const jobs: any[] = [];
    const { run, look, cluster } = await playRun([CODER, GATE], {
      runJob: jobsOf({}, jobs),
      updateFromBase: () => ({ is: 'merged', head: HEADS[1], foreign: [] }),
      provisionEnvironment: () =>
        (made += 1) === 1 ? { is: 'live', url: 'http://127.0.0.1:1' } : new Promise(() => {}),
    });
    await run.update('pullMain');
    expect(jobs.map(({ role }) => role)).toEqual(['coder']);
    expect(await look()).toMatchObject({
      status: 'running',
      change: { head: HEADS[1] },
      current: { phase: 'provisioning' },
      environment: { status: 'provisioning', generation: 2, head: HEADS[1] },
    });
    await cluster.advance(60_000);
    expect((await look()).status).toBe('running');
  });
  it.each([
    ['is refused', () => ({ is: 'refused', because: 'no base' }), 'no base'],
    [
      'throws',
      () => {
        throw refusedForGood('unexpected', 'protected');
      },
      'protected',
    ],
  ])('that %s is a failed round with the reason, and keeps the environment [N-08]', async (_, updateFromBase, why) => {
    const { removed, world } = provider({ updateFromBase });
    const { run, look, log } = await playRun([CODER, GATE], world);
    await run.update('pullMain');
    const because = `main could not be merged in: ${why}`;
    expect(await look()).toMatchObject({
      status: 'parked',
      current: { visit: '2-human-test#2', because, rounds: [{ kind: 'conflict', outcome: 'failed', because }] },
      environment: { status: 'live', generation: 1 },
    });
    expect(await log()).toMatchObject([{ action: 'pullMain', effect: 'failed' }]);
    expect(removed).toEqual([]);
  });
});
