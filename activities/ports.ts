import type {
  BadField,
  EnvironmentRequest,
  Job,
  JobReport,
  Signal,
  EnvironmentReport,
  Unavailable,
} from '../workflows/contracts/activities.ts';
import type { Change } from '../workflows/contracts/change.ts';
import type { Notice } from '../workflows/contracts/notices.ts';
import type { LogAnswer, LogQuestion } from '../workflows/contracts/run/peek.ts';
import type { Policy } from '../workflows/contracts/policy.ts';
import type { Task } from '../workflows/contracts/pipeline-run.ts';
import type { Forge } from './forge.ts';
import type { JobInventory, NoticeInventory, EnvironmentInventory } from './inventory.ts';
import type { Rows } from './rows/rows.ts';
import type { Pruned, Sizes } from '../workflows/contracts/survey.ts';

export type * from './forge.ts';
export type { Pruned, Sizes } from '../workflows/contracts/survey.ts';

/**
 * The interfaces that adapters implement: a narrow one per family of activities. Three rules hold for all. Every effect is
 * idempotent by key, or is read back before it is repeated. Expected answers are values, and a throw is a transient failure.
 * Every call that may take long accepts an AbortSignal.
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
  /** What is kept on this machine and in the database, and for how long. Without it, nothing is removed. */
  storage?: Storage | undefined;
  /** What the operator requires. Without it, nothing but the run's own policy holds. */
  rules?: Rules | undefined;
  /** What is kept of each run. Without it, runs are only known to the Temporal server. */
  rows?: Rows | undefined;
}

/** What the operator requires of runs on a repository. */
export interface Rules {
  of(repository: string): Promise<RepositoryRules> | RepositoryRules;
}

export interface RepositoryRules {
  /** What every run there must keep to. A run may only be stricter. */
  floor: { [Key in keyof Policy]?: Policy[Key] | undefined };
  /** Where that is written, for people. */
  at?: string | undefined;
  /** Which pull requests get the comment and the status of their run. */
  comment: 'ours' | 'all' | 'off';
}

/** The state of a job: its progress, or its report. */
export type JobStatus =
  { is: 'running'; progress?: { done: number; total: number; label?: string }; lastOutput?: string } | JobReport;

/**
 * The attempt of an activity for which a job is sent, polled or stopped. If a worker is frozen or cut off, the server gives
 * its activity to another one. The first worker may later continue without knowing that.
 */
export interface Attempt {
  /** The activity's run, and its id there. */
  activity: string;
  /** The number of the attempt, counted from 1. */
  n: number;
  /** When the server scheduled it, in milliseconds since 1970 by the server's clock. */
  at: number;
}

/** Why an agent is not available. `tried`: the key of the job that tries it now. */
export interface AgentUnavailable extends Unavailable {
  tried?: string | undefined;
}

/** Runs agents. A job belongs to the last attempt that ensured it. Calls for an earlier attempt throw and change nothing. */
export interface Executor extends JobInventory {
  /** Returns every role that could not be served for this change. Starts nothing. */
  examine(change: Change, roles: string[]): Promise<BadField[]>;
  /** Whether a job with this key was ever sent. */
  knows(key: string): Promise<boolean>;
  /**
   * Why a job that was never sent must wait: its agent could not work last time. Undefined if it may begin. Once the time
   * of the next try has come, that is the answer to exactly one of the jobs that ask. The others wait for how that one ends.
   */
  unavailable(job: Pick<Job, 'key' | 'role' | 'change'>): Promise<AgentUnavailable | undefined>;
  /** Sends the job, or adopts the one with its key, whatever its state. */
  ensure(job: Job, by?: Attempt): Promise<void>;
  /**
   * The state of the job. A writing job ends when the forge has published its commits to the work branch. A key that was
   * never ensured is `evicted`.
   */
  look(key: string, by?: Attempt): Promise<JobStatus>;
  /**
   * Ends the job and all its processes. Unknown and ended keys are fine. Nothing that the job still does changes its report.
   * Returns whether the job has ended: false if a later attempt owns it. Without `by`, the job is stopped whoever owns it.
   */
  stop(key: string, because?: string, by?: Attempt): Promise<boolean>;
  /** A part of a job's log: live, or what is kept of it. An executor without it shows none. */
  readLog?(question: LogQuestion): Promise<LogAnswer>;
  /** Orderly stop of this worker: running jobs end as `interrupted`. */
  close?(): Promise<void>;
}

/** Runs a change where a person can try it. */
export interface Environments extends EnvironmentInventory {
  /** Whether there is an environment to provision for this change, and problems with its settings. */
  examine(change: Change): Promise<{ configured: boolean; fields: BadField[] }>;
  /** Starts it, or adopts the one with its key, whatever its state. */
  ensure(request: EnvironmentRequest): Promise<void>;
  /** The state of the environment. A key that was never ensured, or was removed, is `gone`. */
  look(key: string): Promise<EnvironmentReport>;
  /** Removes it for good. Unknown and removed keys are fine. A late `ensure` of a removed key creates nothing. */
  remove(key: string): Promise<void>;
  close?(): Promise<void>;
}

/** Reads the health of a release. */
export interface Releases {
  /** Whether the change's repository has a reader of release signals. */
  examine(change: Change): Promise<{ configured: boolean }>;
  /** The present signals. A throw means that they could not be read, which is a transient failure. */
  look(change: Change, mergeCommit: string): Promise<Signal[]>;
  /** Orderly stop of this worker. */
  close?(): Promise<void>;
}

/** Files issues. Everything that is written contains its key, so that writing it again changes nothing. */
export interface Tracker {
  /** Files an issue, or finds the one that was filed under this key. Undefined if there is nowhere to file it. */
  file(issue: {
    key: string;
    workspace: string;
    repository: string;
    title: string;
    body: string;
  }): Promise<{ id: string; url?: string } | undefined>;
  /** Comments on an issue, and closes it when it is resolved. Returns whether the issue exists. */
  tell(note: {
    key: string;
    workspace: string;
    repository: string;
    issue: string;
    text: string;
    resolve: boolean;
  }): Promise<boolean>;
}

/** Adds up the cost of jobs, over all runs. */
export interface Meter {
  /** Records the cost of one job in cents, once per key. */
  record(entry: { key: string; at: string; costCents: number }): Promise<void>;
  /** Cents spent in a calendar month in UTC, as `2026-11`. */
  spent(month: string): Promise<number>;
}

/** A notice on its way. The key is the same whenever the same notice is sent with the same severity. */
export interface Message {
  key: string;
  workflowId: string;
  task: Task;
  notice: Notice;
  /** Who gets it, for notifiers that reach several places. */
  to?: Destination | undefined;
  /** The run as the database has it when the notice is delivered. Undefined: it is not there. */
  about?: NoticedRun | undefined;
  /** What waits for a person. Then this message is their digest, and its run and notice are none. */
  digest?: NoticedRun[] | undefined;
}

/** Where a notice is sent: into a channel, or to a person by their name in the configuration file. */
export interface Destination {
  channel?: string | undefined;
  person?: string | undefined;
}

/** What people read of a run in a notice. */
export interface NoticedRun {
  workflowId: string;
  task: Pick<Task, 'id' | 'title'>;
  repository: string;
  head?: string | undefined;
  visit?: string | undefined;
  /** What it waits for, and since when. ISO time. */
  detail: string;
  since: string;
  offers: string[];
  /** The page on which people decide. */
  page?: string | undefined;
}

/** Delivers notices. Delivering a key again must be harmless. An error may say when to try again, as `retryAfterMs`. */
export interface Notifier {
  deliver(message: Message, signal?: AbortSignal): Promise<void>;
  /** Brings delivered messages up to date whose waits have ended. Called from time to time. */
  refresh?(signal?: AbortSignal): Promise<void>;
  /** Orderly stop of this worker. Undelivered notices are kept for the next worker. */
  close?(): Promise<void>;
}

/** Measures and removes what adapters keep. Rows of runs and the audit log are never removed. */
export interface Storage {
  sizes(): Promise<Sizes>;
  /** Removes a part of what is older than it is kept. Doing it again changes nothing, or removes the next part. */
  prune(): Promise<Pruned>;
}

/** Stores large texts outside of the history, by their hash. */
export interface Texts {
  keep(text: string): Promise<string>;
  read(hash: string): Promise<string | undefined>;
}
