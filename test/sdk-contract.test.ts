import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { jest } from '@jest/globals';
import { Connection, type WorkflowHandle } from '@temporalio/client';
import { historyFromJSON, JSONToPayload, payloadToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker, type ReplayWorkerOptions, type WorkerOptions } from '@temporalio/worker';
import { serverOf } from '../activities/survey/server.ts';
import { readConfig } from '../client/config.ts';
import { setUpOf } from '../client/doctor/set-up.ts';
import { historyToJson } from '../client/offline/histories.ts';
import { codeOf, INVALID_ARGUMENT, isGone, isTimeout } from '../client/timeouts.ts';
import { NOT_YET } from '../client/upgrading.ts';
import { dataConverterOf } from '../worker/configuration/converting.ts';
import { Cluster } from './support/sandbox.ts';
import { Serving, type Served } from './support/sdk-contract/serving.ts';
import { until } from './support/until.ts';

/*
 * Undocumented behaviour of the SDK and the server on which the product depends, tested on a real server with workers as
 * in production. If an upgrade of either changes it, the test that names it fails.
 */

jest.setTimeout(120_000);

const KEY = `k1:${randomBytes(32).toString('base64')}`;
const failWith = async () => {
  throw new Error('no space left on device');
};

let serving: Serving;
/** As in production, without call stacks. */
let served: Served;
/** With call stacks and encryption. */
let traced: Served;
beforeAll(async () => {
  serving = await Serving.open();
  served = await serving.serve();
  const variables = { GATEHOUSE_CALL_STACKS: 'on', GATEHOUSE_CODEC_KEYS: KEY };
  traced = await serving.serve({ variables, over: { activities: { keepText: failWith } } });
}, 300_000);
afterAll(() => serving?.close());

/** The failure with which the promise rejects. */
const failureOf = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => undefined,
    (failure: unknown) => failure,
  );
const eventsOf = async (run: Pick<WorkflowHandle, 'fetchHistory'>) => (await run.fetchHistory()).events!;
const within = <T>(ms: number, call: () => Promise<T>) => served.client.withDeadline(Date.now() + ms, call);
const stuck = (client: Served['client'], workflowId: string, times = 2) =>
  until(`${workflowId} is stuck`, async () => {
    const described = await serverOf(client).describe(workflowId);
    return (described?.taskAttempt ?? 0) >= times && described;
  });

describe.each([
  ['without call stacks', () => served],
  ['with call stacks', () => traced],
])('an unhandled rejection, on a worker %s,', (_, worker) => {
  it('fails one workflow task, and the run continues', async () => {
    const run = await worker().begin('rejectsOnce');
    expect(await run.result()).toBe('completed');
    const failed = (await eventsOf(run)).filter((event) => event.workflowTaskFailedEventAttributes);
    expect(failed).toHaveLength(1);
  });

  it('does not affect other runs, not even those that start later', async () => {
    const { begin, client } = worker();
    const run = await begin('rejectsAlways');
    await stuck(client, run.workflowId);
    expect(await serverOf(client).problem(run.workflowId)).toEqual({
      nondeterminism: false,
      message: expect.stringContaining('Unhandled Promise rejection: Error: nobody handles this'),
    });
    const another = await begin('plain');
    expect(await another.result()).toBe('completed');
  });
});

describe('workflow code', () => {
  it('records call stacks only if configured', async () => {
    const stack = async ({ begin }: Served) => (await begin('details')).query<string>('__stack_trace');
    expect(await stack(served)).toBe('');
    expect(await stack(traced)).toContain('forever');
    // The sandbox loads the same bundle as production.
    const cluster = new Cluster();
    const parked = await cluster.start('survey', 'doctor/gatehouse/look', {});
    expect(cluster.calls.size).toBe(1);
    expect(await parked.query('__stack_trace')).toBe('');
  });

  it('is loaded once for all runs, and not frozen', async () => {
    const marks = async () => (await served.begin('marks')).result();
    const first = await marks();
    expect(await marks()).toBe((first as number) + 1);
  });

  it('gets the same failures in the sandbox as on a server', async () => {
    const refused = await failureOf((await served.begin('pipelineRun', { change: 'main' })).result());
    const { failure } = (await new Cluster().start('pipelineRun', 'run/default/X', { change: 'main' })).closed as any;
    expect(failure.type).toBe('invalid_input');
    expect(failure).toMatchObject({ type: refused.cause.type, message: refused.cause.message });
    expect(failure.details).toEqual(refused.cause.details?.[0] ?? refused.cause.details);
  });

  it('can call activities for every run through proxies that were created when it was loaded', async () => {
    for (const run of [await served.begin('asks'), await served.begin('asks')]) {
      expect(await run.result()).toBe(`kept ${run.workflowId}`);
      const asked = (await eventsOf(run)).find((event) => event.activityTaskScheduledEventAttributes);
      expect(Buffer.from(asked!.userMetadata!.summary!.data!).toString()).toContain('storing a long output');
    }
  });

  it('renders its current details only when they are queried', async () => {
    const run = await served.begin('details');
    const look = async () =>
      (await run.query<{ currentDetails: string }>('__temporal_workflow_metadata')).currentDetails;
    expect([await look(), await look()]).toEqual(['look 1', 'look 2']);
  });

  it('can distinguish workflow tasks by the length of the history', async () => {
    const run = await served.begin('lengths');
    await run.executeUpdate('length');
    const { heard, same, later } = (await run.result()) as Record<string, number>;
    expect(same).toBe(heard);
    expect(later).toBeGreaterThan(heard!);
  });

  it('receives an undecodable payload as a value that it can refuse', async () => {
    const run = await served.begin('hears');
    const payload = { metadata: { encoding: Buffer.from('json/protobuf') }, data: Buffer.from('{}') };
    await served.client.workflowService.signalWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: run.workflowId },
      signalName: 'say',
      input: { payloads: [payload] },
    });
    await run.signal('say', 'plain');
    expect(await run.result()).toEqual(['unreadable', 'plain']);
  });

  it('is stopped if an activation exceeds the configured timeout', async () => {
    const options = served.worker.options as unknown as { isolateExecutionTimeoutMs: number };
    expect(options.isolateExecutionTimeoutMs).toBe(60_000);

    const over = { isolateExecutionTimeout: '1100ms' } as Partial<WorkerOptions>;
    const { begin, client, stop } = await serving.serve({ over });
    const run = await begin('spins');
    const { message } = await until('it was ended', () => serverOf(client).problem(run.workflowId));
    expect(message).toContain('timed out after 1100ms');
    await run.terminate();
    await stop();
  });
});

describe('the doctor’s survey', () => {
  it('recognizes a run whose code does not match its history', async () => {
    const { begin, client, stop } = await serving.serve({ over: { maxCachedWorkflows: 0 } });
    const run = await begin('strays');
    const problem = await until('it has strayed', () => serverOf(client).problem(run.workflowId));
    expect(problem.nondeterminism).toBe(true);
    expect(problem.message).not.toBe('');
    await run.terminate();
    await stop();
  });

  it('finds no problem if the latest workflow task was completed', async () => {
    const run = await served.begin('rejectsOnce');
    await run.result();
    expect(await serverOf(served.client).problem(run.workflowId)).toBeUndefined();
  });

  it('shows an activity’s failure, decrypted', async () => {
    const run = await traced.begin('asks');
    const look = async ({ client }: Served) => (await serverOf(client).describe(run.workflowId))?.activities[0];
    await until('it has failed', async () => ((await look(traced))?.attempt ?? 0) > 1);
    expect(await look(traced)).toMatchObject({ type: 'keepText', failure: 'no space left on device' });
    expect(await look(served)).toMatchObject({ failure: 'Encoded failure' });
    const { firstRunId } = (await serverOf(served.client).describe(run.workflowId))!;
    expect(firstRunId).toBe(run.firstExecutionRunId);
  });
});

describe('the client’s check that nobody answers', () => {
  /** A run whose worker is gone. */
  const unattended = async () => {
    const { begin, stop } = await serving.serve();
    const run = await begin('details');
    await run.query('__temporal_workflow_metadata');
    await stop();
    return served.client.workflow.getHandle(run.workflowId);
  };

  it('recognizes an update that no worker takes in time', async () => {
    const run = await unattended();
    const failure = await failureOf(within(1_000, () => run.executeUpdate('touch')));
    expect(failure.name).toBe('WorkflowUpdateRPCTimeoutOrCancelledError');
    expect(isTimeout(failure)).toBe(true);
  });

  it('recognizes a query that no worker takes in time, even if the server reports that nobody polls', async () => {
    const run = await unattended();
    await until('the server knows that nobody polls', async () => {
      const failure = await failureOf(within(1_000, () => run.query('__temporal_workflow_metadata')));
      expect(isTimeout(failure)).toBe(true);
      return /no poller/.test(String(failure.cause));
    });
  });

  it('recognizes an update of a run whose workflow task keeps failing', async () => {
    const run = await served.begin('rejectsAlways');
    await stuck(served.client, run.workflowId, 4);
    const failure = await failureOf(within(30_000, () => run.executeUpdate('touch')));
    expect(String(failure.cause)).toContain('Workflow Task in failed state');
    expect(isTimeout(failure)).toBe(true);
    // The server has another text for a run that continues as new at that very moment, which no test can hit.
    const server = await readFile(serving.program);
    expect(server.includes('Unable to perform workflow execution update due to unexpected')).toBe(true);
  });

  it('recognizes a cancelled call, a call that timed out, and a server that is not there', async () => {
    const { client } = served;
    const gone = new AbortController();
    const off = failureOf(client.withAbortSignal(gone.signal, () => client.workflow.getHandle('x').describe()));
    gone.abort();
    const late = failureOf(within(0, () => client.workflow.getHandle('x').describe()));
    // Without the SDK's interceptor, which retries.
    const nowhere = Connection.lazy({ address: '127.0.0.1:1', interceptors: [] });
    const absent = failureOf(nowhere.workflowService.getSystemInfo({}));
    const failures = await Promise.all([off, late, absent]);
    expect(failures.map(codeOf)).toEqual([1, 4, 14]);
    expect(failures.map(isTimeout)).toEqual([true, true, true]);
    await nowhere.close();
  });
});

describe('the client', () => {
  it('recognizes that a workflow does not exist', async () => {
    const failure = await failureOf(served.client.workflow.getHandle('x').describe());
    expect(isGone(failure)).toBe(true);
    expect(failure.name).toBe('WorkflowNotFoundError');
  });

  it('recognizes a query for an unknown search attribute', async () => {
    const listed = served.client.workflow.list({ query: 'NoSuchAttribute = "x"' })[Symbol.asyncIterator]();
    expect(codeOf(await failureOf(listed.next()))).toBe(INVALID_ARGUMENT);
  });

  it('recognizes that no worker of a build has polled yet', async () => {
    const unknown = { namespace: 'default', deploymentName: 'nobody', buildId: 'b1', identity: 'ana' };
    const failure = await failureOf(served.client.workflowService.setWorkerDeploymentCurrentVersion(unknown));
    expect(NOT_YET).toContain(codeOf(failure));
  });

  it('sees how many workers poll for workflows', async () => {
    const pollers = async (queue: string) => {
      const config = readConfig({ GATEHOUSE_TASK_QUEUE: queue });
      return (await setUpOf(config, served.client, false)).find(({ about }) => about === 'worker');
    };
    const taskQueue = served.worker.options.taskQueue!;
    await until('the server has noticed', async () => (await pollers(taskQueue))?.ok);
    expect(await pollers('nobody polls this')).toMatchObject({ ok: false });
  });

  it('can replay a history that was converted to JSON and back', async () => {
    const run = await served.begin('asks');
    await run.result();
    const json = JSON.parse(historyToJson(await run.fetchHistory())) as unknown;
    const { workflowBundle } = served.worker.options as ReplayWorkerOptions;
    const options = { workflowBundle: workflowBundle!, dataConverter: dataConverterOf() };
    await Worker.runReplayHistory(options, historyFromJSON(json), run.workflowId);
  });

  it('gets the same payloads after a conversion to JSON and back', () => {
    const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"é"') };
    const there = payloadToJSON(payload);
    expect(there).toEqual({ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'IsOpIg==' });
    expect(Buffer.from(JSONToPayload(there).data!).toString()).toBe('"é"');
  });
});
