import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { InMemoryTexts } from '../../activities/adapters/in-memory/books.ts';
import { InMemoryExecutor } from '../../activities/adapters/in-memory/executor.ts';
import { jobActivities } from '../../activities/jobs.ts';
import type { Forge, Meter } from '../../activities/ports.ts';
import type { Job } from '../../workflows/contracts/activities.ts';

/**
 * What becomes of a job whose attempt hears of its end: for a worker that was frozen or cut off, the server has handed the
 * job on meanwhile, and says that it knows of no such attempt.
 */
it.each([
  ['its run goes on, and another attempt has the job', { notFound: true }, 'RUNNING', 'running'],
  ['its run was terminated', { notFound: true }, 'TERMINATED', 'stopped'],
  ['the server cannot be asked', { notFound: true }, undefined, 'running'],
  ['its run has called it off', { cancelRequested: true }, 'RUNNING', 'stopped'],
  ['its worker shuts down', { workerShutdown: true }, 'RUNNING', 'running'],
] as const)('an attempt is over because %s', async (_, details, status, is) => {
  const executor = new InMemoryExecutor(() => new Promise(() => undefined));
  const describe = async () => {
    if (status === undefined) throw new Error('The server is down.');
    return { status: { name: status } };
  };
  const client: any = {
    workflow: { getHandle: () => ({ describe }) },
    withAbortSignal: (_signal: AbortSignal, work: () => unknown) => work(),
  };
  const meter = { spent: async () => 0, record: async () => undefined } as Meter;
  const { runJob } = jobActivities(
    { executor, forge: {} as Forge, meter, texts: new InMemoryTexts() },
    { lookMs: 5, budgetCents: undefined },
  );
  const environment = new MockActivityEnvironment({}, { client });
  const key = 'run/default/T/x/1-coder/coder-1';
  environment.on('heartbeat', () => environment.cancel('CANCELLED', new ActivityCancellationDetails(details)));
  await expect(
    environment.run(runJob, { key, role: 'coder', priorOutputs: [], task: { id: 'T' } } as unknown as Job),
  ).rejects.toThrow();
  expect(await executor.look(key)).toMatchObject({ is });
});
