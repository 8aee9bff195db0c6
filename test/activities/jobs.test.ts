import { MockActivityEnvironment } from '@temporalio/testing';
import { jobActivities } from '../../activities/jobs.ts';
import type { Executor, Forge, JobStatus, Meter } from '../../activities/ports.ts';
import type { JobReport } from '../../workflows/contracts/activities.ts';
import { completed, readingJob } from '../support/builders.ts';
import { InMemoryExecutor } from '../support/in-memory/executor.ts';
import { InMemoryTexts } from '../support/in-memory/store.ts';

const job = readingJob;
const meter = { record: async () => undefined, spent: async () => 0 } as Meter;

/** Polls a job with these states until it ends. Returns its report and its heartbeats. */
async function watched(...looks: JobStatus[]) {
  const left = [...looks];
  const executor = {
    knows: async () => true,
    unavailable: async () => undefined,
    ensure: async () => undefined,
    look: async () => (left.length > 1 ? left.shift()! : left[0]!),
  } as never as Executor;
  const { runJob } = jobActivities(
    { executor, forge: {} as never as Forge, meter, texts: new InMemoryTexts() },
    { lookMs: 1, budgetCents: undefined },
  );
  const environment = new MockActivityEnvironment();
  const beats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => beats.push(details));
  return { report: (await environment.run(runJob, job)) as JobReport, beats };
}

describe('a polled job', () => {
  const working = (done: number): JobStatus => ({
    is: 'running',
    progress: { done, total: 4, label: 'tests' },
    lastOutput: 'working',
  });

  it('shows its progress at each poll until it has ended [A-243, A-246]', async () => {
    const end = completed({ changed: false, summary: 'done' });
    const { report, beats } = await watched({ is: 'running' }, working(1), working(2), end as JobStatus);
    expect(report).toEqual(end);
    expect(beats).toEqual([
      { key: job.key },
      { key: job.key, done: 1, total: 4, label: 'tests', lastOutput: 'working' },
      { key: job.key, done: 2, total: 4, label: 'tests', lastOutput: 'working' },
    ]);
  });
  it('reports its failure with its last output [A-246]', async () => {
    const end = { is: 'failed', because: 'exit code 7', detail: 'boom' } as const;
    expect((await watched(working(1), end)).report).toEqual(end);
  });
});

describe('a job whose agent cannot work now', () => {
  const UNAVAILABLE = { because: 'usage limit reached', until: '2199-01-01T00:00:00.000Z' };
  const notNow: JobReport = { is: 'notNow', ...UNAVAILABLE, usage: { costCents: 3 } };
  const activities = (executor: Executor, lookMs = 5) => {
    const spent: unknown[] = [];
    const counting = {
      ...meter,
      record: async (entry: { costCents: number }) => void spent.push(entry.costCents),
    } as Meter;
    const ports = { executor, forge: {} as never as Forge, meter: counting, texts: new InMemoryTexts() };
    const { runJob, agentAvailable } = jobActivities(ports, { lookMs, budgetCents: undefined });
    const ask = (shown: object) => agentAvailable({ key: 'next', role: job.role, change: job.change, shown } as never);
    return { spent, ask, run: (it = job) => new MockActivityEnvironment().run(runJob, it) as Promise<JobReport> };
  };
  const executorOf = (...reports: JobReport[]) => new InMemoryExecutor(async () => reports.shift()!);

  it('reports that, and its cost counts', async () => {
    const { run, spent } = activities(executorOf(notNow));
    expect([await run(), spent]).toEqual([notNow, [3]]);
  });
  it('holds the next job before it begins, until the wait is over', async () => {
    const executor = executorOf(notNow);
    const { run, ask } = activities(executor);
    await run();
    expect(await run({ ...job, key: 'other' })).toEqual({ is: 'held', by: 'agent', ...UNAVAILABLE });
    expect(executor.begun).toEqual([job.key]);
    await expect(ask(UNAVAILABLE)).rejects.toMatchObject({
      type: 'NotYet',
      message: 'usage limit reached. Next try: 2199-01-01T00:00:00.000Z',
      nextRetryDelay: 100,
    });
    expect(await ask({ because: 'signed out' })).toEqual(UNAVAILABLE); // what is shown is no longer so
  });
  it('is waited for by one that is already known to its executor no longer', async () => {
    const executor = executorOf(notNow, completed());
    const { run } = activities(executor);
    await run();
    await executor.ensure({ ...job, key: 'known' });
    expect(await run({ ...job, key: 'known' })).toMatchObject({ is: 'completed' });
  });
  it('is tried by one job when its time has come', async () => {
    const past = new Date(Date.now() - 1).toISOString();
    const { run, ask } = activities(executorOf({ ...notNow, until: past }, completed({ changed: false })));
    await run();
    expect(await ask({ because: 'usage limit reached', until: past })).toBeNull();
    expect(await run({ ...job, key: 'other' })).toMatchObject({ is: 'held', by: 'agent' });
    expect(await run({ ...job, key: 'next' })).toMatchObject({ is: 'completed' });
    expect(await ask({ because: 'usage limit reached', until: past })).toBeNull();
  });
});
