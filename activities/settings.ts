/** What of the worker's configuration the activities go by. */
export interface Settings {
  /** How often a thing that sends no hints is looked at, in milliseconds. */
  lookMs: number;
  /** How long a call of a port may take, in milliseconds. None: ten minutes. */
  callMs?: number;
  /** The task queue on which what we start is to run. */
  taskQueue: string;
  /** Cents per calendar month in UTC, over all runs; none is no limit. */
  budgetCents?: number | undefined;
  /** Live runs on one repository: of all types together, or of each. */
  taskLimit?: TaskLimit | undefined;
}

export type TaskLimit = { shared: number } | { perType: Readonly<Record<string, number>> };
