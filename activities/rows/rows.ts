import type { RunOwner } from '../../workflows/contracts/environment.ts';
import type { ActionEntry } from '../../workflows/contracts/reading.ts';
import type { RowRecord, RowState, RunNote } from '../../workflows/contracts/run/row.ts';

/** A run's record as it is kept. `ended`: the run has ended, so that it is complete. */
export interface KeptRecord extends RowRecord {
  /** The execution that reported it last. */
  runId: string;
  ended: boolean;
}

/** A row that has not ended, as far as queries of many rows read it. */
export interface OpenRow {
  workflowId: string;
  runId: string;
  status: string;
  /** As the search attribute shows it: `<kind>:<phase>`. */
  phase?: string | undefined;
  waitingSince: string;
}

export interface Admission {
  holder: RunOwner;
  repository: string;
  type: string;
  /** How many runs may be live. `besides`: runs that count, and have no slot. No limit: everybody is admitted. */
  limit?: { most: number; perType: boolean; besides: readonly string[] } | undefined;
}

/** What is kept of each run in the database, for good. Every call throws while the database does not answer. */
export interface Rows {
  /** Writes a report. One that is older than the row changes nothing, except that its actions are added to the log. */
  write(note: RunNote): Promise<void>;
  /** Replaces a row that is as it was read. `slot`: the run has one of its repository. Returns false if it has changed meanwhile. */
  repair(note: RunNote, before: RowState | undefined, has?: { slot: boolean }): Promise<boolean>;
  read(workflowId: string): Promise<RowState | undefined>;
  /** The record of the newest run, or of the run whose last execution this is. */
  record(workflowId: string, runId?: string): Promise<KeptRecord | undefined>;
  /** Every action on the runs of a workflow id, oldest first. */
  actions(workflowId: string): Promise<ActionEntry[]>;
  open(): Promise<OpenRow[]>;
  /** The rows of runs that have not ended, or that were found lost and are not started anew yet. */
  unrecovered(): Promise<RowState[]>;
  /** Begins the record of a run with its start input. A record that exists stays. */
  begin(run: RunOwner & { startedAt: number; input: RowRecord['input']; of?: string | undefined }): Promise<void>;
  /** The keys of jobs and environments that begin so and that are not finished, of all workers. */
  unfinished(prefixes: { jobs: string; environments: string }): Promise<{ jobs: string[]; environments: string[] }>;
  /** Whether the run of this id whose first run id ends like this has ended, by its record. */
  hasEnded(workflowId: string, tail: string): Promise<boolean>;
  /** Which of these have a row. */
  known(workflowIds: readonly string[]): Promise<Set<string>>;
  /** Takes a slot of the repository in one transaction. Returns the live runs that leave no room, or none. */
  admit(admission: Admission): Promise<string[]>;
  /** Who has the slots of these workflow ids. */
  holders(workflowIds: readonly string[]): Promise<RunOwner[]>;
  /** Gives a slot back. */
  release(holder: RunOwner): Promise<void>;
}
