import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { jobActivities } from '../../activities/jobs.ts';
import type { Forge, Meter } from '../../activities/ports.ts';
import type { Job } from '../../workflows/contracts/activities.ts';
import { InMemoryExecutor } from '../support/in-memory/executor.ts';
import { InMemoryTexts } from '../support/in-memory/store.ts';

/**
 * How an attempt that is over treats its job. If a worker was frozen or cut off, the server has given the activity to
 * another worker, and no longer knows the attempt.
 */
it.each([
  ['its run continues, and another attempt owns the job', { notFound: true }, 'RUNNING', 'running'],
  ['its run was terminated', { notFound: true }, 'TERMINATED', 'stopped'],
  ['its run was reset, and continues as another execution', { notFound: true }, 'RESET', 'running'],
  ['the server does not answer', { notFound: true }, undefined, 'running'],
  ['its run has called it off', { cancelRequested: true }, 'RUNNING', 'stopped'],
  ['its worker shuts down', { workerShutdown: true }, 'RUNNING', 'running'],
] as const)('an attempt is over because %s', async (_, details, status, is) => {
  const { executor, environment, run } = attempt(status);
  environment.on('heartbeat', () => environment.cancel('CANCELLED', new ActivityCancellationDetails(details)));
  await expect(run()).rejects.toThrow();
  expect(await executor.look(KEY)).toMatchObject({ is });
});

const LATER = { activity: 'another run 1', n: 1, at: Date.now() + 60_000 };

it.each([
  ['has called it off', { cancelRequested: true }, 'RUNNING'],
  ['was terminated', { notFound: true }, 'TERMINATED'],
] as const)('an attempt whose run %s leaves a later attempt’s job alone', async (_, details, status) => {
  const { executor, environment, run, job } = attempt(status);
  environment.on('heartbeat', () => {
    void executor.ensure(job, LATER);
    environment.cancel('CANCELLED', new ActivityCancellationDetails(details));
  });
  await expect(run()).rejects.toThrow();
  expect(await executor.look(KEY)).toEqual({ is: 'running' });
  expect(await executor.stop(KEY, 'Its run ended.')).toBe(true);
});

it('a late attempt reports that a later one owns the job', async () => {
  const { executor, run, job } = attempt('RUNNING');
  await executor.ensure(job, LATER);
  await expect(run()).rejects.toThrow('A later attempt owns');
});

const KEY = 'run/default/T/x/1-coder/coder-1';

/** An attempt at a job that never ends by itself, of a run with this status at the server. */
function attempt(status: string | undefined) {
  const executor = new InMemoryExecutor(() => new Promise(() => undefined));
  const seen = (name: string, firstRunId: string) => ({
    status: { name },
    raw: { workflowExecutionInfo: { firstRunId } },
  });
  const describe = async (runId: string | undefined) => {
    if (status === undefined) throw new Error('The server is down.');
    if (status !== 'RESET') return seen(status, 'first');
    return runId === undefined ? seen('RUNNING', 'first') : seen('TERMINATED', 'first');
  };
  const client: any = {
    workflow: { getHandle: (_id: string, runId?: string) => ({ describe: () => describe(runId) }) },
    withAbortSignal: (_signal: AbortSignal, work: () => unknown) => work(),
  };
  const meter = { spent: async () => 0, record: async () => undefined } as Meter;
  const { runJob } = jobActivities(
    { executor, forge: {} as Forge, meter, texts: new InMemoryTexts() },
    { lookMs: 5, budgetCents: undefined },
  );
  const environment = new MockActivityEnvironment({}, { client });
  const job = { key: KEY, role: 'coder', priorOutputs: [], task: { id: 'T' } } as unknown as Job;
  return { executor, environment, job, run: () => environment.run(runJob, job) };
}
