import { MockActivityEnvironment } from '@temporalio/testing';
import { jobActivities } from '../../activities/jobs.ts';
import type { Executor, Forge, JobStatus, Meter } from '../../activities/ports.ts';
import type { JobReport } from '../../workflows/contracts/activities.ts';
import { completed, readingJob } from '../support/builders.ts';
import { InMemoryTexts } from '../support/in-memory/store.ts';

const job = readingJob;
const meter = { record: async () => undefined, spent: async () => 0 } as Meter;

/** Polls a job with these states until it ends. Returns its report and its heartbeats. */
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
