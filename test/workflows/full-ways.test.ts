import { jest } from '@jest/globals';
import { wholeJob } from '../../activities/whole-jobs.ts';
import type { Job } from '../../workflows/contracts/activities.ts';
import { CARRIED_BYTES } from '../../workflows/rules/bounds.ts';
import { bytesOf } from '../../workflows/rules/bytes.ts';
import { completed, HEAD } from '../support/builders.ts';
import { loud, loudRun, long, many, MESSAGE_BYTES, moved } from '../support/loud.ts';
import { runsOf } from '../support/sandbox-client.ts';
import type { Execution } from '../support/sandbox.ts';

/** Full runs, environments and release watches, continued as new, on a newer build, or as a retry. */
jest.setTimeout(600_000);

const ID = 'run/default/PAY-142';
const KINDS = ['researcher', 'analysis', 'bug-investigator', 'spec-writer', 'architect', 'coder', 'documenter'];
/** Commits of others with as many names as allowed. */
const foreign = many(200, (n) => ({
  ...{ commit: String(n).padStart(40, '0'), author: `${n} ${long(200)}`, email: long(200) },
  others: many(20, () => long(200)),
}));

/** Fills the step at which a run is parked, and everything outside its steps. */
async function fill(run: Execution): Promise<void> {
  const comments = many(24, (n) => ({ text: `${n} ${'y'.repeat(9_900)}` }));
  for (let round = 1; round <= 4; round += 1) {
    expect(await run.update('requestChanges', { feedback: long(3_000), comments })).toMatchObject({ ok: {} });
  }
  for (let n = 1; n <= 60; n += 1) {
    await run.signal('approve', { proposal: 7, note: long(2_000), by: long(200), actionId: `${n}${long(100)}` });
  }
}

/** Continues as new because the history has grown long. */
async function renewed(run: Execution): Promise<void> {
  const before = run.handed.length;
  run.suggestContinueAsNew = true;
  await run.signal('hint', { about: 'change' });
  run.suggestContinueAsNew = false;
  expect(run.handed.length).toBeGreaterThan(before);
  const { resume } = run.handed.at(-1) as { resume: { state: unknown } };
  expect(bytesOf(resume.state)).toBeLessThanOrEqual(CARRIED_BYTES);
}

it('a full run continues as new, on a newer build, and as a retry of a retry, with everything that its agents need', async () => {
  let failing = true;
  const answer = (job: Job) =>
    job.role === 'playwright' && failing ? { is: 'failed', because: long(10_000), detail: long(10_000) } : loud(job);
  const { cluster, run, jobs, weighed, texts } = await loudRun(
    [
      ...KINDS.map((kind) => ({ kind })),
      { kind: 'architect', approval: true },
      { kind: 'playwright' },
      { kind: 'merger' },
    ],
    {
      answer,
      lookAtChange: ({ known }: { known: string }) => ({
        state: 'open',
        head: known,
        baseHead: 'b'.repeat(40),
        foreign,
      }),
    },
  );
  await fill(run);
  await renewed(run);
  await moved(run);
  await fill(run);
  expect(await run.update('approve', {})).toMatchObject({ ok: {} });
  expect(run.closed).toMatchObject({ failure: { type: 'job_failed' } });
  expect(bytesOf(run.closed)).toBeLessThan(CARRIED_BYTES);

  const { runs } = runsOf(cluster);
  await runs.retry(ID);
  const second = cluster.executions.get(ID)!;
  expect(second.closed).toMatchObject({ failure: { type: 'job_failed' } });
  failing = false;
  await runs.retry(ID);
  const third = cluster.executions.get(ID)!;
  expect(third.closed).toMatchObject({ result: { outcome: 'merged', head: HEAD } });

  const { priorOutputs } = await wholeJob(
    jobs.findLast(({ role }) => role === 'playwright')!,
    texts,
  );
  expect(priorOutputs.at(-1)!.output).toContain('x'.repeat(200_000));
  expect(Math.max(...weighed)).toBeLessThan(MESSAGE_BYTES);
  expect(bytesOf(await third.query('run'))).toBeLessThan(MESSAGE_BYTES);
});

it('a full retry that is parked continues as new, and on a newer build', async () => {
  const { cluster, run, weighed } = await loudRun([
    ...KINDS.map((kind) => ({ kind })),
    ...[{ kind: 'architect', approval: true }, { kind: 'merger' }],
  ]);
  await fill(run);
  await run.update('reject', { reason: long(2_000) });
  expect(run.closed).toMatchObject({ failure: { type: 'rejected' } });

  await runsOf(cluster).runs.retry(ID);
  const again = cluster.executions.get(ID)!;
  expect((await again.query('run')).current).toMatchObject({ id: '8-architect', phase: 'parked' });
  await fill(again);
  await renewed(again);
  await moved(again);
  expect(await again.update('approve', {})).toMatchObject({ ok: {} });
  expect(again.closed).toMatchObject({ result: { outcome: 'merged' } });
  expect(Math.max(...weighed)).toBeLessThan(MESSAGE_BYTES);
});

it('a full release watch continues as new, and on a newer build', async () => {
  const signals = many(200, (n) => ({
    ...{ id: `${n} ${long(190)}`, state: 'alert', name: long(200), detail: long(2_000) },
  }));
  const evidence = many(50, () => long(1_500));
  const oncall = { culpritConfidence: 0.5, recommendation: 'hold', rationale: long(10_000), evidence };
  const answer = (job: Job) =>
    job.role === 'on-call' ? completed({ changed: false, summary: long(10_000), output: oncall }) : loud(job);
  const { cluster, weighed } = await loudRun([{ kind: 'coder' }, { kind: 'merger' }, { kind: 'post-release-health' }], {
    answer,
    releaseSettled: () => ({ signals }),
  });
  const watch = cluster.executions.get('release/default/PAY-142')!;
  const { current } = await watch.query('run');
  expect(current).toMatchObject({
    phase: 'parked',
    because: expect.stringMatching(/^The release has regressed: .*cut/s),
  });
  await renewed(watch);
  await moved(watch);
  const after = (await watch.query('run')).current;
  expect(after.signals).toHaveLength(200);
  expect(after.visit).toBe(current.visit);
  expect(await watch.update('acknowledge', { note: long(2_000) })).toMatchObject({ ok: {} });
  expect(watch.closed).toMatchObject({ result: { health: 'regressed' } });
  expect(bytesOf(watch.closed)).toBeLessThan(MESSAGE_BYTES);
  expect(Math.max(...weighed)).toBeLessThan(MESSAGE_BYTES);
});

it('an environment shows a long reason in part, and continues as new within its size limit', async () => {
  let made = 0;
  const { cluster, run } = await loudRun([{ kind: 'coder' }, { kind: 'human-test' }], {
    answer: () => completed(),
    provisionEnvironment: () =>
      (made += 1) === 1 ? { is: 'failed', because: long(400_000) } : { is: 'live', url: 'http://127.0.0.1:4000/' },
  });
  const view = async () => (await run.query('run')).environment;
  expect(await view()).toMatchObject({
    status: 'failed',
    because: expect.stringMatching(/^It could not be built: .*cut/s),
  });
  expect(bytesOf(await view())).toBeLessThan(10_000);
  expect(bytesOf(await cluster.executions.get('env/default/PAY-142')!.query('environment'))).toBeLessThan(10_000);

  await run.update('recreateEnvironment');
  const env = cluster.executions.get('env/default/PAY-142')!;
  expect(await env.query('environment')).toMatchObject({ status: 'live' });
  await env.signal('_upgrade', {});
  expect(bytesOf(env.handed.at(-1))).toBeLessThan(20_000);
  await moved(run);
  expect(await view()).toMatchObject({ status: 'live' });
});
