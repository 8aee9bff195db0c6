import type {
  BadField,
  EnvironmentRequest,
  Job,
  JobReport,
  Signal,
  EnvironmentReport,
} from '../workflows/contracts/activities.ts';
import type { Change } from '../workflows/contracts/change.ts';
import type { Notice } from '../workflows/contracts/notices.ts';
import type { Task } from '../workflows/contracts/pipeline-run.ts';
import type { Forge } from './forge.ts';
import type { JobInventory, NoticeInventory, EnvironmentInventory } from './inventory.ts';

export type * from './forge.ts';

/**
 * What an adapter must bring: one narrow interface per family of activities. Three rules hold for all.
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

/** What `look` says of a job: how it goes, or how it went. */
export type JobStatus =
  { is: 'running'; progress?: { done: number; total: number; label?: string }; lastOutput?: string } | JobReport;

/**
 * The attempt of an activity in whose name a job is sent, looked at or stopped. The server hands an activity to another
 * worker when the first stands still or is cut off; that one goes on later, and knows nothing of it.
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
  look(key: string, by?: Attempt): Promise<JobStatus>;
  /**
   * Ends the job and all its processes. Unknown and ended keys are fine. What it still does changes nothing. Answers
   * whether it has ended: not where a later attempt has it. Without `by` it is stopped whoever has it, as by its run.
   */
  stop(key: string, because?: string, by?: Attempt): Promise<boolean>;
  /** Orderly stop of this worker: running jobs end as `interrupted`. */
  close?(): Promise<void>;
}

/** Something that runs a change where a person can try it. */
export interface Environments extends EnvironmentInventory {
  /** Whether there is anything to provision for this change, and what is wrong with its settings. */
  examine(change: Change): Promise<{ configured: boolean; fields: BadField[] }>;
  /** Starts it, or adopts what the key already has, whatever its state. */
  ensure(request: EnvironmentRequest): Promise<void>;
  /** How it stands. A key that was never ensured, or was removed, is `gone`. */
  look(key: string): Promise<EnvironmentReport>;
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

/** Keeps large texts out of the history, by hash. */
export interface Texts {
  keep(text: string): Promise<string>;
  read(hash: string): Promise<string | undefined>;
}
