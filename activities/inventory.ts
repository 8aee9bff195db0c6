import type { RunOwner } from '../workflows/contracts/activities.ts';

/**
 * Lists of what adapters have at present, which a survey compares with the existing runs (`gatehouse doctor`). Listing
 * changes nothing, and includes only things that this worker could clear away, such as its machine's processes and
 * checkouts.
 */
export interface UnfinishedJob {
  key: string;
  /** Whether its agent runs. If not, only its checkout is left, or its report is missing. */
  running: boolean;
}

export interface JobInventory {
  /** Jobs that have no report yet, and jobs whose checkout still exists. */
  list(): Promise<UnfinishedJob[]>;
}

export interface EnvironmentInventory {
  /** The keys of all environments that were begun and not removed. */
  list(): Promise<string[]>;
}

/** A work branch with a recorded owner. */
export interface ClaimedBranch {
  repository: string;
  branch: string;
  holder: RunOwner;
  /** How many checks have no verdict yet. */
  checks: number;
}

export interface BranchInventory {
  /** The work branches that have an owner, even if that run has ended. */
  list(): Promise<ClaimedBranch[]>;
  /** Releases a branch that has exactly this owner. A branch with another owner, or none, is left alone. */
  release(change: { repository: string; branch: string }, holder: RunOwner): Promise<void>;
}

/** A notice that could not be delivered yet. */
export interface KeptNotice {
  adapter: string;
  key: string;
  workflowId: string;
  /** When the notice was made. ISO time. */
  at: string;
  /** The reason of the last failed delivery, if this worker has tried. */
  because?: string | undefined;
}

export interface NoticeInventory {
  list(): Promise<{
    kept: KeptNotice[];
    /** When the newest delivered notice of each workflow was made, by workflow id. ISO times. */
    told: Record<string, string>;
  }>;
  /** Tries to deliver kept notices now, without waiting for the next attempt. */
  retell(): Promise<void>;
}
