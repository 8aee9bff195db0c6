import { RunRows } from '../../activities/adapters/state/runs.ts';
import type { State } from '../../activities/adapters/state/state.ts';
import { differs, repairRows, RowsUpToDate } from '../../activities/rows/repairing.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { MadeServer, type Made } from '../support/server.ts';
import { DATABASES, openState } from '../support/state/databases.ts';
import { ended, noteOf, parked, recordOf, stateOf } from '../support/state/notes.ts';

const [, fresh] = DATABASES[0]!;
const ID = 'run/default/A';
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

/** What a run answers that is in the state of this row. */
const answerOf = (row = parked('A', 1)): RunAnswer =>
  ({ ...row, change: { repository: row.repository, branch: row.branch }, pipeline: { name: row.pipeline } }) as never;
const live = (over: Partial<Made> = {}): Made => ({ workflowId: ID, runId: 'A-1', run: answerOf(), ...over });
const late = '2026-11-26T13:00:00.000Z';

const open = { workflowId: ID, runId: 'A-1', status: 'parked', waitingSince: late };
const seen = {
  workflowId: ID,
  runId: 'A-1',
  status: 'RUNNING',
  startedAt: late,
  waitingSince: late,
  shownStatus: 'parked',
};
it.each([
  ['no row', undefined, seen, true],
  ['a row of a run that is not live', open, undefined, true],
  ['a row of another execution', { ...open, runId: 'A-0' }, seen, true],
  ['an older wait', { ...open, waitingSince: '2026-11-26T12:00:00.000Z' }, seen, true],
  ['another status of the same wait', { ...open, status: 'running' }, seen, true],
  ['the same', open, seen, false],
  [
    'a newer wait, which visibility does not know yet',
    { ...open, waitingSince: '2026-11-26T14:00:00.000Z' },
    seen,
    false,
  ],
])('visibility contradicts a row: %s', (_, row, shown, contradicted) => {
  expect(differs(row, shown)).toBe(contradicted);
});

it('a run that began before there were rows gets one, and whatever it reports is newer', async () => {
  expect(await repairRows(new MadeServer([live()]), rows)).toBe(1);
  expect(await rows.read(ID)).toMatchObject({ status: 'parked', order: { at: 0, seq: 0 } });
  await rows.write(noteOf(stateOf('A', 1)));
  expect(await rows.read(ID)).toEqual(stateOf('A', 1));
});

it('a row that a worker did not write is repaired from the run’s answer', async () => {
  await rows.write(noteOf(stateOf('A', 1)));
  const waitingSince = parked('A', 1).waitingOn.since;
  const server = new MadeServer([live({ waitingSince, shownStatus: 'parked' })]);
  expect(await repairRows(server, rows)).toBe(1);
  expect(await rows.read(ID)).toMatchObject({
    status: 'parked',
    current: { kind: 'human-test' },
    order: stateOf('A', 1).order,
  });
  expect(await repairRows(server, rows)).toBe(0);
});

it.each([
  ['TERMINATED', 'stopped', { outcome: 'stopped', reason: 'It was terminated.' }],
  ['TIMED_OUT', 'failed', { outcome: 'failed', reason: 'Its time was over.' }],
  ['COMPLETED', 'passed', { outcome: 'merged', mergeCommit: 'm' }],
])('the row of a run that is %s ends as %s, gives its slot back, and is complete', async (status, shown, closed) => {
  await rows.write(noteOf(parked('A', 1), { record: recordOf() }));
  await rows.admit({ holder: { workflowId: ID, runId: 'A-1' }, repository: '/srv/shop.git', type: 'feature' });
  const server = new MadeServer([live({ status, closedAt: late, run: undefined as never, closed })]);
  expect(await repairRows(server, rows)).toBe(1);
  expect(await rows.read(ID)).toMatchObject({
    status: shown,
    current: null,
    end: { at: late, outcome: closed.outcome },
  });
  expect(await rows.record(ID)).toMatchObject({ ended: true });
  expect(await rows.holders([ID])).toEqual([]);
});

it('a run that was reset or retried has the row of its newest execution', async () => {
  await rows.write(noteOf(ended('A', 9, 'failed')));
  const run = answerOf();
  expect(await repairRows(new MadeServer([live({ runId: 'A-2', run })]), rows)).toBe(1);
  expect(await rows.read(ID)).toMatchObject({ runId: 'A-2', status: 'parked' });
});

it('the row of a run that the server has lost stays as it is', async () => {
  await rows.write(noteOf(parked('A', 1)));
  expect(await repairRows(new MadeServer([]), rows)).toBe(0);
  expect(await rows.read(ID)).toEqual(parked('A', 1));
});

it('a row that has ended stays, though visibility still shows the run', async () => {
  await rows.write(noteOf(ended('A', 5)));
  const server = new MadeServer([live({ status: 'COMPLETED' })]);
  server.list = async function* () {
    yield seen;
  };
  expect(await repairRows(server, rows)).toBe(0);
});

it('a live run that no worker can answer for is left to a later pass', async () => {
  await rows.write(noteOf(stateOf('A', 1)));
  expect(await repairRows(new MadeServer([live({ runId: 'A-2', run: undefined as never })]), rows)).toBe(0);
});

it('a live run of which a restored backup knows nothing has a slot of its repository again, once it was admitted', async () => {
  const began = { repository: '/srv/shop.git', basis: 'b' };
  const admitted = live({ run: { ...answerOf(), began } });
  const waiting = live({ workflowId: 'run/default/B', runId: 'B-1', run: { ...answerOf(parked('B', 1)) } });
  expect(await repairRows(new MadeServer([admitted, waiting]), rows)).toBe(2);
  const slots = await rows.holders([ID, 'run/default/B']);
  expect(slots).toEqual([{ workflowId: ID, runId: 'A-1' }]);
});

it('all rows are repaired once before a worker first decides by them, and again after a failure', async () => {
  const many = Array.from({ length: 300 }, (_, n) => live({ workflowId: `run/default/${n}`, runId: `${n}-1` }));
  const server = new MadeServer(many.map((each, n) => ({ ...each, run: answerOf(parked(String(n), 1)) })));
  const upToDate = new RowsUpToDate();
  server.down = true;
  await expect(upToDate.ensure(server, rows)).rejects.toThrow('down');
  server.down = false;
  expect(await Promise.all([upToDate.ensure(server, rows), upToDate.ensure(server, rows)])).toEqual([300, 300]);
  server.down = true;
  expect(await upToDate.ensure(server, rows)).toBe(300);
});
