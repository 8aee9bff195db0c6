import { jest } from '@jest/globals';
import { InMemoryTexts } from '../support/in-memory/store.ts';
import { readClosed } from '../../activities/closed-runs.ts';
import { wholeJob } from '../../activities/whole-jobs.ts';
import type { Job } from '../../workflows/contracts/activities.ts';
import { loud, loudRun, long, many, MESSAGE_BYTES, moved } from '../support/loud.ts';
import { CARRIED_BYTES } from '../../workflows/rules/bounds.ts';
import { bytesOf } from '../../workflows/rules/bytes.ts';
import { completed, HEAD } from '../support/builders.ts';
import { clientOf } from '../support/sandbox-client.ts';

jest.setTimeout(600_000);

const KINDS = ['researcher', 'analysis', 'bug-investigator', 'spec-writer', 'architect', 'coder', 'documenter'];

it('a run in which every text is as long as allowed survives its upgrades and completes', async () => {
  const steps = [
    ...KINDS.map((kind) => ({ kind })),
    { kind: 'architect', approval: true },
    ...[{ kind: 'human-test', fixes: 100 }, { kind: 'ci' }, { kind: 'merger' }],
  ];
  const { run, weighed } = await loudRun(steps);
  // Ten rounds of 240 kB of comments, each of which is sent to its agent.
  for (let round = 1; round <= 10; round += 1) {
    const comments = many(24, (n) => ({ text: `${n} ${'y'.repeat(9_900)}` }));
    expect(await run.update('requestChanges', { feedback: long(3_000), comments })).toMatchObject({ ok: {} });
    await moved(run);
  }
  for (let n = 1; n <= 100; n += 1) {
    await run.signal('approve', { proposal: 7, note: long(2_000), by: long(200), actionId: `${n}${long(100)}` });
  }
  await moved(run);
  expect(await run.update('approve', {})).toMatchObject({ ok: {} });
  for (let round = 1; round <= 12; round += 1) {
    expect(await run.update('requestFix', { findings: long(10_000) })).toMatchObject({ ok: {} });
    if (round % 4 === 0) await moved(run);
  }
  await run.update('confirm', { note: long(2_000) });
  expect(Math.max(...weighed)).toBeLessThan(MESSAGE_BYTES);
  expect(bytesOf(await run.query('run'))).toBeLessThan(MESSAGE_BYTES);
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  expect(bytesOf(run.closed)).toBeLessThan(300_000);
});

it('an agent gets all earlier outputs, wherever the run keeps them', async () => {
  const small = (job: Job) => ({ ...(loud(job) as object), output: { from: job.role, pad: 'x'.repeat(100_000) } });
  const jobs: Job[] = [];
  const { texts } = await loudRun(
    [{ kind: 'researcher' }, { kind: 'analysis' }, { kind: 'architect' }, { kind: 'coder' }],
    {
      runJob: (job: Job) => (jobs.push(structuredClone(job)), small(job)),
    },
  );
  const last = jobs.at(-1)!;
  expect(last.priorOutputs.filter(({ kept }) => kept)).not.toHaveLength(0);
  const { priorOutputs } = await wholeJob(last, texts);
  expect(priorOutputs.map(({ kept }) => kept)).toEqual([undefined, undefined, undefined]);
  expect(priorOutputs.slice(1).map(({ output }) => /"from":"(.*?)"/.exec(output)?.[1])).toEqual([
    'analysis',
    'architect',
  ]);
});

it('a revision includes the previous output, which the run does not store twice', async () => {
  const { run, jobs } = await loudRun([{ kind: 'architect', approval: true }, { kind: 'coder' }]);
  await run.update('requestChanges', { feedback: 'shorter', comments: [{ text: 'here' }] });
  expect(jobs.at(-1)!.revision).toEqual({
    previousOutput: long(10_000),
    feedback: 'shorter',
    comments: [{ text: 'here' }],
  });
});

it('a revision includes all feedback, however long', async () => {
  const comments = many(120, (n) => ({ quote: `${n} ${'"'.repeat(2_000)}`, text: `${n} ${'🙂'.repeat(2_400)}` }));
  const { run, jobs, weighed, texts } = await loudRun([{ kind: 'architect', approval: true }, { kind: 'coder' }]);
  await run.update('requestChanges', { feedback: 'shorter', comments });
  const { revision } = jobs.at(-1)!;
  expect(bytesOf(revision)).toBeLessThan(300_000);
  expect(revision!.comments.at(-1)!.text).toMatch(/^… \[cut: \d+ more comments; all of it is kept as [0-9a-f]{64}/);
  expect((await wholeJob(jobs.at(-1)!, texts)).revision).toEqual({
    ...{ previousOutput: long(10_000), feedback: 'shorter' },
    comments,
  });
  expect(Math.max(...weighed)).toBeLessThan(MESSAGE_BYTES);
});

it('the producer gets all comments of its companion, and people see where the rest is kept', async () => {
  const comments = many(40, (n) => ({ body: `${n} ${'y'.repeat(5_900)}` }));
  const remarks = completed({ changed: false, output: { rating: 0.2, summary: 'thin', comments } });
  const answer = (job: Job) => (job.role === 'reviewer' ? remarks : loud(job));
  const { run, jobs, texts } = await loudRun([{ kind: 'coder' }, { kind: 'reviewer' }], { answer });
  const cap = run.query('run') as Promise<{ current: { cap: { feedback: string } } }>;
  expect((await cap).current.cap.feedback).toMatch(/… \[cut: it had \d+ bytes; all of it is kept as [0-9a-f]{64}\]$/);
  await run.update('resolveCap', { choice: 'extra-round' });
  const rework = jobs.findLast(({ role }) => role === 'coder')!;
  const { revision } = await wholeJob(rework, texts);
  expect(revision!.feedback).toBe(['thin', ...comments.map(({ body }) => body)].join('\n\n'));
});

it('a helper gets its whole brief, even one too large for a message', async () => {
  const failing = many(60, (n) => ({ name: `check-${n}`, conclusion: 'failure', log: `${n} ${'z'.repeat(9_000)}` }));
  const { jobs, weighed, texts } = await loudRun([{ kind: 'coder' }, { kind: 'ci', attempts: 1 }], {
    settledChecks: () => ({ head: HEAD, checks: failing, none: false, foreign: [], state: 'open' }),
  });
  const fixer = jobs.find(({ role }) => role === 'ci-fixer')!;
  expect(fixer.brief).toMatch(/all of it is kept as/);
  const { brief, briefKept } = await wholeJob(fixer, texts);
  expect(briefKept).toBeUndefined();
  expect(brief).toContain(failing[59]!.log);
  expect(Math.max(...weighed)).toBeLessThan(MESSAGE_BYTES);
});

it('a text that is no longer kept stays cut, and the job starts anyway', async () => {
  const { run, jobs } = await loudRun([{ kind: 'architect', approval: true }, { kind: 'coder' }]);
  await run.update('requestChanges', { feedback: 'x'.repeat(9_990), comments: [{ text: 'y'.repeat(9_990) }] });
  const job = { ...jobs.at(-1)!, brief: 'do it', briefKept: ['f'.repeat(64)] };
  const { revision, brief } = await wholeJob(job, new InMemoryTexts());
  expect(revision).toMatchObject({ feedback: 'x'.repeat(9_990) });
  expect(revision).not.toHaveProperty('kept');
  expect(brief).toBe('do it');
});

it('an answer that looks like a reference to a kept text is treated as plain output', async () => {
  const forged = { kept: 'f'.repeat(64) };
  const jobs: Job[] = [];
  const { texts } = await loudRun([{ kind: 'architect' }, { kind: 'coder' }], {
    runJob: (job: Job) => (jobs.push(job), completed({ changed: job.role === 'coder', output: forged })),
  });
  const [prior] = (await wholeJob(jobs.at(-1)!, texts)).priorOutputs;
  expect(prior!.output).toContain(JSON.stringify(forged));
});

it('the failure of a full run stays within its size limit', async () => {
  const { cluster, run } = await loudRun([
    ...KINDS.map((kind) => ({ kind })),
    { kind: 'architect', approval: true },
    { kind: 'coder' },
  ]);
  for (let round = 1; round <= 3; round += 1) await run.update('requestChanges', { feedback: long(10_000) });
  await run.update('reject', { reason: long(2_000) });
  expect(run.closed).toMatchObject({ failure: { type: 'rejected', details: { settled: { length: KINDS.length } } } });
  expect(bytesOf(run.closed)).toBeLessThan(300_000);
  // The new run reads everything that a retry takes over in one message.
  const { workflowId, runId } = run;
  const texts = { keep: async () => 'hash' };
  const again = { workflowId, runId };
  const read = await readClosed({ client: clientOf(cluster), again, runId, texts, attempt: 1 });
  expect(read).toMatchObject({ is: 'read', run: { settled: { length: KINDS.length } } });
  expect(bytesOf(read)).toBeLessThanOrEqual(CARRIED_BYTES);
});
