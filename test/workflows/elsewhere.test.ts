import { ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { HEAD, change, completed, ready, wish } from '../support/builders.ts';
import type { Call } from '../support/sandbox.ts';
import { clusterWith, goodWork, startRun } from '../support/world.ts';

const MAIN = 'gatehouse';
const queue = (runner: string) => `gatehouse-runner-${runner}`;
const heldBy = (runner: string, about: string) =>
  ApplicationFailure.create({
    type: 'HeldElsewhere',
    message: 'Another worker has it.',
    details: [{ runner, about }],
    nonRetryable: true,
  });
const neverBegan = () => new TimeoutFailure('activity timeout', undefined, 'SCHEDULE_TO_START');

/** A run of these steps. Records the queue of each call of an activity, and whether its answer is a failure. */
async function play(
  steps: Parameters<typeof wish>,
  name: string,
  answer: (question: any, call: Call, n: number) => unknown,
) {
  const asked: string[] = [];
  const cluster = clusterWith({
    [name]: (question: any, call: Call) => {
      asked.push(call.taskQueue.startsWith('gatehouse-runner-') ? call.taskQueue : MAIN);
      return answer(question, call, asked.length);
    },
  });
  const run = await startRun(cluster, wish(...steps));
  return { cluster, run, asked, look: () => run.query('run') };
}
const refuse = (failure: Error): never => {
  throw failure;
};

describe('what another worker holds', () => {
  it('is asked about through that worker’s queue', async () => {
    const { run, asked, look } = await play([{ kind: 'coder' }], 'runJob', (job, call) =>
      call.taskQueue === queue('one') ? goodWork(job) : refuse(heldBy('one', 'key')),
    );
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(asked).toEqual([MAIN, queue('one')]);
    expect((await look()).steps[0]!.attempts).toMatchObject([{ n: 1, outcome: 'completed' }]);
  });

  it('costs nothing where one worker has everything', async () => {
    const { asked } = await play([{ kind: 'coder' }], 'runJob', goodWork);
    expect(asked).toEqual([MAIN]);
  });

  it('is asked about at any worker when its own does not begin, and is lost if that worker is', async () => {
    const { run, asked, look } = await play([{ kind: 'coder' }], 'runJob', (job, call, n) => {
      if (n === 1) return refuse(heldBy('one', 'key'));
      if (n === 2) return refuse(neverBegan());
      return job.key.endsWith('coder-1')
        ? { is: 'evicted', because: 'The worker that ran it was not heard of for too long.', infrastructure: true }
        : goodWork(job);
    });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(asked).toEqual([MAIN, queue('one'), MAIN, MAIN]);
    expect((await look()).steps[0]!.attempts).toMatchObject([{ outcome: 'evicted' }, { outcome: 'completed' }]);
  });

  it('is asked about directly the next time, for the same head’s checks too', async () => {
    const { run, asked } = await play([{ kind: 'coder' }, { kind: 'ci' }], 'settledChecks', ({ known }, call, n) => {
      if (n === 1) return refuse(heldBy('one', 'checks'));
      return {
        head: known,
        checks: [{ name: 'test', conclusion: n === 2 ? 'failure' : 'success', log: '' }],
        none: false,
        foreign: [],
        state: 'open',
      };
    });
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(asked).toEqual([MAIN, queue('one'), queue('one')]);
  });

  it('may be a repository that only one worker has, for everything that is asked of it', async () => {
    const { run, asked, cluster } = await play([{ kind: 'coder' }], 'examine', (_question, call) =>
      call.taskQueue === queue('two')
        ? { is: 'ready', change, head: HEAD, environments: false, checksGraceSeconds: 0 }
        : refuse(heldBy('two', 'repository')),
    );
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(asked).toEqual([MAIN, queue('two')]);
    expect(cluster.log.filter((name) => name === 'examine')).toHaveLength(2);
  });

  it('does not keep the run busy if two workers send it to each other', async () => {
    const { run, asked, cluster } = await play([{ kind: 'coder' }], 'runJob', (_job, call) =>
      refuse(heldBy(call.taskQueue === queue('one') ? 'two' : 'one', 'key')),
    );
    expect(run.closed).toBeUndefined();
    expect(asked).toHaveLength(6);
    await cluster.advance(60_000);
    expect(asked.length).toBeLessThanOrEqual(8);
  });

  it('that is refused in another way fails as it would anywhere', async () => {
    const { run } = await play([{ kind: 'coder' }], 'examine', () =>
      refuse(ApplicationFailure.nonRetryable('no such thing', 'invalid_input')),
    );
    expect(run.closed).toMatchObject({ failure: expect.anything() });
  });
});

it('a job’s report of another worker is recorded like any other', async () => {
  const { look } = await play([{ kind: 'coder' }], 'runJob', (_job, call) =>
    call.taskQueue === queue('one') ? completed({ summary: 'from afar' }) : refuse(heldBy('one', 'key')),
  );
  expect((await look()).steps[0]!.attempts).toMatchObject([{ summary: 'from afar' }]);
});

describe('a preview that is lost with the worker that builds it', () => {
  const lost = { is: 'gone', because: 'Its worker was not heard of for too long.' };
  async function built(...reports: object[]) {
    const cluster = clusterWith({
      examine: () => ({ ...ready, environments: true }),
      provisionEnvironment: ({ key }) =>
        reports.shift() ?? { is: 'live', url: `http://127.0.0.1/${key.split('/').at(-1)}` },
    });
    const run = await startRun(cluster, wish({ kind: 'coder' }, { kind: 'human-test' }));
    await cluster.advance(60_000);
    return (await run.query('run')).environment;
  }

  it('is built anew once', async () => {
    expect(await built(lost)).toMatchObject({ status: 'live', generation: 2, url: 'http://127.0.0.1/2' });
  });

  it('fails if it is lost again', async () => {
    expect(await built(lost, lost)).toMatchObject({
      status: 'failed',
      because: expect.stringContaining('not heard of'),
    });
  });
});
