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

/** One look at a change. `head` is absent while the work branch does not exist. */
export interface ChangeReport {
  state: 'open' | 'merged' | 'closed';
  head?: string;
  /** The base branch's head commit. */
  baseHead: string;
  mergeCommit?: string;
  /** Commits that are new since the head given, and not ours. */
  foreign: ForeignCommit[];
  /** False: the head does not descend from the one given, for the branch was set back, or written anew. */
  descends?: boolean;
  /** What people are to know of it, where it is merged or closed. */
  note?: string;
}

/** Settled checks of one commit: one of them is red, or none is running. */
export interface CheckReport {
  head: string;
  checks: Failing[];
  /** Those that still run, for one that is red has decided. None: all have ended. */
  running?: string[];
  /** Known to be none, ever: nothing is configured. */
  none: boolean;
  foreign: ForeignCommit[];
  descends?: boolean;
  state: ChangeReport['state'];
}

export interface CheckQuestion {
  change: Change;
  /** The head that the run knows, so that the answer names what is new and foreign. */
  known?: string | undefined;
  graceSeconds: number;
  /** Since when the known head has been seen without any check; the run remembers it, so that hints do not renew it. */
  bareSince?: { head: string; at: string } | undefined;
  checkSeconds: number;
  /** Red checks of an earlier round run again: retry and restartFrom begin a new one. */
  round: string;
  /** After it, checks still pending are a timeout. ISO time. */
  deadline?: string | undefined;
}

/** The merge of one head into one base, which is on no branch yet: what its checks say. */
export interface MergeResultQuestion {
  change: Change;
  head: string;
  baseHead: string;
  task: Task;
  checkSeconds: number;
  round: string;
  /** After it, checks still pending are a timeout. ISO time. */
  deadline?: string | undefined;
}

export type MergeResultReport =
  /** `commit` is the merge that was checked. `running`: those that still run, for one that is red has decided. */
  | { is: 'checked'; commit: string; checks: Failing[]; running?: string[] }
  /** Head or base is no longer what it was, or they do not merge any more: judged again. */
  | { is: 'moved' };

export type MergeabilityReport =
  /**
   * `behind`: the base has commits that the head does not hold: then what merging makes is neither of the two. `restores`:
   * commits that the base's owner has removed since the run began, by a rewritten history, and that merging would bring
   * back.
   */
  | ({ is: 'mergeable'; head: string; baseHead: string; behind?: boolean; restores?: string[] } & Seen)
  | ({ is: 'conflicted'; head: string; baseHead: string; files: string[] } & Seen)
  /** There is no work branch, hence nothing to merge. */
  | ({ is: 'nothing' } & Seen);

/** What the look says that goes with another answer. */
export type Seen = Pick<ChangeReport, 'foreign' | 'descends' | 'state' | 'mergeCommit' | 'note'>;

export type UpdateReport =
  | ({ is: 'merged' | 'current'; head: string } & Came)
  | ({ is: 'conflict'; head: string; files: string[] } & Came)
  | { is: 'refused'; because: string };

type Came = Pick<ChangeReport, 'foreign' | 'descends'>;

/** What became of documents that we were to commit. `unchanged`: the branch has them already, by content. */
export type CommitReport =
  | {
      is: 'committed' | 'unchanged';
      head?: string | undefined;
      foreign: ForeignCommit[];
      descends?: boolean;
      pullRequest?: number | undefined;
    }
  | { is: 'refused'; because: string };

export type MergeReport =
  | { is: 'merged'; mergeCommit: string; head: string }
  /** Head or base is no longer what was judged. */
  | { is: 'moved'; head?: string; baseHead: string }
  | { is: 'conflicted'; files: string[] }
  /** The forge will not, for a reason that a person can mend. */
  | { is: 'refused'; because: string };
