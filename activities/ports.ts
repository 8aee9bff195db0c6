import type {
  BadField,
  ChangeLook,
  EnvironmentRequest,
  Holder,
  Job,
  JobReport,
  MergeReport,
  Signal,
  SiteLook,
} from '../workflows/contracts/activities.ts';
import type { Change } from '../workflows/contracts/change.ts';
import type { Notice } from '../workflows/contracts/notices.ts';
import type { Failing } from '../workflows/contracts/outcome.ts';
import type { Task } from '../workflows/contracts/pipeline-run.ts';
import type { Policy } from '../workflows/contracts/policy.ts';
import type { BranchInventory, JobInventory, NoticeInventory, SiteInventory } from './inventory.ts';

/**
 * What an adapter must bring: one narrow interface per family of activities (ports.md 3, 6, 7). Three rules hold for all.
 * Every effect is idempotent by key, or reads back before it repeats. The expected comes back as a value; a throw means
 * that the world could not be asked, and is tried again. Everything takes an AbortSignal where it may take long.
 */
export interface Ports {
  forge: Forge;
  executor: Executor;
  environments: Environments;
  releases: Releases;
  tracker: Tracker;
  meter: Meter;
  notifier: Notifier & NoticeInventory;
  texts: Texts;
}

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

export type ForgeExamined =
  /**
   * The repository has its one name in the change, however it was given. `writers`: names and e-mails of who has written on a
   * branch that is ahead of its base, besides us. `lacking`: what checkouts will not have, in a sentence for people.
   */
  | { is: 'found'; change: Change; head?: string; title?: string; writers?: string[]; lacking?: string }
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
  /** How long a head without any check stays without a verdict, when the policy does not say. */
  readonly checksGraceSeconds: number;
  /** What is tested before a merge, when the policy does not say (hosted.md 18). */
  readonly tested: NonNullable<Policy['tested']>;
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
  look(change: Change, known?: string): Promise<ChangeLook>;
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

/** What `look` says of a job: how it goes, or how it went. */
export type JobLook =
  { is: 'running'; progress?: { done: number; total: number; label?: string }; lastOutput?: string } | JobReport;

/**
 * The attempt of an activity in whose name a job is sent, looked at or stopped. The server hands an activity to another worker
 * when the first stands still or is cut off; that one goes on later, and knows nothing of it.
 */
export interface Attempt {
  /** The activity's run, and its id in there. */
  activity: string;
  /** Which attempt of that activity it is, from 1. */
  n: number;
  /** When the server scheduled it, in milliseconds since 1970 by the server's clock. */
  at: number;
}

/**
 * Something that does the work of agents. A job belongs to the last attempt that ensured it: an earlier one that looks at it
 * or ensures it throws, and changes nothing.
 */
export interface Executor extends JobInventory {
  /** Names every role that could not be served for this change. Starts nothing. */
  examine(change: Change, roles: string[]): Promise<BadField[]>;
  /** Whether a job with this key was ever sent. */
  knows(key: string): Promise<boolean>;
  /** Sends the job out, unless one with its key is known: then that one is adopted, whatever its state. */
  ensure(job: Job, by?: Attempt): Promise<void>;
  /**
   * How the job stands. The end of a writing job includes the push of its commits to the work branch, fast-forward only:
   * foreign commits are merged in. A key that was never ensured is `evicted`.
   */
  look(key: string, by?: Attempt): Promise<JobLook>;
  /**
   * Ends the job and all its processes. Unknown and ended keys are fine. What it still does changes nothing. Answers whether it
   * has ended: not where a later attempt has it. Without `by` it is stopped whoever has it, as by its run.
   */
  stop(key: string, because?: string, by?: Attempt): Promise<boolean>;
  /** Orderly stop of this worker: running jobs end as `interrupted`. */
  close?(): Promise<void>;
}

/** Something that runs a change where a person can try it. */
export interface Environments extends SiteInventory {
  /** Whether there is anything to provision for this change, and what is wrong with its settings. */
  examine(change: Change): Promise<{ configured: boolean; fields: BadField[] }>;
  /** Starts it, or adopts what the key already has, whatever its state. */
  ensure(request: EnvironmentRequest): Promise<void>;
  /** How it stands. A key that was never ensured, or was removed, is `gone`. */
  look(key: string): Promise<SiteLook>;
  /** Takes it down for good. Unknown and removed keys are fine; a late `ensure` of a removed key makes nothing. */
  remove(key: string): Promise<void>;
  close?(): Promise<void>;
}

/** Something that knows how a release is doing. */
export interface Releases {
  /** Whether there is anything to read for this change. */
  examine(change: Change): Promise<{ configured: boolean }>;
  /** The signals as they stand. A throw means that they could not be read, and is tried again. */
  look(change: Change, mergeCommit: string): Promise<Signal[]>;
  /** Orderly stop of this worker. */
  close?(): Promise<void>;
}

/** Where issues are. What it writes bears its key, so that writing it again writes nothing. */
export interface Tracker {
  /** Files an issue, or finds the one that was filed under this key. Nothing when there is nowhere to file it. */
  file(issue: {
    key: string;
    workspace: string;
    repository: string;
    title: string;
    body: string;
  }): Promise<{ id: string; url?: string } | undefined>;
  /** Comments on an issue, and closes it when it is resolved. Answers whether there is such an issue. */
  tell(note: {
    key: string;
    workspace: string;
    repository: string;
    issue: string;
    text: string;
    resolve: boolean;
  }): Promise<boolean>;
}

/** What jobs have cost, over all runs. */
export interface Meter {
  /** Notes what one job cost, in cents: once per key. */
  record(entry: { key: string; at: string; costCents: number }): Promise<void>;
  /** Cents spent in a calendar month in UTC, as `2026-11`. */
  spent(month: string): Promise<number>;
}

/** What people are told. The key is the same whenever the same notice is told at the same severity. */
export interface Message {
  key: string;
  workflowId: string;
  task: Task;
  notice: Notice;
}

/** Where notices go. Delivering one key again must be harmless. A throw may say when to come back, as `retryAfterMs`. */
export interface Notifier {
  deliver(message: Message, signal?: AbortSignal): Promise<void>;
  /** Orderly stop of this worker: what is not out yet is kept for the next. */
  close?(): Promise<void>;
}

/** Something that was done to the world. Whoever did it twice has two lines. */
export type Effect = { key: string } & (
  | { effect: 'job-started' | 'job-ended' | 'check-started' }
  | { effect: 'environment-created' | 'environment-destroyed' }
  /** A branch moved by us; `to` is none when it was deleted. The key is the repository and the branch. */
  | { effect: 'branch-pushed'; from?: string; to?: string }
  /** The key is the repository and the head that was merged. */
  | { effect: 'merged'; mergeCommit: string }
  | { effect: 'notice-delivered' | 'issue-filed' | 'issue-told' | 'cost-recorded' }
);

/**
 * Where every effect is written down as it happens, one after another, by whoever causes it, and out of reach of what is
 * judged by it. Nothing of ours ever reads it back.
 */
export interface Ledger {
  note(effect: Effect): void;
}

/** Keeps large texts out of the history, by hash. */
export interface Texts {
  keep(text: string): Promise<string>;
  read(hash: string): Promise<string | undefined>;
}
