import { MockActivityEnvironment } from '@temporalio/testing';
import { recoveryActivities } from '../../activities/recovery/activities.ts';
import { RunRows } from '../../activities/adapters/state/runs.ts';
import type { State } from '../../activities/adapters/state/state.ts';
import { RunStatuses } from '../../activities/survey/run-statuses.ts';
import type { Ports } from '../../activities/ports.ts';
import type { RowRecord } from '../../workflows/contracts/run/row.ts';
import { MadeServer, type Made } from '../support/server.ts';
import { DATABASES, openState } from '../support/state/databases.ts';
import { ended, noteOf, parked, recordOf, stateOf } from '../support/state/notes.ts';

const [, fresh] = DATABASES[0]!;
const A = 'run/default/A';
let database: Awaited<ReturnType<typeof fresh>>;
let state: State;
let rows: RunRows;
beforeEach(async () => {
  database = await fresh();
  state = await openState(database.location);
  rows = new RunRows(state);
});
afterEach(async () => {
  await state.close();
  await database.remove();
});

const began = { repository: '/srv/shop.git', basis: 'b' };
const record = (over: Partial<RowRecord> = {}) =>
  recordOf({ ...over, closed: { ...recordOf().closed, began, ...over.closed } });

/** A worker of an empty server, or of one with these executions, and what is left on its machine. */
function world({ executions = [] as Made[], look = async () => ({ state: 'open' }) as object, refuses = false } = {}) {
  const done: string[] = [];
  const started: any[] = [];
  const ports = {
    rows,
    executor: {
      list: async () => [
        { key: `${A}/A-1/1-coder/coder-1`, running: true },
        { key: 'run/default/B/B-1/1-coder/coder-1' },
      ],
      stop: async (key: string) => void done.push(`stop ${key}`),
    },
    environments: {
      list: async () => ['env/default/A/A-1/1', 'env/default/B/B-1/1'],
      remove: async (key: string) => void done.push(`remove ${key}`),
    },
    forge: {
      look: async () => look(),
      list: async () => [
        { repository: '/srv/shop.git', branch: 'a', holder: { workflowId: A, runId: 'A-1' }, checks: 1 },
        { repository: '/srv/shop.git', branch: 'b', holder: { workflowId: A, runId: 'A-0' }, checks: 1 },
      ],
      endChecks: async ({ branch }: { branch: string }) => void done.push(`checks ${branch}`),
    },
  } as never as Ports;
  const start = async (type: string, options: any) => {
    if (refuses) throw new Error('The server is down.');
    started.push({ type, id: options.workflowId, input: options.args[0] });
  };
  const client: any = { workflow: { start }, withAbortSignal: (_: AbortSignal, work: () => unknown) => work() };
  const { lostRuns, recoverRuns } = recoveryActivities(ports, { taskQueue: 'q' }, () => new MadeServer(executions));
  const run = <T>(work: (...given: any[]) => Promise<T>, question: object) =>
    new MockActivityEnvironment({}, { client }).run(work as any, question) as Promise<any>;
  return {
    done,
    started,
    lost: (question = {}) => run(lostRuns, question),
    recover: (...workflowIds: string[]) => run(recoverRuns, { workflowIds, by: 'eve' }),
  };
}

describe('runs are lost', () => {
  it('if they were live by their rows, and the server does not know them', async () => {
    await rows.write(noteOf(parked('A', 1), { record: record() }));
    await rows.write(noteOf(stateOf('B', 1), { record: record() }));
    await rows.write(noteOf(ended('C', 1), { record: record() }));
    const { lost } = world({ executions: [{ workflowId: 'run/default/B', runId: 'B-9', status: 'COMPLETED' }] });
    expect(await lost()).toEqual({
      lost: [{ workflowId: A, status: 'parked', step: { step: 2, kind: 'human-test' }, since: expect.any(String) }],
      refused: [],
    });
  });

  it('never if the server still has them, whoever names them', async () => {
    await rows.write(noteOf(parked('A', 1), { record: record() }));
    const { lost, recover, started } = world({ executions: [{ workflowId: A, runId: 'A-1' }] });
    const only = [A, 'run/default/NOBODY'];
    expect(await lost({ only })).toMatchObject({
      lost: [],
      refused: [{ workflowId: A, because: expect.stringContaining('still has it') }, { workflowId: only[1] }],
    });
    await recover(A);
    expect(started).toEqual([]);
  });

  it('with what other workers may still run of them', async () => {
    await rows.write(noteOf(parked('A', 1), { record: record() }));
    const keys = [`${A}/A-1/1-coder/coder-1`, `${A}/A-1/1-coder/coder-2`, `${A}/A-0/1-coder/coder-1`];
    for (const key of keys)
      await state.query((db) => db.insertInto('jobs').values({ key, runner: 'r', at: 1, unfinished: 1 }).execute());
    const site = { key: 'env/default/A/A-1/2', runner: 'r', at: 1, unfinished: 1 };
    await state.query((db) => db.insertInto('environments').values(site).execute());
    expect((await world().lost()).lost).toMatchObject([{ elsewhere: { jobs: [keys[1]], environments: [site.key] } }]);
  });

  it('and cannot be started anew without their start input', async () => {
    await rows.write(noteOf(parked('A', 1)));
    expect((await world().lost()).lost).toMatchObject([{ because: expect.stringContaining('no start input') }]);
    expect(await world().recover(A)).toMatchObject([{ is: 'failed' }]);
  });
});

describe('a lost run', () => {
  it('is started anew once its job, checks and environment were ended, and nobody else’s', async () => {
    await rows.write(noteOf(stateOf('A', 1, { base: 'main' }), { record: record() }));
    const { recover, started, done } = world();
    expect(await recover(A)).toEqual([{ workflowId: A, is: 'started', ended: 3 }]);
    expect(done).toEqual([`stop ${A}/A-1/1-coder/coder-1`, 'checks a', 'remove env/default/A/A-1/1']);
    const { input } = record();
    expect(started).toEqual([{ type: 'pipelineRun', id: A, input: { ...input, resume: { of: { runId: 'A-1' } } } }]);
    expect(await rows.record(A, 'A-1')).toMatchObject({
      ended: true,
      closed: { recovered: { by: 'eve', paused: false, usage: { costCents: 1.5 } } },
    });
  });

  it('that was merged meanwhile takes that over', async () => {
    await rows.write(noteOf(stateOf('A', 1, { base: 'main', head: 'h' }), { record: record() }));
    const { recover } = world({ look: async () => ({ state: 'merged', mergeCommit: 'm' }) });
    expect(await recover(A)).toMatchObject([{ is: 'merged' }]);
    const change = { repository: '/srv/shop.git', base: 'main', branch: 'gatehouse/A', basis: 'b' };
    expect(await rows.record(A, 'A-1')).toMatchObject({ closed: { recovered: { merged: { change, commit: 'm' } } } });
  });

  it('whose repository cannot be asked is left as it is, and told', async () => {
    await rows.write(noteOf(stateOf('A', 1, { base: 'main' }), { record: record() }));
    const down = world({ look: () => Promise.reject(new Error('no such disk')) });
    expect(await down.recover(A)).toEqual([{ workflowId: A, is: 'failed', because: 'no such disk' }]);
    expect(down.started).toEqual([]);
    expect((await rows.read(A))?.end).toBeUndefined();
  });

  it('is found again after a crash right before it was started', async () => {
    await rows.write(noteOf(parked('A', 1), { record: record() }));
    expect(await world({ refuses: true }).recover(A)).toMatchObject([{ is: 'failed' }]);
    const { lost, recover, started } = world();
    expect((await lost()).lost).toMatchObject([{ workflowId: A }]);
    expect(await recover(A)).toMatchObject([{ is: 'started' }]);
    expect(started).toHaveLength(1);
  });

  it('that watched a release goes on watching it', async () => {
    const watch = { ...parked('A', 1), workflowId: 'release/default/A', type: 'releaseWatch' };
    await rows.write(noteOf(watch, { record: record() }));
    const { recover, started } = world();
    expect(await recover('release/default/A')).toMatchObject([{ is: 'started' }]);
    expect(started).toEqual([{ type: 'releaseWatch', id: 'release/default/A', input: record().input }]);
  });
});

it('what is left of a run that no server knows is left of a run that is gone, if its record has ended', async () => {
  await rows.write(noteOf({ ...ended('A', 1), firstRunId: 'x-000000000001' }, { record: record() }));
  const statuses = new RunStatuses(new MadeServer([]), new Map(), rows);
  expect(await statuses.of({ workflowId: A, runId: '000000000001' })).toMatchObject({ is: 'gone' });
  expect(await statuses.of({ workflowId: A, runId: '000000000002' })).toEqual({ is: 'unknown' });
});

it('the record of a run begins with its start input, and whatever the run reports replaces it', async () => {
  const begin = () =>
    rows.begin({ workflowId: A, runId: 'A-1', startedAt: stateOf('A', 1).order.at, input: { task: 'x' } });
  await begin();
  expect(await rows.record(A, 'A-1')).toMatchObject({ input: { task: 'x' }, ended: false, closed: { settled: [] } });
  await rows.write(noteOf(parked('A', 1), { record: record() }));
  await begin();
  expect(await rows.record(A, 'A-1')).toMatchObject({ input: record().input });
});
