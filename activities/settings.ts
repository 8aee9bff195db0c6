/** The part of the worker's configuration that activities use. */
export interface Settings {
  /** How often to poll sources that send no hints, in milliseconds. */
  lookMs: number;
  /** How long a call of a port may take, in milliseconds. Default: ten minutes. */
  callMs?: number;
  /** The task queue of the workflows that activities start. */
  taskQueue: string;
  /** Cents per calendar month in UTC, over all runs. Default: no limit. */
  budgetCents?: number | undefined;
  /** The maximum number of live runs on one repository: of all types together, or of each type. */
  taskLimit?: TaskLimit | undefined;
}

export type TaskLimit = { shared: number } | { perType: Readonly<Record<string, number>> };
