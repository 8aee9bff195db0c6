import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { RunRows } from '../../activities/adapters/state/runs.ts';
import type { State } from '../../activities/adapters/state/state.ts';
import { readClosed } from '../../activities/closed-runs.ts';
import { explained } from '../../client/cli/texts/explaining.ts';
import { NotFound, NothingToRetry } from '../../client/errors.ts';
import { ClientRows } from '../../client/rows.ts';
import { Runs } from '../../client/runs.ts';
import type { Job } from '../../workflows/contracts/activities.ts';
import { ready, wish } from '../support/builders.ts';
import { removeFolder } from '../support/folders.ts';
import { NotedRows } from '../support/rows.ts';
import { Cluster, type World } from '../support/sandbox.ts';
import { clientOf } from '../support/sandbox-client.ts';
import { stateIn } from '../support/state/databases.ts';
import { noteOf, parked } from '../support/state/notes.ts';
import { goodWork, goodWorld, startRun } from '../support/world.ts';

jest.setTimeout(60_000);

const ID = 'run/default/PAY-142';
const STEPS = [{ kind: 'coder' }, { kind: 'ci' }, { kind: 'merger' }];
const texts = { keep: async () => 'hash' };

let root: string;
let state: State;
let rows: RunRows;
const said: string[] = [];
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'gatehouse-kept-'));
  state = stateIn(root);
  rows = new RunRows(state);
  said.splice(0);
});
afterEach(async () => {
  await state.close();
  await removeFolder(root);
});

/** A cluster whose readClosed asks the database too, and what its runs have reported. */
function clusterOf(world: World): { cluster: Cluster; noted: NotedRows } {
  const cluster: Cluster = new Cluster({
    ...goodWorld({ examine: () => ({ ...ready, rows: true }), noteRun: () => undefined }),
    readClosed: ({ runId }, { workflowId }) => {
      const again = { workflowId, runId: cluster.executions.get(workflowId)!.runId };
      return readClosed({ client: clientOf(cluster), again, runId, texts, rows, attempt: 1 });
    },
    ...world,
  });
  return { cluster, noted: new NotedRows(cluster) };
}

/** Plays a run to its end, writes what it has reported, and has the server forget it. */
async function forgotten(world: World = {}): Promise<void> {
  const { cluster, noted } = clusterOf(world);
  const run = await startRun(cluster, wish(...STEPS), { runId: '0100-000000000000' });
  expect(run.closed).toBeDefined();
  await rows.write({
    state: noted.rows.get(ID)!,
    record: noted.records.get(ID)!,
    actions: [...noted.actions.values()],
  });
}

/** The client of a server that knows no run. */
function clientOn(cluster: Cluster): { runs: Runs; rows: ClientRows } {
  const client = new ClientRows({ variables: {} as never, data: root }, (line) => void said.push(line));
  return { runs: new Runs(clientOf(cluster), 'gatehouse', client), rows: client };
}

const failing = {
  runJob: (job: Job) => (job.role === 'merger' ? { is: 'failed', because: 'no model' } : goodWork(job)),
};

it('a run whose history was deleted is retried from its record, by the same rules', async () => {
  await forgotten(failing);
  const heard: string[] = [];
  const { cluster } = clusterOf({ runJob: (job) => (heard.push(job.role), goodWork(job)) });
  const { runs, rows: read } = clientOn(cluster);
  await runs.retry(ID);
  await read.close();
  const run = cluster.executions.get(ID)!;
  expect(run.closed).toMatchObject({ result: { outcome: 'merged' } });
  expect(heard).toEqual(['merger']);
  const settled = run.closed && 'result' in run.closed ? run.closed.result.steps : [];
  expect(settled.map((each: { kind: string }) => each.kind)).toEqual(STEPS.map(({ kind }) => kind));
});

it('start retries it too, and a merged one has nothing to retry', async () => {
  await forgotten(failing);
  const { cluster } = clusterOf({});
  const { runs, rows: read } = clientOn(cluster);
  expect(await runs.start(wish(...STEPS))).toMatchObject({ retried: true });
  await read.close();
  await forgotten();
  const merged = clientOn(clusterOf({}).cluster);
  await expect(merged.runs.retry(ID)).rejects.toThrow(NothingToRetry);
  await merged.rows.close();
});

it('what a step has made is read from the record, and is null where there is none', async () => {
  await forgotten(failing);
  const { runs, rows: read } = clientOn(clusterOf({}).cluster);
  expect(await runs.output(ID, 1)).toMatchObject({ step: 1, kind: 'coder', summary: 'coder did it' });
  expect(await runs.output(ID, 3)).toBeNull();
  expect(said).toEqual([expect.stringContaining('This is what the database has of it')]);
  await expect(runs.output('run/default/NOBODY', 1)).rejects.toThrow(NotFound);
  await read.close();
});

it('a retry with facts of somebody’s own is refused, also where only the record is left', async () => {
  await forgotten(failing);
  const { cluster } = clusterOf({});
  const of = { runId: (await rows.record(ID))!.runId };
  const other = { ...wish(...STEPS), task: { id: 'PAY-142', title: 'Something else' }, resume: { of } };
  const run = await startRun(cluster, other);
  expect(run.closed).toMatchObject({
    failure: { type: 'invalid_input', message: expect.stringContaining('task.title') },
  });
});

it('a run that had not ended when the server lost it is not retried', async () => {
  await rows.write(noteOf(parked('PAY-142', 1)));
  const { runs, rows: read } = clientOn(clusterOf({}).cluster);
  await expect(runs.retry(ID)).rejects.toThrow(NotFound);
  await read.close();
});

it('it is shown, explained and logged from the database, which says so once', async () => {
  await forgotten(failing);
  const { runs, rows: read } = clientOn(clusterOf({}).cluster);
  const shown = await runs.read(ID);
  expect(shown).toMatchObject({
    source: 'row',
    run: { status: 'failed', task: { id: 'PAY-142' } },
    end: { is: 'lost' },
  });
  expect(shown.run.steps?.map(({ kind }) => kind)).toEqual(['coder', 'ci']);
  expect(explained(shown).join('\n')).toContain('no model');
  expect(await runs.actions(ID)).toEqual([]);
  await read.close();
  expect(said).toEqual([`${ID} cannot answer any more. This is what the database has of it.`]);
});

it('without a database, nothing changes but a line that says so', async () => {
  const { runs, rows: read } = clientOn(clusterOf({}).cluster);
  await expect(runs.read(ID)).rejects.toThrow(NotFound);
  await read.close();
  expect(said).toEqual([expect.stringContaining('has no rows of runs yet. Temporal’s visibility is read instead.')]);
});
