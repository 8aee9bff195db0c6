import { MockActivityEnvironment } from '@temporalio/testing';
import type { Ports } from '../../activities/ports.ts';
import { runActivities } from '../../activities/runs.ts';

/** Starts dependents on a fake server that records the calls. */
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

it('a dependent’s title is plain text in the Web UI’s list, and short enough', async () => {
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
  'a dependent with the title %j is started, and its own run validates it',
  async (title) => {
    expect(await started({ task: { id: 'T-2', title } })).toMatchObject([{ staticSummary: 'T-2 ' }]);
  },
);

it.each([undefined, {}, { id: 7 }])('a dependent whose task is %j has no run', async (task) => {
  expect(await started({ task })).toEqual([]);
});

it('a dependent that the server refuses is returned with the reason, and the others start', async () => {
  const asked: string[] = [];
  const workflow = {
    start: (_: string, { workflowId }: { workflowId: string }) => {
      asked.push(workflowId);
      if (workflowId.endsWith('x')) throw Object.assign(new Error('wrapped'), { cause: { code: 3 } });
    },
  };
  const client: any = { workflow, withAbortSignal: (_: AbortSignal, work: () => unknown) => work() };
  const { startDependents } = runActivities({} as Ports, { taskQueue: 'q', taskLimit: undefined });
  const inputs = [{ task: { id: 'x' } }, { task: {} }, { task: { id: 'y' } }];
  const { lost } = await new MockActivityEnvironment({}, { client }).run<any, any, any>(startDependents, { inputs });
  expect(lost.map(({ id }: any) => id)).toEqual(['x', 'A task without an id']);
  expect(asked).toEqual(['run/default/x', 'run/default/y']);
});

it.each([
  [1, 'is tried again'],
  [8, 'is given up after two minutes'],
])('a dependent that cannot start because the server is down, at attempt %i, %s', async (attempt) => {
  const start = () => {
    throw new Error('The server is down.');
  };
  const client: any = { workflow: { start }, withAbortSignal: (_: AbortSignal, work: () => unknown) => work() };
  const { startDependents } = runActivities({} as Ports, { taskQueue: 'q', taskLimit: undefined });
  const environment = new MockActivityEnvironment({ attempt }, { client });
  const answer = environment.run<any, any, any>(startDependents, { inputs: [{ task: { id: 'x' } }] });
  if (attempt === 1) await expect(answer).rejects.toThrow('The server is down.');
  else expect(await answer).toMatchObject({ lost: [{ id: 'x', because: 'The server is down.' }] });
});

it('a dependent that has a row is not started once more, even if the server was lost since', async () => {
  const client: any = { workflow: { start: () => Promise.reject(new Error('It is started.')) } };
  client.withAbortSignal = (_: AbortSignal, work: () => unknown) => work();
  const rows = { known: async (ids: string[]) => new Set(ids) };
  const { startDependents } = runActivities({ rows } as never as Ports, { taskQueue: 'q', taskLimit: undefined });
  const inputs = [{ task: { id: 'T-2', title: 'A task' } }];
  expect(await new MockActivityEnvironment({}, { client }).run(startDependents, { inputs })).toEqual({ lost: [] });
});
