import { RunRows } from '../../activities/adapters/state/runs.ts';
import type { State } from '../../activities/adapters/state/state.ts';
import { giveBack, overLimit } from '../../activities/rows/task-limit.ts';
import { RunInput } from '../../workflows/gates/index.ts';
import { wish } from '../support/builders.ts';
import { DATABASES, openState } from '../support/state/databases.ts';
import { noteOf, stateOf } from '../support/state/notes.ts';

const [, fresh] = DATABASES[0]!;
const LIMIT = { shared: 2 };
const holder = (task: string) => ({ workflowId: `run/default/${task}`, runId: `${task}-1` });

let database: Awaited<ReturnType<typeof fresh>>;
let state: State;
let rows: RunRows;
const alive = new Set<string>();
const seen: string[] = [];
const ask = {
  liveRuns: async () => seen,
  typeOf: async () => 'feature',
  lives: async ({ workflowId }: { workflowId: string }) => alive.has(workflowId),
};
beforeEach(async () => {
  database = await fresh();
  state = await openState(database.location);
  rows = new RunRows(state);
  alive.clear();
  seen.splice(0);
});
afterEach(async () => {
  await state.close();
  await database.remove();
});

/** Asks for a slot for one more run. */
async function wanted(task: string, limit: { shared: number } | undefined = LIMIT) {
  const input = RunInput.parse({ ...wish({ kind: 'coder' }), task: { id: task, title: 'a task' } });
  const refused = await overLimit({ input, holder: holder(task), repository: '/srv/shop.git' }, limit, rows, ask);
  if (refused.length === 0) alive.add(`run/default/${task}`);
  return refused.length === 0;
}

it('runs that start at the same time are never admitted beyond the limit', async () => {
  for (const task of ['A', 'B', 'C', 'D', 'E']) alive.add(`run/default/${task}`);
  const admitted = await Promise.all(['A', 'B', 'C', 'D', 'E'].map((task) => wanted(task)));
  expect(admitted.filter(Boolean)).toHaveLength(2);
});

it('a slot whose run has died goes to the next one, and those of live runs stay', async () => {
  await wanted('A');
  await wanted('B');
  expect(await wanted('C')).toBe(false);
  alive.delete('run/default/A');
  expect(await wanted('C')).toBe(true);
  expect(await wanted('D')).toBe(false);
});

it('a refused run gives its slot back', async () => {
  await wanted('A');
  await wanted('B');
  await giveBack(rows, holder('B'));
  expect(await wanted('C')).toBe(true);
});

it('runs that began before there was a limit count too', async () => {
  await wanted('A', undefined);
  await wanted('B', undefined);
  expect(await wanted('C')).toBe(false);
});

it('live runs of an earlier build count, and those with a row only by their slot', async () => {
  await rows.write(noteOf(stateOf('A', 1)));
  seen.push('run/default/A', 'run/default/OLD');
  expect(await wanted('B')).toBe(true);
  expect(await wanted('C')).toBe(false);
});
