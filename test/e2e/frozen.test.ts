import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import proto from '@temporalio/proto';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

const STARTED = proto.temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;

let stack: TestStack;
let another: ChildProcess | undefined;
beforeAll(async () => void (stack = await TestStack.started({ GATEHOUSE_LOG_LEVEL: 'debug' })));
afterAll(async () => {
  another?.kill('SIGKILL');
  await stack.remove();
});

/** The run's pending job: its current attempt, and the worker that has it. */
async function attemptOf(workflowId: string): Promise<{ attempt: number; worker: string } | undefined> {
  const { pendingActivities } = await stack.describe(workflowId);
  const job = pendingActivities?.find(({ activityType }) => activityType?.name === 'runJob');
  return job?.state === STARTED ? { attempt: job.attempt ?? 1, worker: job.lastWorkerIdentity ?? '' } : undefined;
}

it('a worker that is frozen for longer than its heartbeat timeout leaves the job to the worker that adopted it', async () => {
  const repository = await TestRepository.create(stack.home, 'frozen');
  await repository.hold('coder');
  await stack.startRun('FROZEN-1', repository);
  await repository.noted('begins run/default/FROZEN-1');
  const first = await stack.workerPid();
  const other = (another = await stack.anotherWorker());
  const log = async () => readFile(path.join(stack.home, 'data', 'logs', 'worker.log'), 'utf8');

  process.kill(first, 'SIGSTOP');
  await until('the other worker has the job', async () => {
    const now = await attemptOf('run/default/FROZEN-1');
    // The server may still give the next attempts to the first worker, whose polls are open.
    return now !== undefined && now.attempt > 1 && now.worker.includes(`gatehouse-${other.pid}@`);
  });
  process.kill(first, 'SIGCONT');
  // It learns from the server that it lost the job, or finds the other worker's claim, whichever comes first.
  await until('the first one’s attempt is over', async () =>
    /"attempt":1,[^\n]*"activityType":"runJob"[^\n]*"durationMs"/.test(await log()),
  );
  await repository.letGo('coder');
  const parked = await stack.parked('FROZEN-1', 'human-test');
  expect(parked.steps[0].attempts).toMatchObject([{ outcome: 'completed' }]);
  const coder = (await repository.ledger()).filter((line) => line.includes('/coder-'));
  expect(coder.map((line) => line.split(' ')[0])).toEqual(['begins', 'ends']);
});
