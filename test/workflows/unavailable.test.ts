import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { completed, wish } from '../support/builders.ts';
import type { Call, Cluster, Execution, World } from '../support/sandbox.ts';
import { clusterWith, goodWork, startRun } from '../support/world.ts';

const MINUTE = 60_000;
const LIMIT = { because: 'usage limit reached', until: '2026-01-01T02:06:00.000Z' };
const notNow = (over: object = {}): JobReport => ({ is: 'notNow', ...LIMIT, ...over });

/** A run whose agents answer so, in turn, and whose waits the test ends. */
async function play(steps: ({ kind: string } & Record<string, unknown>)[], world: World = {}, over: object = {}) {
  const cluster = clusterWith(world);
  delete cluster.world['agentAvailable'];
  const run = await startRun(cluster, { ...wish(...steps), ...over });
  return { cluster, run, look: (): Promise<RunAnswer> => run.query('run') };
}
const waits = (cluster: Cluster): Call[] =>
  [...cluster.calls].filter(({ name, cancelRequested }) => name === 'agentAvailable' && !cancelRequested);
const answer = (cluster: Cluster, reported: object | null, n = 0) =>
  cluster.concurrently(() => waits(cluster)[n]!.complete(reported));
const keys = (calls: readonly Job[]) => calls.map(({ key }) => key.split('/').at(-1));

/** Agents that report these one after the other, then do good work. */
function agents(...reports: JobReport[]) {
  const heard: Job[] = [];
  return { heard, runJob: (job: Job) => (heard.push(job), reports.shift() ?? goodWork(job)) };
}

describe('an agent that cannot work now', () => {
  it('uses no attempt: the run waits, shows why and until when, and runs the job under a new key', async () => {
    const { heard, runJob } = agents(notNow({ usage: { costCents: 3 } }));
    const { cluster, run, look } = await play([{ kind: 'coder' }], { runJob });
    expect(await look()).toMatchObject({
      status: 'running',
      waitingOn: {
        what: 'agent',
        since: '2026-01-01T00:00:00.000Z',
        nextLook: LIMIT.until,
        detail: `coder waits until its agent is available: ${LIMIT.because}. Next try: ${LIMIT.until}.`,
        offers: ['pause', 'stop', 'restartFrom'],
      },
      current: { because: LIMIT.because, phase: 'working' },
      steps: [{ attempts: [{ outcome: 'interrupted', summary: LIMIT.because }, { n: 2 }] }],
      usage: { costCents: 3, unknown: 0 },
      notices: [],
    });
    expect((await look()).waitingOn).not.toHaveProperty('deadline');
    expect(waits(cluster)[0]!.args[0]).toMatchObject({ role: 'coder', shown: LIMIT });
    expect(waits(cluster)[0]!.args[0].key).toMatch(/coder-2$/);
    await answer(cluster, null);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(keys(heard)).toEqual(['coder-1', 'coder-2']);
    expect((await look()).steps[0]!.attempts.map(({ outcome }) => outcome)).toEqual(['interrupted', 'completed']);
  });

  it('holds a new job that has not begun, which then begins under its own key', async () => {
    const { heard, runJob } = agents({ is: 'held', by: 'agent', ...LIMIT });
    const { cluster, run, look } = await play([{ kind: 'coder' }], { runJob });
    expect((await look()).waitingOn).toMatchObject({ what: 'agent', nextLook: LIMIT.until });
    await answer(cluster, null);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
    expect(keys(heard)).toEqual(['coder-1', 'coder-1']);
    expect((await look()).steps[0]!.attempts).toHaveLength(1);
  });

  it('is shown with a new reason and a new time, and keeps the start of the wait', async () => {
    const { cluster, look } = await play([{ kind: 'coder' }], { runJob: agents(notNow()).runJob });
    await cluster.advance(5 * MINUTE);
    await answer(cluster, { because: 'signed out', until: '2026-01-01T03:00:00.000Z' });
    expect(await look()).toMatchObject({
      waitingOn: { since: '2026-01-01T00:00:00.000Z', nextLook: '2026-01-01T03:00:00.000Z' },
      current: { because: 'signed out' },
    });
    expect(waits(cluster)[0]!.args[0].shown).toMatchObject({ because: 'signed out' });
  });

  it('may refuse for days: one notice after 10 minutes, urgent after 24 hours, cleared when it is over', async () => {
    const reports = [notNow(), notNow(), notNow()];
    const { cluster, look } = await play([{ kind: 'coder' }], { runJob: agents(...reports).runJob });
    await cluster.advance(9 * MINUTE);
    await answer(cluster, null); // its own try
    expect((await look()).notices).toEqual([]);
    await cluster.advance(2 * MINUTE);
    expect((await look()).notices).toMatchObject([
      {
        type: 'agent_unavailable',
        severity: 'normal',
        at: '2026-01-01T00:10:00.000Z',
        text: expect.stringContaining('not been available since 2026-01-01T00:00:00.000Z: usage limit reached.'),
      },
    ]);
    await answer(cluster, null);
    expect((await look()).notices).toHaveLength(1);
    expect((await look()).notices[0]).not.toHaveProperty('clearedAt');
    await cluster.advance(24 * 60 * MINUTE);
    const [notice, ...more] = (await look()).notices;
    expect([notice, more]).toMatchObject([{ severity: 'urgent' }, []]);
    await answer(cluster, null);
    const all = (await look()).notices.filter(({ type }) => type === 'agent_unavailable');
    expect(all).toMatchObject([{ severity: 'urgent', clearedAt: expect.any(String) }]);
    expect([...cluster.calls]).toEqual([]);
  });

  it('becomes urgent with its next refusal if it is being tried when the day is over', async () => {
    let end: (report: JobReport) => void = () => undefined;
    const held = new Promise<JobReport>((resolve) => (end = resolve));
    const reports: (JobReport | Promise<JobReport>)[] = [notNow(), held];
    const { cluster, look } = await play([{ kind: 'coder' }], { runJob: () => reports.shift() ?? completed() });
    await answer(cluster, null);
    await cluster.advance(25 * 60 * MINUTE);
    expect((await look()).notices).toEqual([]);
    end(notNow());
    await cluster.settle();
    expect((await look()).notices).toMatchObject([{ type: 'agent_unavailable', severity: 'urgent' }]);
  });

  it('that was available in between begins another wait', async () => {
    const since = (at: string) => notNow({ since: at });
    const reports = [since('2026-01-01T00:00:00.000Z'), since('2026-01-01T01:00:00.000Z')];
    const { cluster, look } = await play([{ kind: 'coder' }], { runJob: agents(...reports).runJob });
    await cluster.advance(60 * MINUTE);
    await answer(cluster, null);
    expect(await look()).toMatchObject({
      waitingOn: { since: '2026-01-01T01:00:00.000Z' },
      notices: [{ clearedAt: '2026-01-01T01:00:00.000Z' }],
    });
  });

  it('adds little to the history: a poll is repeated on a hint, and only then', async () => {
    const { cluster, run } = await play([{ kind: 'coder' }], { runJob: agents(notNow()).runJob });
    const [first] = waits(cluster);
    await cluster.advance(20_000);
    await run.signal('hint', { about: 'job' });
    expect(waits(cluster)).toHaveLength(1);
    expect(waits(cluster)[0]).not.toBe(first);
  });

  it('is waited for by a helper too, and its attempts stay', async () => {
    const reports: Record<string, JobReport[]> = { fixer: [notNow(), notNow()] };
    const { cluster, run, look } = await play([{ kind: 'coder' }, { kind: 'human-test', fixes: 1 }], {
      runJob: (job) => reports[job.role]?.shift() ?? goodWork(job),
    });
    await run.update('requestFix', { findings: 'The total is wrong.' });
    expect(await look()).toMatchObject({
      status: 'running',
      waitingOn: { what: 'agent' },
      current: { phase: 'helping' },
    });
    await answer(cluster, null);
    await answer(cluster, null);
    expect(await look()).toMatchObject({ status: 'parked', current: { attempt: 1, attempts: 1 } });
  });
});

describe('a person, while an agent is not available', () => {
  const waiting = (over: object = {}) => {
    const stopped: string[] = [];
    const script = agents(notNow());
    const world: World = { runJob: script.runJob, stopJob: ({ key }) => void stopped.push(key) };
    return play([{ kind: 'coder' }], world, over).then((played) => ({ ...played, stopped, heard: script.heard }));
  };

  it('stops the run', async () => {
    const { run, stopped, look } = await waiting();
    await run.update('stop', { by: 'ana' });
    expect(run.closed).toEqual({ cancelled: true });
    expect(stopped).toEqual([expect.stringMatching(/coder-2$/)]);
    expect((await look()).steps[0]!.attempts.map(({ outcome }) => outcome)).toEqual(['interrupted', 'stopped']);
  });

  it('restarts a step', async () => {
    const { run, stopped, cluster } = await waiting();
    await run.update('restartFrom', { step: 1 });
    expect(stopped).toEqual([expect.stringMatching(/coder-2$/)]);
    expect([waits(cluster), run.closed]).toMatchObject([[], { result: { outcome: 'ready' } }]);
  });

  it('pauses the run: nothing is sent until it is resumed', async () => {
    const { run, cluster, heard, look } = await waiting();
    await cluster.advance(MINUTE);
    await run.update('pause', { by: 'ana' });
    expect(await look()).toMatchObject({
      status: 'paused',
      waitingOn: { what: 'person', since: '2026-01-01T00:01:00.000Z' },
    });
    await answer(cluster, null);
    expect(heard).toHaveLength(1);
    await run.update('resume', { by: 'ana' });
    await cluster.advance(3_000);
    expect(heard).toHaveLength(2);
    expect(run.closed).toMatchObject({ result: { outcome: 'ready' } });
  });

  it('is asked about the budget before another try spends more', async () => {
    const { cluster, look } = await play(
      [{ kind: 'coder' }],
      { runJob: agents(notNow({ usage: { costCents: 30 } })).runJob },
      {
        policy: { budgetCents: 20 },
      },
    );
    expect(await look()).toMatchObject({ status: 'paused', waitingOn: { what: 'budget' } });
    expect(waits(cluster)).toEqual([]);
  });
});

describe('several jobs of a step', () => {
  const step = { kind: 'architect', consensus: { strategy: 'specialist-panel', participants: ['Ana', 'Bo'] } };
  const read = (summary: string) => completed({ changed: false, summary, output: undefined });
  const jobs = (cluster: Cluster) => [...cluster.calls].filter(({ name }) => name === 'runJob');
  const role = async (run: Execution) => ((await run.query('run')) as RunAnswer).waitingOn.detail;

  it('wait together with one notice, and go on together', async () => {
    const cluster = clusterWith();
    for (const name of ['runJob', 'agentAvailable']) delete cluster.world[name];
    const run = await startRun(cluster, wish(step, { kind: 'coder' }));
    await cluster.concurrently(...jobs(cluster).map((call) => () => call.complete(notNow())));
    expect(waits(cluster).map(({ args }) => args[0].key.split('/').at(-1))).toEqual(['architect-3', 'architect-4']);
    await cluster.advance(11 * MINUTE);
    expect((await run.query('run')).notices).toHaveLength(1);

    await answer(cluster, null); // the first one tries
    expect(await role(run)).toContain('at work');
    await cluster.concurrently(() => jobs(cluster)[0]!.complete(read('one')));
    expect(await role(run)).toContain('waits until its agent is available'); // the second one still waits
    expect((await run.query('run')).notices[0]).not.toHaveProperty('clearedAt');
    await answer(cluster, null);
    expect((await run.query('run')).notices[0]).toHaveProperty('clearedAt');
    await cluster.concurrently(() => jobs(cluster)[0]!.complete(read('two')));
    expect(jobs(cluster)[0]!.args[0]).toMatchObject({ role: 'synthesizer' });
  });
});
