import { z } from 'zod';
import type { Insertable, Selectable } from 'kysely';
import { withoutPasswords } from '../../../workflows/contracts/bad-fields.ts';
import { ActionEntry } from '../../../workflows/contracts/reading.ts';
import { RowState, type RowRecord } from '../../../workflows/contracts/run/row.ts';
import type { KeptRecord, Rows } from '../../rows/rows.ts';
import type { Cipher } from './cipher.ts';
import type { RunTables } from './run-tables.ts';

/** JSON in which addresses have no passwords, encrypted. */
const encrypted = (value: unknown, cipher: Cipher): string =>
  cipher.encrypt(
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? withoutPasswords(each) : each)),
  );
const decrypted = (text: string, cipher: Cipher): unknown => JSON.parse(cipher.decrypt(text));

export function rowValues(state: RowState, cipher: Cipher): Insertable<RunTables['runs']> {
  const { order, task, current, waitingOn, end, usage } = state;
  return {
    workflow_id: state.workflowId,
    first_run_id: state.firstRunId,
    run_id: state.runId,
    run_at: order.at,
    seq: order.seq,
    type: state.type,
    started_at: Date.parse(state.startedAt),
    workspace: state.workspace,
    task: task.id,
    task_type: task.type,
    repository: withoutPasswords(state.repository),
    branch: state.branch,
    pipeline: state.pipeline ?? null,
    status: state.status,
    step: current?.kind ?? null,
    phase: current?.phase ?? null,
    visit: current?.visit ?? null,
    waiting_on: waitingOn.what,
    waiting_since: Date.parse(waitingOn.since),
    merge_commit: state.mergeCommit ?? null,
    outcome: end?.outcome ?? null,
    ended_at: end ? Date.parse(end.at) : null,
    cost_cents: usage.costCents,
    state: encrypted(state, cipher),
  };
}

export const rowIn = (text: string, cipher: Cipher): RowState => RowState.parse(decrypted(text, cipher));

export const recordValues = (
  { workflowId, firstRunId, runId, order, end }: RowState,
  { input, of, answer, closed }: RowRecord,
  cipher: Cipher,
): Insertable<RunTables['run_records']> => ({
  workflow_id: workflowId,
  first_run_id: firstRunId,
  run_id: runId,
  run_at: order.at,
  seq: order.seq,
  ended: end ? 1 : 0,
  continues: of ?? null,
  input: encrypted(input, cipher),
  answer: encrypted(answer, cipher),
  closed: encrypted(closed, cipher),
});

/** The hashes of the texts that a record names, wherever. Anything else of this form does no harm. */
export const textsIn = ({ answer, closed }: RowRecord): string[] => [
  ...new Set(JSON.stringify([answer, closed]).match(/(?<=")[0-9a-f]{64}(?=")/g)),
];

/** A record that has nothing but the start input. Whatever the run itself reports is newer. */
export const beginningValues = (
  { workflowId, runId, startedAt, input, of }: Parameters<Rows['begin']>[0],
  cipher: Cipher,
): Insertable<RunTables['run_records']> => ({
  workflow_id: workflowId,
  first_run_id: runId,
  run_id: runId,
  run_at: startedAt - 1,
  seq: 0,
  ended: 0,
  continues: of ?? null,
  input: encrypted(input, cipher),
  answer: encrypted({ workflowId }, cipher),
  closed: encrypted({ settled: [], visits: {}, foreign: [], actions: [], outputs: {}, reviews: {} }, cipher),
});

const Input = z.record(z.string(), z.unknown());
/** What our own workflows have reported is read as it was written. The field that every record has distinguishes it from anything else. */
const Answer = z.looseObject({ workflowId: z.string() }).transform((answer) => answer as object as RowRecord['answer']);
const Closed = z
  .looseObject({ settled: z.array(z.unknown()) })
  .transform((run) => run as object as RowRecord['closed']);

export const recordIn = (
  { run_id, ended, continues, input, answer, closed }: Selectable<RunTables['run_records']>,
  cipher: Cipher,
): KeptRecord => ({
  runId: run_id,
  ended: ended === 1,
  of: continues ?? undefined,
  input: Input.parse(decrypted(input, cipher)),
  answer: Answer.parse(decrypted(answer, cipher)),
  closed: Closed.parse(decrypted(closed, cipher)),
});

export const actionValues = (
  { workflowId, firstRunId }: RowState,
  { actionId, action, by, via, at, visit, verdict, code, because, effect, repeats, input }: ActionEntry,
  cipher: Cipher,
): Insertable<RunTables['audit']> => ({
  workflow_id: workflowId,
  action_id: actionId,
  at,
  first_run_id: firstRunId,
  action,
  who: by ?? null,
  via: via ?? null,
  visit: visit ?? null,
  verdict,
  code: code ?? null,
  because: because === undefined ? null : encrypted(because, cipher),
  effect: effect ?? null,
  repeats,
  input: input === undefined ? null : encrypted(input, cipher),
});

export const actionsIn = (rows: Selectable<RunTables['audit']>[], cipher: Cipher): ActionEntry[] =>
  rows.map(({ action_id, action, who, via, at, visit, verdict, code, because, effect, repeats, input }) =>
    ActionEntry.parse({
      actionId: action_id,
      action,
      at,
      verdict,
      repeats,
      ...present({ by: who, via, visit, code, effect }),
      ...(because !== null && { because: decrypted(because, cipher) }),
      ...(input !== null && { input: decrypted(input, cipher) }),
    }),
  );

const present = (fields: Record<string, string | null>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
