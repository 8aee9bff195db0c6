import type { Holder } from '../workflows/contracts/activities.ts';

/**
 * What adapters have standing, for a survey to compare with the runs that there are (`gatehouse doctor`). Listing changes
 * nothing, and names only what this worker would clear away: a machine's processes and checkouts, say.
 */
export interface UnfinishedJob {
  key: string;
  /** Whether its agent runs; else only its checkout is left, or its report is not made yet. */
  running: boolean;
}

export interface JobInventory {
  /** Jobs that have no report yet, and those whose checkout is still there. */
  list(): Promise<UnfinishedJob[]>;
}

export interface EnvironmentInventory {
  /** The keys of all that were begun and not removed. */
  list(): Promise<string[]>;
}

/** A work branch that is on record for a run. */
export interface ClaimedBranch {
  repository: string;
  branch: string;
  holder: Holder;
  /** The checks that have no verdict yet, in number. */
  checks: number;
}

export interface BranchInventory {
  /** The work branches that runs hold, also of runs that have ended. */
  list(): Promise<ClaimedBranch[]>;
  /** Gives up a branch that this very holder has. Held by nobody or by another is fine. */
  release(change: { repository: string; branch: string }, holder: Holder): Promise<void>;
}

/** A notice that is kept for an adapter, for it could not be delivered yet. */
export interface KeptNotice {
  adapter: string;
  key: string;
  workflowId: string;
  /** When it was to be told. ISO time. */
  at: string;
  /** Why it is still here, where this worker has tried. */
  because?: string | undefined;
}

export interface NoticeInventory {
  list(): Promise<{
    kept: KeptNotice[];
    /** When the newest delivered notice of each workflow was to be told, by workflow id. ISO times. */
    told: Record<string, string>;
  }>;
  /** Tries now what is kept, whatever pause was due. */
  retell(): Promise<void>;
}
