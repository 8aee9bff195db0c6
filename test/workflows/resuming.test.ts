import { jest } from '@jest/globals';
import { readClosed } from '../../activities/closed-runs.ts';
import type { ClosedRun } from '../../workflows/contracts/run/closed-run.ts';
import { bytesOf } from '../../workflows/rules/bytes.ts';
import { change, completed, HEAD, HEADS, ready, wish } from '../support/builders.ts';
import { failureOf, jobsOf } from '../support/playing.ts';
import { clientOf, runsOf } from '../support/sandbox-client.ts';
import type { Cluster, Execution, World } from '../support/sandbox.ts';
import { clusterWith, goodWorld, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const ID = 'run/default/PAY-142';
const STEPS = [{ kind: 'coder' }, { kind: 'human-test' }, { kind: 'documenter' }];
const FAILS = { runJob: jobsOf({ documenter: [{ is: 'failed', because: 'no paper' }] }) };

/** A run that failed at its third step, after a person confirmed its second. */
async function failed(world: World = {}, over: object = {}) {
  const cluster = clusterWith({ ...FAILS, ...world });
  const run = await startRun(cluster, { ...wish(...STEPS), ...over });
  await run.update('confirm', { by: 'ana' });
  return { cluster, run };
}

const goOn = (cluster: Cluster, { runId }: { runId: string }, more = {}, input: object = wish(...STEPS)) =>
  startRun(cluster, { ...input, resume: { of: { runId }, ...more } });

const reading = (cluster: Cluster, { workflowId, runId }: Execution, more = {}) =>
  readClosed({
    ...{
      client: clientOf(cluster),
      again: { workflowId, runId },
      runId,
      texts: { keep: async () => 'hash' },
      attempt: 1,
    },
    ...more,
  });

describe('a run that resumes a closed one', () => {
  it('keeps the settled steps, and starts with the next one', async () => {
    const { cluster, run } = await failed();
    Object.assign(cluster.world, goodWorld());
    cluster.log.splice(0);
    const again = await goOn(cluster, run);
    expect(cluster.log.slice(0, 2)).toEqual(['readClosed', 'examine']);
    expect(again.closed).toMatchObject({
      result: { steps: [{ outcome: 'passed' }, { note: 'Confirmed by ana.' }, { outcome: 'passed' }] },
    });
    expect(cluster.log.filter((name) => name === 'runJob')).toHaveLength(1);
    expect(await again.query('actions')).toMatchObject([{ action: 'confirm', by: 'ana' }]);
  });

  it('keeps the actions that arrived before it had read the closed run', async () => {
    const { cluster, run } = await failed();
    Object.assign(cluster.world, goodWorld());
    const resume = { of: { runId: run.runId } };
    const early = { early: [['pause', { by: 'bo' }] as [string, unknown]] };
    const again = await startRun(cluster, { ...wish(...STEPS), resume }, early);
    expect(await again.query('run')).toMatchObject({
      status: 'paused',
      steps: [{ state: 'done' }, { state: 'done' }, {}],
    });
    expect(await again.query('actions')).toMatchObject([{ action: 'confirm' }, { action: 'pause', by: 'bo' }]);
  });

  it('continues as new with all of it', async () => {
    const { cluster, run } = await failed();
    const again = await goOn(cluster, run, { from: 2 });
    again.suggestContinueAsNew = true;
    Object.assign(cluster.world, goodWorld());
    await again.update('confirm', { by: 'bo' });
    expect(again.handed).toHaveLength(1);
    expect(again.closed).toMatchObject({
      result: { steps: [{ outcome: 'passed' }, { note: 'Confirmed by bo.' }, {}] },
    });
  });

  it('resumes through a run that examine refused, from the original’s last settled step', async () => {
    const { cluster, run } = await failed();
    const lacking = { is: 'refused', fields: [{ path: '.gatehouse.yml:agents', expected: 'expected a command' }] };
    cluster.world['examine'] = () => lacking;
    const refused = await goOn(cluster, run);
    expect(failureOf(refused)).toMatchObject({ type: 'invalid_input', details: { settled: [] } });
    Object.assign(cluster.world, goodWorld());
    expect((await goOn(cluster, refused)).closed).toMatchObject({
      result: { steps: [{}, { note: 'Confirmed by ana.' }, {}] },
    });
  });

  it('resumes through a run that was stopped before it had read the closed one', async () => {
    const { cluster, run } = await failed();
    const { readClosed } = cluster.world;
    cluster.world['readClosed'] = () => new Promise(() => undefined);
    const stopped = await goOn(cluster, run);
    await stopped.cancel();
    expect(stopped.closed).toEqual({ cancelled: true });
    Object.assign(cluster.world, goodWorld(), { readClosed });
    expect((await goOn(cluster, stopped)).closed).toMatchObject({
      result: { steps: [{}, { note: 'Confirmed by ana.' }, {}] },
    });
  });

  it('ignores state that was forged in the input of a refused run', async () => {
    const cluster = clusterWith();
    const settled = [{ step: 2, id: '2-human-test', kind: 'human-test', state: 'done', attempts: [], waitedMs: 0 }];
    const forged = await startRun(cluster, { ...wish(...STEPS), resume: { from: 3, settled } });
    const again = await goOn(cluster, forged);
    expect(await again.query('run')).toMatchObject({ status: 'parked', current: { step: 2 } });
  });
});

describe('a run is refused if it resumes', () => {
  const refusal = (run: Execution) => expect(failureOf(run).message);

  it.each([
    ['an unknown run', async () => ({ runId: 'somebody-elses' }), 'an execution of run/default/PAY-142, found none'],
    [
      'another workflow',
      (cluster: Cluster) => cluster.start('survey', 'doctor/x/look', { fix: 1 }),
      'an execution of run/default',
    ],
    [
      'another type',
      (cluster: Cluster) => cluster.start('survey', ID, { fix: 1 }),
      'a pipelineRun, found the workflow type survey',
    ],
    [
      'itself, which is live',
      async () => ({ runId: '0190-000000000001' }),
      'a run that is closed, found one that is live',
    ],
  ])('%s', async (_, before, expected) => {
    const cluster = clusterWith();
    const of = await before(cluster);
    refusal(await goOn(cluster, of)).toContain(`resume.of: expected ${expected}`);
  });

  it('an execution that continued as new', async () => {
    const { cluster, run } = await failed();
    const description = { type: 'pipelineRun', status: { name: 'CONTINUED_AS_NEW' } };
    const client: any = clientOf(cluster);
    client.workflow.getHandle = () => ({ describe: async () => description });
    expect(await reading(cluster, run, { client })).toMatchObject({
      is: 'refused',
      fields: [{ path: 'resume.of', expected: expect.stringContaining('one that continued as new') }],
    });
  });

  it.each([
    ['task', { task: { id: 'PAY-142', title: 'Something else' } }, 'task.title'],
    ['repository', { change: { repository: '/srv/other.git' } }, 'change.repository'],
    ['base', { change: { repository: change.repository, base: 'experiment' } }, 'change.base'],
    ['pipeline', wish({ kind: 'coder' }, { kind: 'human-test' }), 'pipeline.steps'],
    ['policy', { policy: { requireSecondPerson: false } }, 'policy.requireSecondPerson'],
    ['starter', { startedBy: 'eve' }, 'startedBy'],
  ])('a run with another %s', async (_, other, field) => {
    const { cluster, run } = await failed();
    const again = await goOn(cluster, run, {}, { ...wish(...STEPS), ...other });
    refusal(again).toMatch(new RegExp(`^resume.of: expected a run with the same input: .* differs in ${field}$`));
  });

  it('from a step that does not exist', async () => {
    const { cluster, run } = await failed();
    refusal(await goOn(cluster, run, { from: 4 })).toBe(
      'resume.from: expected a step of the pipeline, 1 to 3, found 4',
    );
  });

  it('a run whose steps are all settled', async () => {
    const cluster = clusterWith();
    const run = await startRun(cluster, wish({ kind: 'coder' }));
    const again = await goOn(cluster, run, {}, wish({ kind: 'coder' }));
    refusal(again).toContain('resume.from: expected a step of the pipeline, 1 to 1, found nothing');
  });
});

describe('reading a closed run', () => {
  const silent = (failure: Error) => {
    const handle = (real: any) => ({ ...real, query: () => Promise.reject(failure) });
    return (cluster: Cluster) => {
      const client: any = clientOf(cluster);
      const { getHandle } = client.workflow;
      client.workflow.getHandle = (...of: [string, string]) => handle(getHandle(...of));
      return client;
    };
  };
  const down = Object.assign(new Error('14 UNAVAILABLE'), { code: 14 });
  const broken = Object.assign(new Error('nondeterminism'), { code: 3 });

  it('retries while the server is down, and reads the failure alone if no worker answers for long', async () => {
    const { cluster, run } = await failed();
    const client: any = clientOf(cluster);
    client.workflow.getHandle = () => ({ describe: () => Promise.reject(down) });
    await expect(reading(cluster, run, { client })).rejects.toBe(down);
    await expect(reading(cluster, run, { client: silent(down)(cluster), attempt: 10 })).rejects.toBe(down);
    const said = { is: 'read', run: { settled: [{}, {}], visits: { '2-human-test': 1 }, outputs: {} } };
    expect(await reading(cluster, run, { client: silent(down)(cluster), attempt: 11 })).toMatchObject(said);
    expect(await reading(cluster, run, { client: silent(broken)(cluster) })).toMatchObject(said);
  });

  it('depends on its queries if it was stopped: it retries them, or is refused', async () => {
    const cluster = clusterWith();
    const run = await startRun(cluster, wish(...STEPS));
    await run.update('stop');
    expect(await reading(cluster, run)).toMatchObject({
      is: 'read',
      run: {
        settled: [{ kind: 'coder' }],
        head: HEAD,
        base: 'main',
        outputs: { '1-coder': { summary: 'coder did it' } },
      },
    });
    await expect(reading(cluster, run, { client: silent(down)(cluster), attempt: 99 })).rejects.toBe(down);
    expect(await reading(cluster, run, { client: silent(broken)(cluster) })).toMatchObject({ is: 'refused' });
  });

  it('is left to a worker of the newer build that wrote it', async () => {
    const { cluster, run } = await failed();
    failureOf(run).details.version = 99;
    await expect(reading(cluster, run)).rejects.toThrow('A newer build closed run/default/PAY-142');
  });

  it('fits into one message, even if an older build stored more', async () => {
    const { cluster, run } = await failed();
    const { query } = run;
    const large = Object.fromEntries([1, 2, 3].map((n) => [`part ${n}`, 'x'.repeat(200_000)]));
    run.query = async (name, argument) =>
      name === 'output' ? { step: 1, kind: 'coder', summary: 'long', output: large } : query.call(run, name, argument);
    const kept: string[] = [];
    const texts = { keep: async (text: string) => (kept.push(text), 'hash') };
    const { run: read } = (await reading(cluster, run, { texts })) as { run: ClosedRun };
    expect(bytesOf(read)).toBeLessThan(500_000);
    expect(read.outputs['1-coder']).toEqual({ summary: 'long', output: { kept: 'hash', bytes: bytesOf(large) } });
    expect(kept.map((text) => JSON.parse(text))).toContainEqual(large);
  });
});

it('a verdict from a build that only counted commits does not cover later ones', async () => {
  const { cluster, run } = await failed();
  const { details } = failureOf(run);
  delete details.version;
  details.head = HEADS[3];
  details.foreign = [{ commit: HEADS[3], author: 'Bo', email: '' }];
  Object.assign(cluster.world, goodWorld());
  const again = await goOn(cluster, run);
  expect((await again.query('run')).current).toMatchObject({
    visit: '2-human-test#2',
    because: `Commit ${HEADS[3]!.slice(0, 8)} by Bo came after it was judged.`,
  });
});

describe('a retry', () => {
  it('keeps the base and the repository that the first start found', async () => {
    const asked: any[] = [];
    const examine = (question: any) => (asked.push(question), { ...ready, repository: '/srv/real.git' });
    const { cluster, run } = await failed({ examine });
    await goOn(cluster, run);
    expect(asked.map(({ input, began }) => [input.change.base, began])).toEqual([
      [undefined, undefined],
      ['main', { repository: '/srv/real.git', basis: change.basis }],
    ]);
  });

  it('of a stopped run keeps them too', async () => {
    const asked: any[] = [];
    const examine = (question: any) => (asked.push(question), { ...ready, repository: '/srv/real.git' });
    const cluster = clusterWith({ examine, runJob: () => completed() });
    const run = await startRun(cluster, wish(...STEPS));
    await run.update('stop');
    await goOn(cluster, run);
    expect(asked.at(-1)).toMatchObject({ input: { change: { base: 'main' } }, began: { repository: '/srv/real.git' } });
  });

  it('reads the settings again, unlike a restart or an execution that continues as new', async () => {
    let basis = 1;
    const examine = () => ({
      ...ready,
      environments: false,
      change: { ...change, basis: String((basis += 1)).repeat(40) },
    });
    const bases: string[] = [];
    const runJob = ({ change, role }: any) => {
      bases.push(`${role} ${change.basis[0]}`);
      return role === 'documenter' ? { is: 'failed', because: 'no paper' } : completed();
    };
    const cluster = clusterWith({ examine, runJob });
    const run = await startRun(cluster, wish(...STEPS));
    await run.update('restartFrom', { step: 1 });
    run.suggestContinueAsNew = true;
    await run.signal('confirm');
    expect(run.handed).toHaveLength(1);
    await runsOf(cluster).runs.retry(ID);
    expect(bases).toEqual(['coder 2', 'coder 2', 'documenter 2', 'documenter 3']);
  });
});
