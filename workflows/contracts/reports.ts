import { z } from 'zod';
import type { Change, ForeignCommit } from './change.ts';
import type { Task } from './pipeline-run.ts';

/** One thing that is red: a check, or a file in conflict. */
export const Failing = z.object({
  name: z.string(),
  conclusion: z.string(),
  url: z.string().optional(),
  /** The end of its output, for its fixer. */
  log: z.string().optional(),
});
export type Failing = z.infer<typeof Failing>;

/** GitHub's conclusions that block nothing. All others do, and so does a missing one. */
export const PASSING: ReadonlySet<string> = new Set(['success', 'neutral', 'skipped']);

/** What a poll saw of a change. `head` is absent while the work branch does not exist. */
export interface ChangeReport {
  state: 'open' | 'merged' | 'closed';
  head?: string;
  /** The base branch's head commit. */
  baseHead: string;
  /** The pull request's base, if it is no longer the change's. */
  base?: string;
  mergeCommit?: string;
  /** Commits that are new since the known head, and not ours. */
  foreign: ForeignCommit[];
  /** False: the head does not descend from the known one, because the branch was reset or rewritten. */
  descends?: boolean;
  /** A note for people about the merge or the close. */
  note?: string;
}

/** What a person must approve at the forge before it runs, such as the workflows of a first contributor. */
export interface HeldCheck {
  name: string;
  url: string;
}

/** The settled checks of one commit: one of them is red, or none is running. */
export interface CheckReport {
  head: string;
  /** Not settled: it is another head than the only one whose checks may run. */
  isOther?: boolean;
  /** Not settled: a person must approve these at the forge first. None: no longer. */
  held?: HeldCheck[];
  checks: Failing[];
  /** Those that are still running, because a red one has decided already. None: all have ended. */
  running?: string[];
  /** There will never be any: none are configured. */
  none: boolean;
  foreign: ForeignCommit[];
  descends?: boolean;
  state: ChangeReport['state'];
  base?: string;
}

export interface CheckQuestion {
  change: Change;
  /** The head that the run knows, so that the report names new foreign commits. */
  known?: string | undefined;
  graceSeconds: number;
  /** Since when the known head has had no check. The run remembers it, so that hints do not restart the grace period. */
  bareSince?: { head: string; at: string } | undefined;
  checkSeconds: number;
  /** Red checks of an earlier round run again. Retries and restarts begin a new round. */
  round: string;
  /** Checks that are pending after this ISO time are a timeout. */
  deadline?: string | undefined;
  /** What is shown as held at the forge. Another answer is reported at once. */
  held?: HeldCheck[] | undefined;
  /** Whether only the checks of the known head may run, because the change comes from a fork. */
  onlyKnown?: boolean | undefined;
}

/** Asks for the checks of the merge of one head into one base. The merge is on no branch yet. */
export interface MergeResultQuestion {
  change: Change;
  head: string;
  baseHead: string;
  task: Task;
  checkSeconds: number;
  round: string;
  /** Checks that are pending after this ISO time are a timeout. */
  deadline?: string | undefined;
}

export type MergeResultReport =
  /** `commit` is the merge that was checked. `running`: those that are still running, because a red one has decided already. */
  | { is: 'checked'; commit: string; checks: Failing[]; running?: string[] }
  /** Head or base has moved, or they no longer merge. The change must be judged again. */
  | { is: 'moved' }
  /** The forge's checks run on branches only. So the base must be merged into the work branch. */
  | { is: 'branch-only' };

export type MergeabilityReport =
  /**
   * `behind`: the base has commits that the head lacks, so the merge result is neither of the two. `restores`: commits that
   * were removed from the base since the run began, by rewriting it, and that merging would bring back.
   */
  | ({ is: 'mergeable'; head: string; baseHead: string; behind?: boolean; restores?: string[] } & Seen)
  | ({ is: 'conflicted'; head: string; baseHead: string; files: string[] } & Seen)
  /** There is no work branch, so there is nothing to merge. */
  | ({ is: 'nothing' } & Seen);

/** What the poll saw of the change besides. */
export type Seen = Pick<ChangeReport, 'foreign' | 'descends' | 'state' | 'mergeCommit' | 'note' | 'base'>;

export type UpdateReport =
  | ({ is: 'merged' | 'current'; head: string } & Came)
  | ({ is: 'conflict'; head: string; files: string[] } & Came)
  | { is: 'refused'; because: string };

type Came = Pick<ChangeReport, 'foreign' | 'descends'>;

/** How committing documents ended. `unchanged`: the branch has the same files already. */
export type CommitReport =
  | {
      is: 'committed' | 'unchanged';
      head?: string | undefined;
      foreign: ForeignCommit[];
      descends?: boolean;
      pullRequest?: number | undefined;
    }
  | { is: 'refused'; because: string };

/** What a merge waits for at the forge. `because` changes with it. */
export interface MergeWait {
  for: 'reviews' | 'queue';
  because: string;
  url?: string | undefined;
}

export type MergeReport =
  /** `note`: what a person should know about it, such as another merge method than the policy's. */
  | { is: 'merged'; mergeCommit: string; head: string; note?: string }
  /** Head or base is no longer what was judged. */
  | { is: 'moved'; head?: string; baseHead: string }
  | { is: 'conflicted'; files: string[] }
  /** The forge demands that the head contains the base. */
  | { is: 'behind'; because: string }
  /** Required checks are missing or red at the forge, or its merge queue has ejected the change. */
  | { is: 'unchecked'; because: string }
  /** The forge waits for reviews, or its merge queue has the change. The merge is asked for again when that has changed. */
  | ({ is: 'waiting' } & MergeWait)
  /** The forge refuses, for a reason that a person can fix. */
  | { is: 'refused'; because: string };
