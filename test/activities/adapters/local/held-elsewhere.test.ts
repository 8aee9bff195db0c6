import path from 'node:path';
import { jest } from '@jest/globals';
import { sql } from 'kysely';
import { CheckRuns } from '../../../../activities/adapters/checks/check-runs.ts';
import { commandExecutor } from '../../../../activities/adapters/local/command-executor/index.ts';
import { processEnvironments } from '../../../../activities/adapters/local/process-environments/index.ts';
import { exclusivelyIn, idOf } from '../../../../activities/adapters/processes/exclusive.ts';
import { withoutIsolation } from '../../../../activities/adapters/processes/isolation/isolation.ts';
import { hold } from '../../../../activities/adapters/processes/fence.ts';
import type { State } from '../../../../activities/adapters/state/state.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { AgentRig } from '../../../support/agents.ts';
import { inCheckouts, workspaceIn } from '../../../support/local.ts';
import { running } from '../../../support/running.ts';
import { DATABASES, openState } from '../../../support/state/databases.ts';
import { until } from '../../../support/until.ts';

jest.setTimeout(90_000);

const WAITS = 'echo at work; : > $T/begun; exec sleep 600';
const LIMITS = { checkSeconds: 600, round: 'r' };

describe.each(DATABASES)('what another worker holds, in %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let rig: AgentRig;
  let one: Awaited<ReturnType<typeof worker>>;
  let other: Awaited<ReturnType<typeof worker>>;
  const opened: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    database = await fresh();
    rig = await AgentRig.create();
    one = await worker('one');
    other = await worker('other');
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
    await rig.dispose();
    await database.remove();
  });

  /** A worker with a data folder of its own. `lostMs`: how long it may not be heard of. */
  async function worker(name: string, lostMs?: number) {
    const root = path.join(rig.home, name);
    const state: State = await openState(database.location);
    const options = inCheckouts({ root, environment: process.env, state });
    const executor = commandExecutor(options);
    const environments = processEnvironments(options);
    const workspace = workspaceIn(root, undefined, state);
    const exclusively = exclusivelyIn(root, state);
    const checks = new CheckRuns({ root, isolation: withoutIsolation(process.env), workspace, exclusively, state });
    const runner = await idOf(root);
    await state.runners.begin({ runner, machine: name, lostMs, held: () => hold(root) });
    const close = async () => {
      await state.runners.end(true);
      await Promise.all([executor.close(), environments.close?.(), checks.close()]);
      await state.close();
    };
    const opening = { executor, environments, checks, runner, state, root, close };
    opened.push(opening);
    return opening;
  }

  /** Makes it as if nobody had heard of a worker for so long. */
  const unheard = ({ runner }: { runner: string }, ms: number) =>
    other.state.query((db) =>
      db
        .updateTable('runners')
        .set({ seen_at: sql<number>`seen_at - ${ms}` })
        .where('runner', '=', runner)
        .execute(),
    );
  /** Makes it as if a worker had been there for long, so that it may judge others. */
  async function later(): Promise<void> {
    const now = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => now() + 50_000);
    afterwards.push(() => jest.restoreAllMocks());
  }
  const afterwards: (() => void)[] = [];
  afterEach(() => afterwards.splice(0).forEach((each) => each()));
  const elsewhere = ({ runner }: { runner: string }, about: string) =>
    expect.objectContaining({ name: 'HeldElsewhere', runner, about });
  const servers = async () => (await running('serve.mjs')).filter((line) => line.startsWith('node '));

  async function jobAtWork() {
    const job = await rig.job(WAITS);
    await one.executor.ensure(job);
    await until('the agent works', () =>
      rig
        .read('begun')
        .then(() => true)
        .catch(() => false),
    );
    return job;
  }

  it('a job is asked about where it runs', async () => {
    const job = await jobAtWork();
    await expect(other.executor.ensure(job)).rejects.toEqual(elsewhere(one, 'key'));
    await expect(other.executor.look(job.key)).rejects.toEqual(elsewhere(one, 'key'));
    await expect(other.executor.stop(job.key)).rejects.toEqual(elsewhere(one, 'key'));
    expect(await other.executor.knows(job.key)).toBe(true);
    await one.executor.stop(job.key);
    expect(await other.executor.look(job.key)).toMatchObject({ is: 'stopped' });
    expect(await other.executor.stop(job.key)).toBe(true);
  });

  it('a job is waited for while its worker is not heard of, and stopped by record', async () => {
    const job = await jobAtWork();
    await unheard(one, 100_000);
    await expect(other.executor.look(job.key)).rejects.toMatchObject({ name: 'HolderSilent' });
    expect(await other.executor.stop(job.key, 'It was called off.')).toBe(true);
    expect(await other.executor.look(job.key)).toMatchObject({ is: 'stopped', because: 'It was called off.' });
    await one.state.runners.beat(); // it comes back, and learns that it was stopped
    await one.state.runners.sweep();
    expect(await one.executor.list()).toEqual([]);
    expect(await one.executor.look(job.key)).toMatchObject({ is: 'stopped' });
  });

  it('a job of a worker that is lost is evicted once, whoever asks, and its worker ends it', async () => {
    const job = await jobAtWork();
    await unheard(one, 300_000);
    await later();
    await other.executor.ensure(job);
    const report = await other.executor.look(job.key);
    expect(report).toMatchObject({ is: 'evicted', infrastructure: true });
    expect(await one.executor.list()).toMatchObject([{ running: true }]);
    await one.state.runners.beat();
    expect(await one.executor.list()).toEqual([]);
    expect(await one.executor.look(job.key)).toEqual(report);
  });

  it('a worker that was frozen does not publish what a later worker has given up', async () => {
    const job = await rig.job('echo x > x.txt');
    await one.executor.ensure(job);
    await unheard(one, 300_000);
    await later();
    expect(await other.executor.look(job.key)).toMatchObject({ is: 'evicted' });
    expect(await one.executor.look(job.key)).toMatchObject({ is: 'evicted' });
    expect(await rig.git('branch', '--list')).toBe('* main');
  });

  it('a check is asked about where it runs, and begins anew when that worker is lost', async () => {
    const head = await rig.commit('main', { '.gatehouse.yml': 'checks: { test: exec sleep 600 }\n' });
    const change: Change = { repository: rig.repository, base: 'main', branch: 'work', basis: head };
    expect(await one.checks.look(change, head, LIMITS)).toMatchObject({ running: ['test'] });
    await expect(other.checks.look(change, head, LIMITS)).rejects.toEqual(elsewhere(one, 'checks'));
    await expect(other.checks.endOthers(change)).rejects.toEqual(elsewhere(one, 'checks'));
    await unheard(one, 300_000);
    await later();
    expect(await other.checks.look(change, head, LIMITS)).toMatchObject({ running: ['test'], ended: [] });
    await one.state.runners.beat();
    expect(await one.state.runners.isBusy()).toBe(false);
    await other.state.runners.beat();
    await expect(one.checks.look(change, head, LIMITS)).rejects.toEqual(elsewhere(other, 'checks'));
    await other.checks.endOthers(change);
  });

  it('a verdict counts for all workers', async () => {
    const head = await rig.commit('main', { '.gatehouse.yml': "checks: { test: 'true' }\n" });
    const change: Change = { repository: rig.repository, base: 'main', branch: 'work', basis: head };
    const verdict = await until('a verdict', async () => (await one.checks.look(change, head, LIMITS)).ended[0]);
    expect(verdict).toMatchObject({ conclusion: 'success', url: expect.stringContaining(one.root) });
    const [seen] = (await other.checks.look(change, head, LIMITS)).ended;
    expect(seen).toEqual({ name: 'test', conclusion: 'success' });
  });

  it('an environment is asked about where it runs, and is gone when that worker is lost', async () => {
    const serve = `import { createServer } from 'node:http';
      createServer((_, response) => response.end()).listen(Number(process.env.PORT), '127.0.0.1');`;
    const settings = { 'serve.mjs': serve, '.gatehouse.yml': 'environment: { start: node serve.mjs }\n' };
    const head = await rig.commit('main', settings);
    const change: Change = { repository: rig.repository, base: 'main', branch: 'work', basis: head };
    const request = {
      key: 'env/default/T-1/000000000001/1',
      change,
      head,
      task: { id: 'T-1', title: 't', type: 'feature' as const },
    };
    await one.environments.ensure(request);
    await until('it is live', async () => (await one.environments.look(request.key)).is === 'live');
    await expect(other.environments.ensure(request)).rejects.toEqual(elsewhere(one, 'key'));
    await expect(other.environments.look(request.key)).rejects.toEqual(elsewhere(one, 'key'));
    await expect(other.environments.remove(request.key)).rejects.toEqual(elsewhere(one, 'key'));
    await unheard(one, 300_000);
    await later();
    expect(await other.environments.look(request.key)).toMatchObject({
      is: 'gone',
      because: expect.stringContaining('not heard of'),
    });
    await other.environments.remove(request.key);
    expect(await other.environments.look(request.key)).toEqual({ is: 'gone' });
    expect(await servers()).toHaveLength(1);
    await one.state.runners.beat();
    expect(await servers()).toEqual([]);
  });

  it('ends itself when its worker does not reach the database, although that worker cannot act', async () => {
    const brief = await worker('brief', 2_500);
    const job = await rig.job(`setsid sleep 601 & ${WAITS}`);
    await brief.executor.ensure(job);
    await until('the agent works', () =>
      rig
        .read('begun')
        .then(() => true)
        .catch(() => false),
    );
    const left = () => running('sleep 60').then((all) => all.filter((line) => /^sleep 60[01]$/.test(line)));
    await new Promise((resolve) => setTimeout(resolve, 3_000)); // it is held, so it goes on
    expect(await left()).toHaveLength(2);
    await brief.state.runners.end(true); // as if it were frozen
    await until('the agent has ended', async () => (await left()).length === 0);
    await expect(brief.executor.look(job.key)).rejects.toThrow('has not reached the database for too long');
    const again = await worker('brief');
    expect(await again.executor.look(job.key)).toMatchObject({ is: 'evicted', infrastructure: true });
  });

  it('a worker that drains begins nothing, and lets go on what runs', async () => {
    const job = await jobAtWork();
    await one.state.runners.drain();
    await expect(one.executor.ensure({ ...job, key: `${job.key}9` })).rejects.toThrow('is stopping');
    expect(await one.executor.look(job.key)).toMatchObject({ is: 'running' });
    expect(await one.state.runners.isBusy()).toBe(true);
    await other.executor.ensure({ ...job, key: `${job.key}9` });
    await one.executor.stop(job.key);
    expect(await one.state.runners.isBusy()).toBe(false);
  });
});
