import { MockActivityEnvironment } from '@temporalio/testing';
import { jobActivities } from '../../activities/jobs.ts';
import type { Executor, Forge, JobStatus, Meter } from '../../activities/ports.ts';
import type { JobReport } from '../../workflows/contracts/activities.ts';
import { completed, readingJob } from '../support/builders.ts';
import { InMemoryTexts } from '../support/in-memory/store.ts';

const job = readingJob;
const meter = { record: async () => undefined, spent: async () => 0 } as Meter;

/** A job that is looked at so often until it ends: what it answers, and what its heartbeats tell. */
async function watched(...looks: JobStatus[]) {
  const left = [...looks];
  const executor = {
    knows: async () => true,
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

describe('a job that is looked at', () => {
  const working = (done: number): JobStatus => ({
    is: 'running',
    progress: { done, total: 4, label: 'tests' },
    lastOutput: 'working',
  });

  it('until it has ended shows how far it has come, each time [A-243, A-246]', async () => {
    const end = completed({ changed: false, summary: 'done' });
    const { report, beats } = await watched({ is: 'running' }, working(1), working(2), end as JobStatus);
    expect(report).toEqual(end);
    expect(beats).toEqual([
      { key: job.key },
      { key: job.key, done: 1, total: 4, label: 'tests', lastOutput: 'working' },
      { key: job.key, done: 2, total: 4, label: 'tests', lastOutput: 'working' },
    ]);
  });
  it('and has failed answers so, with what it said [A-246]', async () => {
    const end = { is: 'failed', because: 'exit code 7', detail: 'boom' } as const;
    expect((await watched(working(1), end)).report).toEqual(end);
  });
});
