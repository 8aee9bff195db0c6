import { z } from 'zod';
import { EnvironmentView } from '../environment.ts';
import { UsageTotal, type ActionEntry, type RunAnswer } from '../reading.ts';
import type { ClosedRun } from './closed-run.ts';

/**
 * When a run reported something: by the start of its execution, in milliseconds since 1970, and by a number that grows with
 * each report of the execution. Run ids come in between: a server that resets a run keeps its start, and gives it a later id.
 */
export const Order = z.strictObject({ at: z.number(), seq: z.number().int() });
export type Order = z.output<typeof Order>;

const text = z.string();
const at = z.string();

/** The outcome in the row of a run that the server has lost with all its data, until it is started anew. */
export const LOST = 'lost';

/** What of a run changes at every transition, and what it is found by. It is small, because most activities carry it. */
export const RowState = z.object({
  order: Order,
  workflowId: text,
  firstRunId: text,
  runId: text,
  type: text,
  startedAt: at,
  workspace: text,
  task: z.object({ id: text, title: text, type: text }),
  repository: text,
  branch: text,
  base: text.optional(),
  pullRequest: z.number().optional(),
  pipeline: text.optional(),
  status: z.enum(['running', 'parked', 'paused', 'passed', 'failed', 'stopped']),
  current: z
    .object({
      step: z.number(),
      id: text,
      kind: text,
      phase: text,
      visit: text.optional(),
      attempt: z.number().optional(),
      attempts: z.number().optional(),
    })
    .nullable(),
  waitingOn: z.object({
    what: text,
    detail: text,
    since: at,
    deadline: at.optional(),
    nextLook: at.optional(),
    offers: z.array(text),
  }),
  head: text.optional(),
  mergeCommit: text.optional(),
  environment: EnvironmentView.loose().nullable(),
  usage: UsageTotal.loose(),
  /** How the run ended. */
  end: z.object({ at, outcome: text, reason: text.optional() }).optional(),
});
export type RowState = z.output<typeof RowState>;

/** The rest of a run: what its `run` answer says besides its steps, and what a retry needs of it. */
export interface RowRecord {
  /** The execution's start input as it was written, without `resume`. */
  input: Record<string, unknown>;
  /** The run that it continues, if it is a retry. */
  of?: string | undefined;
  answer: Omit<RunAnswer, 'steps'>;
  closed: ClosedRun;
}

/** What a run reports of itself. `record` and `actions` travel only with local activities, whose input is in no history. */
export interface RunNote {
  state: RowState;
  record?: RowRecord | undefined;
  /** The actions whose entries are new or have changed since they were last reported. */
  actions?: ActionEntry[] | undefined;
}

/** The second argument of an activity, if a run has something to report. */
export interface Along {
  note: RunNote;
}
