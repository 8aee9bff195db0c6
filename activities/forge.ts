import type { BadField, ChangeReport, RunOwner, MergeReport } from '../workflows/contracts/activities.ts';
import type { Change } from '../workflows/contracts/change.ts';
import type { Failing, HeldCheck } from '../workflows/contracts/reports.ts';
import type { Policy } from '../workflows/contracts/policy.ts';
import type { BranchInventory } from './inventory.ts';

/** A change as a run's input describes it, before it is known to exist. */
export interface ChangeWish {
  repository: string;
  base?: string | undefined;
  branch: string;
  /** Whether a person named the branch. Otherwise it is made from the task's id. */
  branchGiven: boolean;
  pullRequest?: number | undefined;
  /**
   * The commit of its base at which an earlier run of the change began. A repository without this commit is a different one.
   */
  basis?: string | undefined;
  /** Only looks: that we may not write there is no refusal, nor that commands are not isolated here. */
  lookOnly?: boolean | undefined;
}

/** The forge's defaults for options that the policy does not set. */
export interface ForgeDefaults {
  /** How long a head without any check stays without a verdict. */
  checksGraceSeconds: number;
  /** What is tested before a merge: the head, or the result of the merge. */
  tested: NonNullable<Policy['tested']>;
}

export type ForgeExamined =
  /**
   * The change has its repository's canonical name, however it was given. `writers`: names and e-mails of everybody except
   * us who wrote commits of a branch that is ahead of its base. `lacking`: a sentence about files that checkouts will not
   * have. `mergeMethods`: all that the forge can do, if that is known. Of an existing pull request: `title`, `description`,
   * and whether it comes from a `fork`.
   */
  | ({
      is: 'found';
      change: Change;
      head?: string;
      title?: string;
      description?: string;
      fork?: boolean;
      writers?: string[];
      lacking?: string;
      mergeMethods?: NonNullable<Policy['mergeMethod']>[];
    } & ForgeDefaults)
  /** Paths as in the run's input: `change.repository`, `change.base`, `change.pullRequest`, `.gatehouse.yml:checks.x`. */
  | { is: 'refused'; fields: BadField[] };

/** The commits and the message of a merge. */
export interface Expected {
  head: string;
  baseHead: string;
  message: string;
}

/** The present state of the checks of one commit. */
export interface Checks {
  /** The checks that have ended. */
  ended: Failing[];
  /** The names of the checks that have not ended. */
  running: string[];
  /** Whether it is certain that there will never be any. */
  none: boolean;
  /** Whether we run some of those that have not ended ourselves, so that polls are frequent. */
  ours?: boolean | undefined;
  /** What a person must approve at the forge before its checks run. */
  held?: HeldCheck[] | undefined;
  /**
   * The forge's own CI has reported nothing on this head, although others of its repository have checks. `because`: why it
   * does not pass, however long that is so.
   */
  bare?: { because?: string | undefined } | undefined;
}

/** A diff in git's own format, between two commits. `truncated`: there is more of it. */
export interface Diff {
  bytes: Buffer;
  truncated: boolean;
  base: string;
  head: string;
}

/** A source forge: branches, pull requests, checks, merges. */
export interface Forge extends BranchInventory {
  /** Examines whether the change can be worked on. Creates nothing. */
  examine(wish: ChangeWish): Promise<ForgeExamined>;
  /**
   * Gives the work branch to one run. `isLive` returns whether the recorded owner still runs. If it has ended, the branch
   * gets the new owner.
   */
  claim(
    change: Change,
    holder: RunOwner,
    isLive: (holder: RunOwner) => Promise<boolean>,
  ): Promise<{ is: 'ours' } | { is: 'held'; by: RunOwner }>;
  /** The state of the change. `foreign`: the commits between `known` and the head that gatehouse did not push. */
  look(change: Change, known?: string): Promise<ChangeReport>;
  /** Makes the pull request, or finds it. Returns its number. */
  ensurePullRequest(change: Change, words: { title: string; body: string }): Promise<number>;
  /**
   * The checks of the commit. A forge that runs them itself starts them at the first call: once per commit and name, each
   * for at most `checkSeconds`. Red ones of another `round` run once more.
   */
  checks(change: Change, head: string, limits: { checkSeconds: number; round: string }): Promise<Checks>;
  /** Has these red checks of the head run again, where they can run alone. Returns the names of those that will. */
  rerunFailed(change: Change, head: string, names: readonly string[]): Promise<string[]>;
  /** Ends the running checks of the change's other heads, because nobody waits for them. */
  endChecks(change: Pick<Change, 'repository' | 'branch'>, except?: string): Promise<void>;
  mergeability(change: Change): Promise<
    /** `behind`: the base has commits that the head does not contain. */
    | { is: 'mergeable'; head: string; baseHead: string; behind?: boolean }
    | { is: 'conflicted'; head: string; baseHead: string; files: string[] }
    | { is: 'nothing' }
    | { is: 'unknown'; because: string }
  >;
  /** Merges the base branch into the work branch and pushes it. A conflict changes nothing. */
  updateFromBase(
    change: Change,
  ): Promise<
    | { is: 'merged' | 'current'; head: string }
    | { is: 'conflict'; head: string; files: string[] }
    | { is: 'refused'; because: string }
  >;
  /**
   * Commits all of these files, or none, to the work branch. Creates the branch from its base if it does not exist. If the
   * branch already has these contents, nothing is committed.
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
   * The diff of the change, or of its merge. `known`: what is known of one whose branch is gone. Undefined: there is nothing to
   * compare. A forge without it shows none.
   */
  diff?(
    change: Omit<Change, 'basis'>,
    known: { head?: string | undefined; mergeCommit?: string | undefined },
  ): Promise<Diff | undefined>;
  /**
   * Makes the merge of this head into this base, on no branch, so that it can be checked. Calling again returns the same
   * commit. `moved`: head or base has moved, or they conflict. `branch-only`: the forge's checks run on branches only.
   */
  mergeResult(
    change: Change,
    expected: Expected,
  ): Promise<{ is: 'made'; commit: string } | { is: 'moved' } | { is: 'branch-only' }>;
  /**
   * Merges this head into this base, then deletes the work branch. A head that is merged already is a success. `commit`: the
   * result of `mergeResult`, to which the base is moved exactly. `method`: the policy's merge method. While it answers
   * `waiting`, it is asked again: it must not merge before what it waits for is there, and never twice.
   */
  merge(
    change: Change,
    expected: Expected & { commit?: string | undefined; method?: Policy['mergeMethod'] },
  ): Promise<MergeReport>;
  /**
   * The pause between two polls of a change, in milliseconds, if `wishedMs` is configured. Without it, polls are as configured,
   * and more frequent at first.
   */
  pollEvery?(change: Pick<Change, 'repository'>, wishedMs: number): Promise<number | undefined>;
  /** Orderly stop of this worker. */
  close?(): Promise<void>;
}
