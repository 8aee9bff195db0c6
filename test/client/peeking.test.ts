import { gzipSync } from 'node:zlib';
import { WorkflowFailedError } from '@temporalio/client';
import { NotFound, Unreachable } from '../../client/errors.ts';
import { Peeking } from '../../client/peeking/peeking.ts';
import type { ClientRows } from '../../client/rows.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { Cluster, type World } from '../support/sandbox.ts';
import { clientOf } from '../support/sandbox-client.ts';

const RUN = 'run/default/A';
const change = { repository: '/srv/shop', base: 'main', branch: 'gatehouse/A', head: 'h2' };
const step = (n: number, ...attempts: number[]) =>
  ({ step: n, attempts: attempts.map((each) => ({ n: each, role: 'coder', key: `job/${n}/${each}` })) }) as never;
const run = { workflowId: RUN, change, steps: [step(1, 1, 2), step(2)] } as Partial<RunAnswer> & { workflowId: string };

const peekingAt = (world: World, rows?: unknown) => {
  const sent: string[] = [];
  const peeking = new Peeking(clientOf(new Cluster(world), sent), 'gatehouse', rows as ClientRows | undefined);
  return { peeking, sent };
};
const part = (text: string, over: object = {}) => ({
  is: 'part',
  bytes: Buffer.from(text).toString('base64'),
  offset: 0,
  next: text.length,
  size: text.length,
  ended: false,
  ...over,
});

it('asks a worker for the diff of the change', async () => {
  const asked: unknown[] = [];
  const { peeking } = peekingAt({
    readDiff(question: unknown) {
      asked.push(question);
      return { is: 'diff', gzip: gzipSync('+tax').toString('base64'), truncated: true, head: 'h2', base: 'b1' };
    },
  });
  expect(await peeking.diff({ ...run, mergeCommit: 'm' })).toEqual({ text: '+tax', truncated: true });
  const { head, ...rest } = change;
  expect(asked).toEqual([{ change: rest, head, mergeCommit: 'm' }]);
});

it('says that there is no change yet, before a branch is known and before there are commits', async () => {
  const { peeking, sent } = peekingAt({ readDiff: () => ({ is: 'none' }) });
  await expect(peeking.diff({ workflowId: RUN })).rejects.toThrow(`${RUN}: there is no change yet.`);
  expect(sent).toEqual([]);
  await expect(peeking.diff(run)).rejects.toThrow(NotFound);
});

it('reads the last log, or the one that is named, from where it is wanted', async () => {
  const asked: unknown[] = [];
  const { peeking } = peekingAt({
    readLog(question: unknown) {
      asked.push(question);
      return part('ok');
    },
  });
  expect(await peeking.log(run, {})).toMatchObject({
    step: 1,
    attempt: 2,
    text: 'ok',
    offset: 0,
    next: 2,
    ended: false,
  });
  await peeking.log(run, { step: 1, attempt: 1, stream: 'stderr', offset: 9 });
  expect(asked).toEqual([
    { key: 'job/1/2', stream: 'stdout', offset: 0 },
    { key: 'job/1/1', stream: 'stderr', offset: 9 },
  ]);
});

it.each([
  [{ step: 3 }, `${RUN}: there is no step 3.`],
  [{ step: 2 }, `${RUN}: step 2 has no job yet.`],
  [{ step: 1, attempt: 7 }, `${RUN}: step 1 has no attempt 7.`],
])('names what of %j is not there', async (wanted, message) => {
  await expect(peekingAt({}).peeking.log(run, wanted)).rejects.toThrow(message);
});

it('reads what the database has kept without any worker', async () => {
  const text = Buffer.from('the end').toString('base64');
  const rows = {
    ask: async (question: (all: unknown) => unknown) => question({ log: async () => ({ size: 100, text }) }),
  };
  const { peeking, sent } = peekingAt({}, rows);
  expect(await peeking.log(run, {})).toMatchObject({ text: 'the end', offset: 93, next: 100, ended: true });
  expect(await peeking.log(run, { offset: 97 })).toMatchObject({ text: 'end', offset: 97 });
  expect(await peeking.log(run, { offset: 100 })).toMatchObject({ text: '', offset: 100, next: 100 });
  expect(await peeking.log(run, { offset: 101 })).toMatchObject({ text: 'the end', offset: 93 });
  expect(sent).toEqual([]);
});

it('asks once for all who want the same at the same time', async () => {
  const { peeking, sent } = peekingAt({ readLog: () => part('ok') });
  await Promise.all([peeking.log(run, {}), peeking.log(run, {}), peeking.log(run, { offset: 1 })]);
  expect(sent).toHaveLength(2);
});

it('says why no worker can show it', async () => {
  const cause = new Error('Activity task failed', { cause: new Error('the machine build-7 does not answer') });
  const failed = new WorkflowFailedError('Workflow execution failed', cause, 'NON_RETRYABLE_FAILURE');
  const workflow = { start: async () => undefined, getHandle: () => ({ result: () => Promise.reject(failed) }) };
  const temporal = { workflow, withDeadline: (_: number, call: () => unknown) => call() } as never;
  const failure = await new Peeking(temporal, 'gatehouse', undefined).log(run, {}).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Unreachable);
  expect((failure as Error).message).toMatch(/^No worker can show the log now: .*build-7/);
});
