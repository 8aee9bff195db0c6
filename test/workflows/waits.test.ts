import { jest } from '@jest/globals';
import { ApplicationFailure } from '@temporalio/common';
import { completed } from '../support/builders.ts';
import { jobsOf, playRun } from '../support/playing.ts';
import type { Call, Cluster } from '../support/sandbox.ts';

jest.setTimeout(60_000);

const APPROVED = { kind: 'architect', approval: true };
const CODER = { kind: 'coder' };
const HOUR = 3_600_000;

/** A parked run, with the type and severity of each notice that was sent. */
async function parked(steps = [CODER, { kind: 'human-test' }] as Parameters<typeof playRun>[0]) {
  const reported: [type: string, severity: string][] = [];
  const played = await playRun(steps, { notify: ({ notice }) => void reported.push([notice.type, notice.severity]) });
  return { ...played, told: reported };
}

describe('the notice of a wait', () => {
  it('becomes urgent once, and is cleared by an answer [A-214]', async () => {
    const { run, look, cluster, told: reported } = await parked();
    await cluster.advance(2 * HOUR - 1_000);
    expect(await look()).toMatchObject({ notices: [{ severity: 'normal' }] });
    await cluster.advance(2_000);
    expect((await look()).notices).toMatchObject([{ type: 'human_test_ready', severity: 'urgent' }]);
    await cluster.advance(720 * HOUR);
    const waited = [
      ['human_test_ready', 'normal'],
      ['human_test_ready', 'urgent'],
    ];
    expect(reported).toEqual(waited);
    expect((await look()).notices[0]).not.toHaveProperty('clearedAt');
    await run.update('confirm');
    const [notice, ...later] = (await look()).notices;
    expect(notice).toMatchObject({ severity: 'urgent', clearedAt: expect.any(String) });
    expect(reported).toEqual([...waited, ...later.map(({ type, severity }: any) => [type, severity])]);
  });
  it('that is urgent stays so, with its time, when the same visit continues [A-215]', async () => {
    const { run, look, cluster, told: reported } = await parked();
    await cluster.advance(3 * HOUR);
    const [urgent] = (await look()).notices;
    expect(urgent).toMatchObject({ severity: 'urgent', at: '2026-01-01T00:00:00.000Z' });
    await run.update('destroyEnvironment');
    await cluster.advance(24 * HOUR);
    const { notices, current } = await look();
    expect(current.visit).toBe(urgent.visit);
    expect(notices).toEqual([urgent]);
    expect(reported).toHaveLength(2);
  });
  it('that is cleared stays unchanged [A-213]', async () => {
    const { run, look, cluster } = await parked([APPROVED, { kind: 'researcher', approval: true }, CODER]);
    await run.update('approve');
    const [first] = (await look()).notices;
    expect(first).toMatchObject({ type: 'approval_required', clearedAt: '2026-01-01T00:00:00.000Z' });
    await cluster.advance(HOUR);
    await run.update('approve');
    const [still, second] = (await look()).notices;
    expect(still).toEqual(first);
    expect(second).toMatchObject({ type: 'approval_required', clearedAt: '2026-01-01T01:00:00.000Z' });

    const nothing = await playRun([CODER], { runJob: jobsOf({ coder: [completed()] }) });
    expect((await nothing.look()).notices.map(({ type }: any) => type)).toEqual(['pipeline_complete']);
    expect((await nothing.look()).notices[0]).not.toHaveProperty('clearedAt');
  });
  it('belongs to one visit, and is cleared when that visit ends [A-211, A-212, N-10]', async () => {
    const { run, look } = await parked();
    await run.update('requestFix', { findings: 'a' });
    await run.update('requestFix', { findings: 'b' });
    const { notices, current } = await look();
    const [one, two, three] = notices.filter(({ type }: any) => type === 'human_test_ready');
    expect([one, two, three].map(({ visit }) => visit)).toEqual(['2-human-test#1', '2-human-test#2', current.visit]);
    expect([one, two, three].map(({ clearedAt }) => clearedAt !== undefined)).toEqual([true, true, false]);
  });
});

describe('the watch of the work branch', () => {
  const watches = (cluster: Cluster) => [...cluster.calls].filter(({ name }) => name === 'changeMoved');
  const cancelled = (calls: Call[]) => calls.map(({ cancelRequested }) => cancelRequested);

  it('ends a moment after an answer, so that neither the acknowledgement nor the effect waits for it', async () => {
    const { run, cluster } = await parked();
    const calls = watches(cluster);
    expect(cancelled(calls)).toEqual([false]);
    await run.update('requestFix', { findings: 'The total lacks the tax.' });
    expect(cancelled(calls)).toEqual([false]);
    await cluster.advance(999);
    expect(cancelled(calls)).toEqual([false]);
    await cluster.advance(1);
    expect(cancelled(calls)).toEqual([true]);
  });

  it('reports nothing once its wait is over, and ends with its run', async () => {
    const { run, cluster, look } = await parked();
    const [first] = watches(cluster);
    await run.update('requestFix', { findings: 'The total lacks the tax.' });
    first!.fail(ApplicationFailure.nonRetryable('The repository is not there.', 'Refused'));
    await cluster.settle();
    expect((await look()).notices.filter(({ type }: any) => type === 'keeps_failing')).toEqual([]);
    await cluster.advance(HOUR);
    expect(cancelled(watches(cluster).filter((call) => call !== first))).toEqual([false]);
  });

  it('ends with the step when a person restarts the run', async () => {
    const { run, cluster } = await parked();
    const [first] = watches(cluster);
    await run.update('restartFrom', { step: 1 });
    expect(first!.cancelRequested).toBe(true);
  });
});
