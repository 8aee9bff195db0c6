/** The part of the worker's configuration that activities use. */
export interface Settings {
  /** How often to poll what sends no hints, in milliseconds. */
  lookMs: number;
  /** How long a call of a port may take, in milliseconds. Default: ten minutes. */
  callMs?: number;
  /** The task queue for what we start. */
  taskQueue: string;
  /** Cents per calendar month in UTC, over all runs. Default: no limit. */
  budgetCents?: number | undefined;
  /** Live runs on one repository: all types together, or each type. */
  taskLimit?: TaskLimit | undefined;
}

export type TaskLimit = { shared: number } | { perType: Readonly<Record<string, number>> };
