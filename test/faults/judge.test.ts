import { judge, JUDGES, normalised, type Line, type Record } from './judge/invariants.ts';
import type { Past, PastEvent } from './judge/history.ts';
import { slopeOf } from './judge/slope.ts';
import { callCases, localCases, taskCases, WINDOWS } from './plan/faults.ts';
import { calledMethods, METHODS } from './plan/methods.ts';
import { SCENARIOS } from './plan/scenarios.ts';
import { lastLine, isGood, table } from './report.ts';
import { siteOfGit } from './worker/machine.ts';

const TASK = 'T000001';
const RUN = `run/default/${TASK}`;
const HEAD = 'a'.repeat(40);
const MERGE = 'd'.repeat(40);

let clock = 0;
const time = () => new Date(Date.UTC(2026, 10, 25, 0, 0, (clock += 1))).toISOString();
const payloads = (value: unknown) => ({ payloads: [{ data: Buffer.from(JSON.stringify(value)).toString('base64') }] });

let number = 0;
const event = (type: string, name: string, attributes: object): PastEvent => ({
  eventId: String((number += 1)),
  eventTime: time(),
  eventType: `EVENT_TYPE_${type}`,
  [`${name}EventAttributes`]: attributes,
});
const activity = (type: string, question: unknown, answer: unknown): PastEvent[] => {
  const scheduled = event('ACTIVITY_TASK_SCHEDULED', 'activityTaskScheduled', {
    activityType: { name: type },
    input: payloads(question),
  });
  const ended = { scheduledEventId: scheduled.eventId, result: payloads(answer) };
  return [scheduled, event('ACTIVITY_TASK_COMPLETED', 'activityTaskCompleted', ended)];
};
const update = (action: string, actionId: string) =>
  event('WORKFLOW_EXECUTION_UPDATE_ACCEPTED', 'workflowExecutionUpdateAccepted', {
    acceptedRequest: { input: { name: action, args: payloads({ actionId }) } },
  });
const signal = (action: string, actionId: string) =>
  event('WORKFLOW_EXECUTION_SIGNALED', 'workflowExecutionSignaled', {
    signalName: action,
    input: payloads({ actionId }),
  });
const completed = (answer: object) =>
  event('WORKFLOW_EXECUTION_COMPLETED', 'workflowExecutionCompleted', { result: payloads(answer) });
const cancelAsked = () => event('WORKFLOW_EXECUTION_CANCEL_REQUESTED', 'workflowExecutionCancelRequested', {});
const parked = () =>
  event('UPSERT_WORKFLOW_SEARCH_ATTRIBUTES', 'upsertWorkflowSearchAttributes', {
    searchAttributes: { indexedFields: { GatehousePhase: payloads('human-test:parked').payloads[0] } },
  });
const notify = (visit: string) =>
  activity('notify', { workflowId: RUN, notice: { id: `${visit}/human_test_ready`, visit, severity: 'normal' } }, null);

const line = (effect: Line['effect'], key: string, more: object = {}): Line =>
  ({ effect, key, at: time(), ...more }) as Line;
const green = { head: HEAD, checks: [{ name: 'test', conclusion: 'success' }] };
const entry = (actionId: string, over: object = {}) =>
  ({ actionId, action: 'confirm', at: time(), verdict: 'taken', repeats: 0, ...over }) as Record['log'][number];

/** The record of a correct run: one job, one environment, one notice, one action, one merge. */
function good(): Record {
  const pasts: Past[] = [
    {
      workflowId: RUN,
      runId: 'r1',
      events: [
        ...notify('2-human-test#1'),
        parked(),
        update('confirm', 'a-1'),
        ...activity('settledChecks', {}, green),
        ...activity('merge', { head: HEAD }, { is: 'merged' }),
        completed({ outcome: 'merged', mergeCommit: MERGE }),
      ],
    },
  ];
  return {
    task: TASK,
    repository: `world:${TASK}`,
    expected: { end: 'merged', withinMs: 1_000 },
    pasts,
    acks: [{ actionId: 'a-1', action: 'confirm', is: 'taken' }],
    log: [entry('a-1')],
    overAt: 1,
    closedAt: 900,
    ledger: [
      line('job-started', `${RUN}/0123456789ab/1-coder/coder-1`),
      line('job-ended', `${RUN}/0123456789ab/1-coder/coder-1`),
      line('environment-created', `env/default/${TASK}/0123456789ab/1`),
      line('notice-delivered', `${RUN}/2-human-test#1/human_test_ready@${time()}/normal`),
      line('environment-destroyed', `env/default/${TASK}/0123456789ab/1`),
      line('merged', `world:${TASK} ${HEAD}`, { mergeCommit: MERGE }),
    ],
  };
}
const withLines = (...lines: Line[]): Record => {
  const record = good();
  return { ...record, ledger: [...record.ledger, ...lines] };
};
const withEvents = (...events: PastEvent[]): Record => {
  const [past] = good().pasts;
  return { ...good(), pasts: [{ ...past!, events: [...events, ...past!.events] }] };
};
const counts = (record: Record) => judge(record).map(({ invariant, count }) => `${invariant} ${count}`);

it('a correct run violates nothing', () => {
  expect(judge({ ...good(), undisturbed: normalised(good()) })).toEqual([]);
});

const job = `${RUN}/0123456789ab/1-coder/coder`;
const site = `env/default/${TASK}/0123456789ab`;
const planted: [string, () => Record, string][] = [
  [
    'an acknowledged action is not in the history',
    () => ({ ...good(), acks: [{ actionId: 'a-2', action: 'confirm', is: 'queued' }] }),
    'I1 lost',
  ],
  [
    'an action is in the history but not in the log',
    () => ({ ...withEvents(signal('confirm', 'a-2')), acks: [{ actionId: 'a-2', action: 'confirm', is: 'queued' }] }),
    'I1 lost',
  ],
  ['an action was taken twice', () => ({ ...good(), log: [entry('a-1'), entry('a-1')] }), 'I1 doubled'],
  [
    'an action was refused without a reason',
    () => ({ ...good(), log: [entry('a-1'), entry('a-2', { verdict: 'refused' })] }),
    'I1 lost',
  ],
  [
    'a change was merged twice',
    () => withLines(line('merged', `world:${TASK} ${HEAD}`, { mergeCommit: MERGE })),
    'I2 mergesDoubled',
  ],
  [
    'a commit was merged that was not judged',
    () => ({ ...good(), ledger: [line('merged', `world:${TASK} ${'b'.repeat(40)}`, { mergeCommit: MERGE })] }),
    'I2 mergesDoubled',
  ],
  [
    'the run reports another merge commit',
    () => ({ ...good(), ledger: [line('merged', `world:${TASK} ${HEAD}`, { mergeCommit: HEAD })] }),
    'I2 mergesDoubled',
  ],
  [
    'a job was started twice under one key',
    () => withLines(line('job-started', `${job}-1`), line('job-ended', `${job}-1`)),
    'I3 jobsDoubled',
  ],
  [
    'a second job began while the first was running',
    () => withLines(line('job-started', `${job}-2`), line('job-started', `${job}-3`), line('job-ended', `${job}-3`)),
    'I3 jobsDoubled',
  ],
  ['a job outlives its run', () => withLines(line('job-started', `${job}-2`)), 'I3 leaked'],
  ['an environment outlives its run', () => withLines(line('environment-created', `${site}/2`)), 'I4 leaked'],
  [
    'two environments existed at once',
    () =>
      withLines(
        line('environment-created', `${site}/2`),
        line('environment-created', `${site}/3`),
        line('environment-destroyed', `${site}/2`),
        line('environment-destroyed', `${site}/3`),
      ),
    'I4 leaked',
  ],
  ['a visit went back', () => withEvents(...notify('2-human-test#2')), 'I7 other'],
  [
    'a generation went back',
    () =>
      withEvents(
        ...activity('provisionEnvironment', { key: `${site}/2` }, {}),
        ...activity('provisionEnvironment', { key: `${site}/1` }, {}),
      ),
    'I7 other',
  ],
  ['a run has two ends', () => withEvents(completed({ outcome: 'ready' })), 'I8 other'],
  ['a run ended differently', () => ({ ...good(), expected: { end: 'ready', withinMs: 1_000 } }), 'I8 other'],
  [
    'a notice was never delivered',
    () => ({ ...good(), ledger: good().ledger.filter(({ effect }) => effect !== 'notice-delivered') }),
    'I13 other',
  ],
  ['a run never ended', () => ({ ...good(), closedAt: undefined }), 'I14 unconverged'],
  ['a run took too long', () => ({ ...good(), closedAt: 1_002 }), 'I14 unconverged'],
  [
    'a cancelled run began something',
    () => {
      const record = withEvents(cancelAsked());
      return { ...record, ledger: [...record.ledger, line('job-started', `${job}-2`), line('job-ended', `${job}-2`)] };
    },
    'I15 other',
  ],
  [
    'a workflow task failed',
    () =>
      withEvents(
        event('WORKFLOW_TASK_FAILED', 'workflowTaskFailed', {
          cause: 'WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR',
        }),
      ),
    'I11 other',
  ],
  [
    'the run had an additional effect',
    () => ({ ...withLines(line('issue-filed', RUN)), undisturbed: normalised(good()) }),
    'ledger doubled',
  ],
  [
    'the run lacked an effect',
    () => ({ ...good(), undisturbed: [...normalised(good()), 'issue-filed'] }),
    'ledger lost',
  ],
];

it.each(planted)('the judge notices when %s', (_, record, expected) => {
  expect(counts(record())).toContain(expected);
});

it('every invariant is violated by a planted case', () => {
  const found = Object.entries(JUDGES).filter(([, each]) => planted.some(([, record]) => each(record()).length > 0));
  expect(found.map(([name]) => name)).toEqual(Object.keys(JUDGES));
});

it('growth is distinguished from mere variation', () => {
  expect(
    slopeOf([
      [0, 5],
      [1, 7],
      [2, 9],
    ]),
  ).toBeCloseTo(2);
  expect(
    slopeOf([
      [0, 5],
      [1, 9],
      [2, 5],
      [3, 9],
      [4, 5],
    ]),
  ).toBeCloseTo(0);
  expect(slopeOf([])).toBe(0);
});

describe('the plan', () => {
  it('covers every method of every port that a run calls, in every window', () => {
    const names = callCases().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const [port, methods] of Object.entries(METHODS)) {
      for (const [method, entry] of Object.entries(methods)) {
        const windows = names.filter((name) => name.startsWith(`${port}.${method}:`)).map((name) => name.split(':')[1]);
        const expected = 'never' in entry ? [] : WINDOWS.filter((window) => window !== 'late' || 'late' in entry);
        expect([port, method, windows]).toEqual([port, method, expected]);
      }
    }
  });

  it('plays only existing scenarios', () => {
    for (const { in: scenario } of calledMethods()) expect(SCENARIOS).toHaveProperty(scenario);
    expect(taskCases('tested', 3).map(({ fault }) => fault('T'))).toMatchObject([{ nth: 1 }, { nth: 2 }, { nth: 3 }]);
  });
});

it('strikes only existing methods on this machine, each by its own name', () => {
  const names = localCases().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => name.includes('.'))).toHaveLength(8 * 5);
});

describe('the report', () => {
  const outcome = { kind: 'W3', name: 'forge.merge:W3', injected: 1, actions: 2, tookMs: 1_200, violations: [] };

  it('ends with one line of totals', () => {
    expect(lastLine([outcome, outcome])).toBe(
      'faults: injected=2 actions=4 lost=0 doubled=0 leaked=0 jobsDoubled=0 mergesDoubled=0 unconverged=0 agentsKilled=0 other=0',
    );
    expect(table([outcome])).toContain('1.2 s');
  });

  it('passes only if there are outcomes and no violations', () => {
    expect(isGood([outcome])).toBe(true);
    expect(isGood([])).toBe(false);
    expect(isGood([{ ...outcome, violations: [{ invariant: 'I2', count: 'mergesDoubled', text: 'twice' }] }])).toBe(
      false,
    );
  });
});

it('the site of a git call is named by its command, without paths and ids', () => {
  const at = ['-c', 'core.pager=cat', '--git-dir', '/tmp/x/T000001.git', '--work-tree', '/tmp/x'];
  expect(siteOfGit([...at, 'rev-parse', '--verify', '--quiet', 'refs/heads/T1'])).toBe(
    'git rev-parse --verify --quiet',
  );
});
