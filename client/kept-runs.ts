import type { KeptRecord } from '../activities/rows/rows.ts';
import type { OutputAnswer } from '../workflows/contracts/reading.ts';
import type { RowState } from '../workflows/contracts/run/row.ts';
import { asEnded, type Ended, type Read } from './ends.ts';
import type { ClientRows } from './rows.ts';

/** A run of which the server keeps no history, or which no build here can replay, as the database has it. */
export interface KeptRun {
  row: RowState;
  record: KeptRecord | undefined;
}

export const keptRun = (rows: ClientRows | undefined, workflowId: string): Promise<KeptRun | undefined> =>
  rows?.ask(async (all) => {
    const row = await all.read(workflowId);
    return row && { row, record: await all.record(workflowId, row.runId) };
  }) ?? Promise.resolve(undefined);

/** What the record says that the run itself would answer. Only its settled steps are kept. */
export const answerOf = ({ row, record }: KeptRun): Partial<Read['run']> => ({
  ...record?.answer,
  ...(record && { steps: record.closed.settled }),
  status: row.status,
  waitingOn: row.waitingOn as Read['run']['waitingOn'],
  current: null,
});

/** How the run ended, as its row says. A run that has not ended, and that the server does not know, is lost. */
export function endOfRow({ row: { end, head, mergeCommit, status } }: KeptRun): Ended {
  if (status === 'passed' && end)
    return { is: 'done', result: { outcome: end.outcome, ...(mergeCommit && { mergeCommit }), ...(head && { head }) } };
  const lost = 'The Temporal server does not know this run any more, and it had not ended.';
  const message = end ? (end.reason ?? `The run has ended as ${end.outcome}.`) : lost;
  return {
    is: 'lost',
    status: status === 'stopped' ? 'CANCELLED' : 'FAILED',
    type: end?.outcome ?? 'lost',
    message,
    fields: [],
  };
}

/** A run that the server does not know, as people and programs read it. */
export function readOfRow(kept: KeptRun): Read {
  const { workflowId, end: ending } = kept.row;
  const end = endOfRow(kept);
  return { run: asEnded({ ...answerOf(kept), workflowId }, end, ending?.at), end, pending: [], source: 'row' };
}

/** What a settled step has made. Null if the record has none of it. */
export function outputOf({ closed }: KeptRecord, step: number): OutputAnswer | null {
  const entry = closed.settled.find((each) => each.step === step);
  const made = entry && closed.outputs[entry.id];
  return made ? { step, kind: entry.kind, ...made } : null;
}
