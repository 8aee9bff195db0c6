import type { KeptNotice } from '../../activities/inventory.ts';
import { surveyActivities } from '../../activities/survey.ts';
import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import { clearable } from '../../workflows/rules/survey.ts';
import { findingsOf } from '../../workflows/words/survey.ts';
import { change } from '../support/builders.ts';
import { InMemoryEnvironments } from '../support/in-memory/environments.ts';
import { InMemoryExecutor } from '../support/in-memory/executor.ts';
import { InMemoryForge } from '../support/in-memory/forge.ts';
import { InMemoryNotifier } from '../support/in-memory/notifier.ts';
import { MadeServer, type Made } from '../support/server.ts';

const LONG_AGO = '2026-01-02T00:00:00.000Z';
/** Run ids that differ only in their ends, which keys contain. */
const idOf = (n: number) => `01990000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const tail = (n: number) => idOf(n).slice(-12);
const run = (task: string, n: number, over: Partial<Made> = {}): Made => ({
  workflowId: `run/default/${task}`,
  runId: idOf(n),
  ...over,
});
const terminated = { status: 'TERMINATED', closedAt: LONG_AGO };
const keyOf = (task: string, n: number) => `run/default/${task}/${tail(n)}/1-coder/coder-1`;

/** A worker with fake adapters, on a fake server. */
function rigOf(executions: Made[] = [], reportsProblems = true) {
  const server = new MadeServer(executions, reportsProblems);
  const executor = new InMemoryExecutor(() => new Promise<JobReport>(() => undefined));
  const environments = new InMemoryEnvironments();
  const forge = new InMemoryForge(change.repository, {});
  const notifier = new InMemoryNotifier();
  const activities = surveyActivities({ executor, environments, forge, notifier }, () => server);
  const found = async () => findingsOf(await activities.survey()).filter(({ ok }) => !ok);
  const send = (key: string) => executor.ensure({ key } as Job);
  const bring = (key: string) => environments.ensure({ key } as never);
  const claim = (task: string, n: number, branch = task) =>
    forge.claim({ ...change, branch }, { workflowId: `run/default/${task}`, runId: idOf(n) }, async () => false);
  /** Fixes everything that can be fixed, as `--fix` does. */
  const mend = async () => {
    const sights = await activities.survey();
    for (const leftover of clearable(sights)) await activities.clearLeftover({ leftover });
  };
  return { server, executor, environments, forge, notifier, activities, found, send, bring, claim, mend };
}

describe('a job', () => {
  it('of a run that was terminated while no worker ran is found, and ended', async () => {
    const { send, found, mend, executor } = rigOf([run('A', 1, terminated)]);
    await send(keyOf('A', 1));
    expect(await found()).toMatchObject([
      {
        about: 'terminated runs',
        detail: `run/default/A was terminated at ${LONG_AGO}, and has left: job ${keyOf('A', 1)}, which runs`,
        mend: 'gatehouse doctor --fix',
      },
    ]);
    await mend();
    await mend();
    expect(await executor.look(keyOf('A', 1))).toMatchObject({ is: 'stopped' });
    expect(await found()).toEqual([]);
  });

  it.each(['FAILED', 'COMPLETED', 'CANCELED'])('of a run that ended as %s is reported', async (status) => {
    const { send, found } = rigOf([run('A', 1, { status, closedAt: LONG_AGO })]);
    await send(keyOf('A', 1));
    expect(await found()).toMatchObject([{ about: 'jobs', mend: 'gatehouse doctor --fix' }]);
  });

  it('of an earlier run with the same id is found, and that of the live run is not', async () => {
    const { send, found, mend, executor } = rigOf([run('A', 1, terminated), run('A', 2)]);
    await send(keyOf('A', 1));
    await send(keyOf('A', 2));
    expect(await found()).toHaveLength(1);
    await mend();
    expect(await executor.list()).toEqual([{ key: keyOf('A', 2), running: true }]);
  });

  it('of a run that continued as new is live', async () => {
    const { send, found } = rigOf([run('A', 1, { status: 'CONTINUED_AS_NEW' }), run('A', 2, { firstRunId: idOf(1) })]);
    await send(keyOf('A', 1));
    expect(await found()).toEqual([]);
  });

  it('of a run that has just closed is left to its worker', async () => {
    const { send, found } = rigOf([run('A', 1, { ...terminated, closedAt: new Date().toISOString() })]);
    await send(keyOf('A', 1));
    expect(await found()).toEqual([]);
  });

  it.each([
    ['no such workflow', []],
    ['another run by the same id', [run('A', 2)]],
  ])('of a run that the server does not know is reported, and left alone: %s', async (_, executions) => {
    const { send, found, mend, activities, executor } = rigOf(executions);
    await send(keyOf('A', 1));
    expect(await found()).toMatchObject([{ about: 'jobs', detail: expect.stringContaining('knows no run') }]);
    await mend();
    const [leftover] = (await activities.survey()).leftovers;
    await expect(activities.clearLeftover({ leftover: leftover! })).rejects.toMatchObject({ type: 'RunLives' });
    expect(await executor.list()).toHaveLength(1);
  });

  it('is left alone if its run turns out to be live just before the fix', async () => {
    const { server, send, activities, executor } = rigOf([run('A', 1, terminated)]);
    await send(keyOf('A', 1));
    const [leftover] = (await activities.survey()).leftovers;
    server.executions[0]!.status = 'RUNNING';
    await expect(activities.clearLeftover({ leftover: leftover! })).rejects.toMatchObject({ type: 'RunLives' });
    expect(await executor.list()).toHaveLength(1);
  });
});

it('thousands of healthy runs cost no call each', async () => {
  const tasks = Array.from({ length: 3_000 }, (_, n) => `T-${n}`);
  const { server, send, bring, claim, notifier, found } = rigOf(
    tasks.flatMap((task, n) => [
      run(task, n, { waitingOn: 'person', waitingSince: LONG_AGO, startedAt: LONG_AGO }),
      { workflowId: `env/default/${task}`, runId: idOf(9_000 + n), startedAt: '2026-01-03T00:00:00.000Z' },
    ]),
  );
  for (const [n, task] of tasks.entries()) {
    await send(keyOf(task, n));
    await bring(`env/default/${task}/${tail(n)}/1`);
    await claim(task, n);
    const notice = { id: 'x', type: 'human_test_ready', severity: 'normal', at: LONG_AGO, text: '' } as const;
    await notifier.deliver({ key: task, workflowId: `run/default/${task}`, task: {} as never, notice });
  }
  expect(await found()).toEqual([]);
  expect(server.asked).toEqual([]);
});

describe('an environment', () => {
  const site = (holder: number, over: Partial<Made> = {}): Made => ({
    workflowId: 'env/default/A',
    runId: idOf(7),
    view: { holder: { workflowId: 'run/default/A', runId: idOf(holder) } },
    ...over,
  });

  it('whose owner is gone is asked to shut down, as its owner would have asked', async () => {
    const { server, found, mend } = rigOf([run('A', 1, { status: 'FAILED', closedAt: LONG_AGO }), site(1)]);
    expect(await found()).toMatchObject([{ about: 'environments', detail: expect.stringContaining('env/default/A') }]);
    await mend();
    expect(server.released).toEqual([
      { workflowId: 'env/default/A', holder: { workflowId: 'run/default/A', runId: idOf(1) } },
    ]);
    expect(await found()).toEqual([]);
  });

  it('of an earlier run is found next to the live one, which is left alone', async () => {
    const later = run('A', 2, { startedAt: '2026-01-05T00:00:00.000Z' });
    const { found } = rigOf([run('A', 1, terminated), later, site(1)]);
    expect(await found()).toMatchObject([{ about: 'terminated runs' }]);
  });

  it('of a run that continued as new is live', async () => {
    const again = run('A', 2, { firstRunId: idOf(1), startedAt: '2026-01-05T00:00:00.000Z' });
    expect(await rigOf([again, site(1)]).found()).toEqual([]);
  });

  it('without a workflow is removed once its run is gone', async () => {
    const { server, bring, found, mend, environments } = rigOf([run('A', 1)]);
    await bring(`env/default/A/${tail(1)}/1`);
    expect(await found()).toEqual([]);
    Object.assign(server.executions[0]!, terminated);
    expect(await found()).toMatchObject([{ detail: expect.stringContaining('which has no workflow') }]);
    await mend();
    expect(await environments.list()).toEqual([]);
  });
});

describe('a branch', () => {
  it('that a terminated run has claimed is released; the next run takes over other claims', async () => {
    const { claim, found, mend, forge } = rigOf([
      run('A', 1, terminated),
      run('B', 2, { status: 'FAILED', closedAt: LONG_AGO }),
    ]);
    await claim('A', 1);
    await claim('B', 2);
    expect(await found()).toMatchObject([{ about: 'terminated runs', detail: expect.stringContaining('claim on A') }]);
    await mend();
    expect((await forge.list()).map(({ branch }) => branch)).toEqual(['B']);
  });

  it('that was claimed again belongs to the new run', async () => {
    const { claim, found, mend, forge } = rigOf([run('A', 1, terminated), run('A', 2)]);
    await claim('A', 1);
    await claim('A', 2);
    expect(await found()).toEqual([]);
    await mend();
    expect(await forge.list()).toHaveLength(1);
  });
});

describe('a notice', () => {
  const parked = (over: Partial<Made> = {}, reported: { visit: string }[] = [{ visit: '3-human-test#1' }]) =>
    run('A', 1, {
      waitingOn: 'person',
      waitingSince: LONG_AGO,
      run: {
        task: { id: 'A', title: 'A', type: 'feature' },
        current: { visit: '3-human-test#1' } as never,
        notices: reported.map((each) => ({
          ...each,
          id: 'n',
          type: 'human_test_ready',
          severity: 'normal',
          at: LONG_AGO,
          text: 'It waits.',
        })),
        waitingOn: { since: LONG_AGO, detail: 'It waits.' } as never,
      },
      ...over,
    });
  const failing = { type: 'notify', attempt: 3, failure: 'no space left on device' };

  it('that cannot be delivered is found by its run, and sent again with its own key', async () => {
    const { found, activities, notifier } = rigOf([parked({ activities: [failing] })]);
    expect(await found()).toMatchObject([
      { about: 'notices', detail: expect.stringContaining('no space left on device') },
    ]);
    for (let n = 0; n < 2; n += 1) await activities.retellNotices({ workflowIds: ['run/default/A'] });
    expect([...notifier.told.keys()]).toEqual([`run/default/A/n@${LONG_AGO}/normal`]);
    // It is delivered, whatever its activity still reports.
    expect(await found()).toEqual([]);
  });

  it('that a parked run lacks for its visit is found, and sent', async () => {
    const { found, activities, notifier } = rigOf([parked({}, [])]);
    expect(await found()).toMatchObject([{ about: 'notices', detail: expect.stringContaining('3-human-test#1') }]);
    await activities.retellNotices({ workflowIds: ['run/default/A'] });
    expect([...notifier.told.values()]).toMatchObject([{ notice: { visit: '3-human-test#1', type: 'doctor_found' } }]);
    expect(await found()).toEqual([]);
  });

  it('that the run has on record and no adapter keeps counts as delivered, even without a receipt', async () => {
    expect(await rigOf([parked()]).found()).toEqual([]);
  });

  it('that an adapter keeps for long is reported once per adapter, with the reason', async () => {
    const { notifier, found } = rigOf();
    const kept: KeptNotice[] = ['2026-01-04T00:00:00.000Z', LONG_AGO, new Date().toISOString()].map((at, n) => ({
      ...{ adapter: 'webhook', key: String(n), workflowId: 'run/default/A', at, because: 'The webhook answers 503.' },
    }));
    notifier.list = async () => ({ kept: kept as never[], told: {} });
    expect(await found()).toMatchObject([
      {
        about: 'notices',
        id: 'kept/webhook',
        detail: `2 notices wait for webhook since ${LONG_AGO}: The webhook answers 503.`,
      },
    ]);
  });
});

describe.each([[true], [false]])('workflow tasks, where the server reports problems: %s', (reports) => {
  it.each([
    ['nondeterminism', true, '[TMPRL1100] Nondeterminism error', /gatehouse replay.*temporal workflow reset/],
    ['an input that cannot be decoded', false, 'The input cannot be decoded: does this worker lack a codec?', /codec/],
    ['a key that is missing', false, 'This is encrypted with the key k1, which the worker lacks: add it', /codec/],
    [
      'a newer snapshot',
      false,
      'This build cannot read a snapshot of version 9: a newer one can.',
      /the build that wrote/,
    ],
    ['a bug', false, 'x is not a function', /deploy a build/],
  ])(
    'that keep failing for %s are found, with the message and what to do',
    async (_, nondeterminism, message, mend) => {
      const stuck = run('A', 1, { taskAttempt: 7, problem: { nondeterminism, message } });
      const { found, server } = rigOf([stuck, run('B', 2)], reports);
      expect(await found()).toMatchObject([
        {
          about: 'workflow tasks',
          detail: `run/default/A, attempt 7: ${message}`,
          mend: expect.stringMatching(mend),
        },
      ]);
      expect(server.asked.includes('run/default/B')).toBe(!reports);
    },
  );

  it('of a workflow with a hostile id are fixed by a safely quoted command', async () => {
    const stuck = run('A$(x)', 1, { taskAttempt: 7, problem: { nondeterminism: true, message: 'no' } });
    const { found } = rigOf([stuck], reports);
    expect((await found())[0]!.mend).toContain("--workflow-id 'run/default/A$(x)' --type");
  });
});

it('an activity that has failed for long is reported; a poll without an answer yet is not', async () => {
  const activities = [
    { type: 'settledChecks', attempt: 900, failure: '1 of 2 checks pending', failureType: 'NotYet' },
    { type: 'updateFromBase', attempt: 40, failure: 'The disk is full.' },
    { type: 'lookAtChange', attempt: 2, failure: 'no route' },
  ];
  const { found } = rigOf([run('A', 1, { waitingOn: 'forge', waitingSince: LONG_AGO, activities })]);
  expect(await found()).toMatchObject([
    {
      about: 'what waits',
      detail: 'run/default/A waits for updateFromBase, which has failed 40 times: The disk is full.',
    },
  ]);
});

it('a part that cannot be checked is reported and does not stop the others, unless the server is down', async () => {
  const { executor, server, send, bring, found, activities } = rigOf([run('A', 1, terminated)]);
  await send(keyOf('A', 1));
  await bring(`env/default/A/${tail(1)}/1`);
  executor.list = () => Promise.reject(new Error('The disk is gone.'));
  expect((await found()).map(({ about, detail }) => `${about}: ${detail}`)).toEqual([
    expect.stringMatching(/^terminated runs: .*which has no workflow$/),
    'survey: could not check all of it: jobs: The disk is gone.',
  ]);
  server.down = true;
  await expect(activities.survey()).rejects.toThrow('The server is down.');
});
