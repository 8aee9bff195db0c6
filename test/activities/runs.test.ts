import { MockActivityEnvironment } from '@temporalio/testing';
import type { Ports } from '../../activities/ports.ts';
import { runActivities } from '../../activities/runs.ts';

/** Starts dependents on a server that only writes down what it was asked for. */
async function started(...inputs: Record<string, unknown>[]) {
  const asked: any[] = [];
  const client: any = {
    workflow: { start: (type: string, options: object) => void asked.push({ type, ...options }) },
    withAbortSignal: (_: AbortSignal, work: () => unknown) => work(),
  };
  const { startDependents } = runActivities({} as Ports, { taskQueue: 'q', taskLimit: undefined });
  await new MockActivityEnvironment({}, { client }).run(startDependents, { inputs });
  return asked;
}

it('a dependent’s title is only text in the list of the Web UI, and fits', async () => {
  const title = '[x](javascript:alert(1)) <img src=x>\u202e `a`';
  const [dependent, long] = await started(
    { task: { id: 'T-2', title } },
    { task: { id: 'T-3', title: '😀<'.repeat(90) } },
  );
  expect(dependent).toMatchObject({
    type: 'pipelineRun',
    workflowId: 'run/default/T-2',
    args: [{ task: { id: 'T-2', title } }],
    staticSummary: 'T-2 \\[x\\](javascript:alert(1)) \\<img src=x>  \\`a\\`',
  });
  expect(Buffer.byteLength(long.staticSummary)).toBeLessThanOrEqual(200);
});

it.each([undefined, null, 7, { toString: 'x' }])(
  'a dependent whose title is %j is left to its own run to judge',
  async (title) => {
    expect(await started({ task: { id: 'T-2', title } })).toMatchObject([{ staticSummary: 'T-2 ' }]);
  },
);

it.each([undefined, {}, { id: 7 }])('a dependent whose task is %j has no run', async (task) => {
  expect(await started({ task })).toEqual([]);
});
