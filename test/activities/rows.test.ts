import { jest } from '@jest/globals';
import { StateUnavailable } from '../../activities/adapters/state/failures.ts';
import { rowActivities } from '../../activities/rows.ts';
import type { Rows } from '../../activities/rows/rows.ts';
import { RowWriter } from '../../activities/rows/writer.ts';
import type { RunNote } from '../../workflows/contracts/run/row.ts';
import { actionOf, noteOf, recordOf, stateOf } from '../support/state/notes.ts';

afterEach(() => jest.useRealTimers());

/** A database that can be down, or slow. */
class MadeRows {
  readonly written: RunNote[] = [];
  failure: Error | undefined;
  hold: Promise<void> | undefined;

  write = async (note: RunNote): Promise<void> => {
    await this.hold;
    if (this.failure) throw this.failure;
    this.written.push(note);
  };
}
const activitiesOf = (rows: MadeRows) => rowActivities({ rows: rows as unknown as Rows });

it('a report is written before noteRun returns', async () => {
  const rows = new MadeRows();
  await activitiesOf(rows).noteRun(noteOf(stateOf('A', 1)));
  expect(rows.written).toEqual([noteOf(stateOf('A', 1))]);
});

it('an activity does not wait for what it carries, and does not see it', async () => {
  const rows = new MadeRows();
  rows.hold = new Promise(() => undefined);
  const looked: unknown[][] = [];
  const { look } = activitiesOf(rows).carrying({ look: async (...question: unknown[]) => looked.push(question) });
  await look({ known: 'a' }, { note: noteOf(stateOf('A', 1)) });
  await look({ known: 'b' });
  expect(looked).toEqual([[{ known: 'a' }], [{ known: 'b' }]]);
});

it('noteRun waits for two seconds at most', async () => {
  jest.useFakeTimers();
  const rows = new MadeRows();
  rows.hold = new Promise(() => undefined);
  const noting = activitiesOf(rows).noteRun(noteOf(stateOf('A', 1)));
  await jest.advanceTimersByTimeAsync(2_000);
  await expect(noting).resolves.toBeUndefined();
});

it('without a database, reports are dropped', async () => {
  await expect(rowActivities({}).noteRun(noteOf(stateOf('A', 1)))).resolves.toBeUndefined();
});

it('what could not be written is written once the database answers, with what came meanwhile', async () => {
  jest.useFakeTimers();
  const rows = new MadeRows();
  const writer = new RowWriter(rows);
  rows.failure = new StateUnavailable('down');
  await writer.write(noteOf(stateOf('A', 1), { record: recordOf(), actions: [actionOf('a-1')] }));
  await writer.write(noteOf(stateOf('A', 2), { actions: [actionOf('a-2')] }));
  await writer.write(noteOf(stateOf('B', 1)));
  expect(writer.left).toBe(2);
  rows.failure = undefined;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(writer.left).toBe(0);
  const actions = [actionOf('a-1'), actionOf('a-2')];
  expect(rows.written).toEqual([{ state: stateOf('A', 2), record: recordOf(), actions }, noteOf(stateOf('B', 1))]);
});

it('what can never be written does not hold up the others', async () => {
  const rows = new MadeRows();
  const writer = new RowWriter(rows);
  rows.failure = new Error('no such column');
  await writer.write(noteOf(stateOf('A', 1)));
  rows.failure = undefined;
  await writer.write(noteOf(stateOf('B', 1)));
  expect(writer.left).toBe(0);
  expect(rows.written).toEqual([noteOf(stateOf('B', 1))]);
});

it('reports that come while another is written are all written', async () => {
  const rows = new MadeRows();
  const writer = new RowWriter(rows);
  await Promise.all([1, 2, 3].map((seq) => writer.write(noteOf(stateOf('A', seq)))));
  expect(rows.written.at(-1)).toEqual(noteOf(stateOf('A', 3)));
  expect(writer.left).toBe(0);
});
