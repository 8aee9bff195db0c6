/** The tables of runs, as the newest migration leaves them. Columns that are encrypted where keys are set say so. */
export interface RunTables {
  runs: RunsTable;
  run_records: RunRecordsTable;
  audit: AuditTable;
  slots: SlotsTable;
}

/** When a run reported something: see `Order`. */
interface Ordered {
  run_at: number;
  seq: number;
}

/** The newest run of each workflow id, as it last reported itself. */
interface RunsTable extends Ordered {
  workflow_id: string;
  first_run_id: string;
  run_id: string;
  type: string;
  started_at: number;
  workspace: string;
  task: string;
  task_type: string;
  repository: string;
  branch: string;
  pipeline: string | null;
  status: string;
  step: string | null;
  phase: string | null;
  visit: string | null;
  waiting_on: string;
  waiting_since: number;
  merge_commit: string | null;
  outcome: string | null;
  ended_at: number | null;
  cost_cents: number;
  /** JSON of `RowState`, encrypted. The other columns are for queries. */
  state: string;
}

/** What a retry needs of each run, and what `show` needs when the server no longer knows it. */
interface RunRecordsTable extends Ordered {
  workflow_id: string;
  first_run_id: string;
  /** The execution that reported it: the newest one of the chain that has. */
  run_id: string;
  /** 1 if the run has ended, so that the record is complete. */
  ended: number;
  /** The run id of the execution from which a retry continues. */
  continues: string | null;
  /** JSON, encrypted. */
  input: string;
  answer: string;
  closed: string;
}

/** Every action that a run has taken or refused. Nothing is ever deleted. */
interface AuditTable {
  workflow_id: string;
  action_id: string;
  at: string;
  first_run_id: string;
  action: string;
  who: string | null;
  via: string | null;
  visit: string | null;
  verdict: string;
  code: string | null;
  /** Encrypted. */
  because: string | null;
  effect: string | null;
  repeats: number;
  /** Encrypted. */
  input: string | null;
}

/** The live runs that count against the task limit of a repository. */
interface SlotsTable {
  workflow_id: string;
  first_run_id: string;
  repository: string;
  task_type: string;
  taken_at: number;
}
