import type { BadField, ChangeReport, Holder, MergeReport } from '../workflows/contracts/activities.ts';
import type { Change } from '../workflows/contracts/change.ts';
import type { Failing } from '../workflows/contracts/outcome.ts';
import type { Policy } from '../workflows/contracts/policy.ts';
import type { BranchInventory } from './inventory.ts';

/** Where a change is to be found, before it is known to exist. */
export interface ChangeWish {
  repository: string;
  base?: string | undefined;
  branch: string;
  /** Whether the branch was named by a person, rather than made from the task's id. */
  branchGiven: boolean;
  pullRequest?: number | undefined;
  /** The commit of its base at which an earlier run of the change began: one that does not hold it is another repository. */
  basis?: string | undefined;
}

/** What holds on this forge where the policy does not say. */
export interface ForgeDefaults {
  /** How long a head without any check stays without a verdict. */
  checksGraceSeconds: number;
  /** What is tested before a merge: the head, or what the merge would make of it. */
  tested: NonNullable<Policy['tested']>;
}

export type ForgeExamined =
  /**
   * The repository has its one name in the change, however it was given. `writers`: names and e-mails of who has written on
   * a branch that is ahead of its base, besides us. `lacking`: what checkouts will not have, in a sentence for people.
   */
  | ({
      is: 'found';
      change: Change;
      head?: string;
      title?: string;
      writers?: string[];
      lacking?: string;
    } & ForgeDefaults)
  /** Paths as in the run's input: `change.repository`, `change.base`, `change.pullRequest`, `.gatehouse.yml:checks.x`. */
  | { is: 'refused'; fields: BadField[] };

/** What a merge is made of. */
export interface Expected {
  head: string;
  baseHead: string;
  message: string;
}

/** The checks of one commit as they stand. */
export interface Checks {
  /** Those that have ended. */
  ended: Failing[];
  /** The names of those that have not. */
  running: string[];
  /** Known to be none, ever. */
  none: boolean;
}

/** A source forge: branches, pull requests, checks, merges. */
export interface Forge extends BranchInventory {
  /** Says whether the change can be worked on. Makes nothing, and leaves nothing behind. */
  examine(wish: ChangeWish): Promise<ForgeExamined>;
  /**
   * Gives the work branch to one run. `isLive` tells whether the holder on record still runs; a branch held by a run that
   * has ended changes hands.
   */
  claim(
    change: Change,
    holder: Holder,
    isLive: (holder: Holder) => Promise<boolean>,
  ): Promise<{ is: 'ours' } | { is: 'held'; by: Holder }>;
  /** How the change stands. `foreign` are the commits between `known` and the head that gatehouse did not push. */
  look(change: Change, known?: string): Promise<ChangeReport>;
  /** Makes the pull request, or finds the one that is there; brings its number. */
  ensurePullRequest(change: Change, words: { title: string; body: string }): Promise<number>;
  /**
   * The checks of the commit. A forge that runs them itself starts them at the first look: once per commit and name,
   * each at most `checkSeconds` long. Red ones of another `round` are run once more.
   */
  checks(change: Change, head: string, limits: { checkSeconds: number; round: string }): Promise<Checks>;
  /** Ends the change's checks that still run, except those of this head: nobody waits for them any more. */
  endChecks(change: Pick<Change, 'repository' | 'branch'>, except?: string): Promise<void>;
  mergeability(change: Change): Promise<
    /** `behind`: the base has commits that the head does not hold. */
    | { is: 'mergeable'; head: string; baseHead: string; behind?: boolean }
    | { is: 'conflicted'; head: string; baseHead: string; files: string[] }
    | { is: 'nothing' }
    | { is: 'unknown'; because: string }
  >;
  /** Merges the base branch into the work branch and pushes it. A conflict leaves everything as it was. */
  updateFromBase(
    change: Change,
  ): Promise<
    | { is: 'merged' | 'current'; head: string }
    | { is: 'conflict'; head: string; files: string[] }
    | { is: 'refused'; because: string }
  >;
  /**
   * Commits these files, whole, onto the work branch, which is made from the base when it is not there. Files that the
   * branch has already, by content, commit nothing.
   */
  commitFiles(
    change: Change,
    commit: { files: Record<string, string>; message: string },
  ): Promise<
    { is: 'committed'; head: string } | { is: 'unchanged'; head?: string } | { is: 'refused'; because: string }
  >;
  /** All paths that differ between the merge base and this head. */
  changedPaths(change: Change, head: string): Promise<string[]>;
  /**
   * Makes the merge of this head into this base, on no branch, so that it can be checked. Asking again brings the same
   * commit. Nothing: head or base has moved, or they conflict.
   */
  mergeResult(change: Change, expected: Expected): Promise<string | undefined>;
  /**
   * Merges this head into this base, then deletes the work branch. Already merged is success. `commit`: what `mergeResult`
   * made; the base is moved to exactly that.
   */
  merge(change: Change, expected: Expected & { commit?: string | undefined }): Promise<MergeReport>;
  /** Orderly stop of this worker. */
  close?(): Promise<void>;
}
