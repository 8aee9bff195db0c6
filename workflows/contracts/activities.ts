import type { Change, ForeignCommit } from './change.ts';
import type { Began, ClosedReport } from './closed-run.ts';
import type { EnvironmentView, Holder } from './environment.ts';
import type { Job, JobReport } from './jobs.ts';
import type { Notice } from './notices.ts';
import type { Failing } from './outcome.ts';
import type { Policy } from './policy.ts';
import type { RunInput, Task } from './pipeline-run.ts';
import type { SurveyActivities } from './survey.ts';

export type { ForeignCommit } from './change.ts';
export type { EnvironmentView, Holder } from './environment.ts';
export type { Job, JobReport, Revision, Usage } from './jobs.ts';

/** One bad field of an input: where it is, and what was expected there. */
export interface BadField {
  path: string;
  expected: string;
}

/** What the world says of a run's input, before anything is made. */
export type Examined =
  | {
      is: 'ready';
      change: Change;
      /** The forge's own name for the repository, by which a retry knows it again. */
      repository?: string;
      /** The work branch's head, when the branch exists and is ahead of its base: it is resumed. */
      head?: string;
      /** Names and e-mails of who has written on the work branch so far: authors, committers, co-authors. */
      writers?: string[];
      /** What checkouts of the repository will lack, for people to know. */
      lacking?: string;
      /** Whether a person can be given a running environment. */
      environments: boolean;
      /** The forge's own defaults: for a head without checks, and for what is tested before a merge. */
      checksGraceSeconds: number;
      tested?: Policy['tested'];
    }
  | { is: 'refused'; fields: BadField[] };

/** One look at a change. `head` is absent while the work branch does not exist. */
export interface ChangeLook {
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

/** How the signals of a release stood when they were read (contract 13, ports.md 10). */
export interface Signal {
  id: string;
  state: 'ok' | 'warn' | 'alert' | 'no_data';
  name?: string | undefined;
  detail?: string | undefined;
  /** Since when it stands so, as ISO time: an alert that is older than the release is not the release's. */
  since?: string | undefined;
}

/** What a run wants of the world besides roles, for one of its steps cannot do without. */
export type Need = 'environment' | 'release';

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
  state: ChangeLook['state'];
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
  /** `behind`: the base has commits that the head does not hold: then what merging makes is neither of the two. */
  | ({ is: 'mergeable'; head: string; baseHead: string; behind?: boolean } & Seen)
  | ({ is: 'conflicted'; head: string; baseHead: string; files: string[] } & Seen)
  /** There is no work branch, hence nothing to merge. */
  | ({ is: 'nothing' } & Seen);

/** What the look says that goes with another answer. */
export type Seen = Pick<ChangeLook, 'foreign' | 'descends' | 'state' | 'mergeCommit' | 'note'>;

export type UpdateReport =
  | ({ is: 'merged' | 'current'; head: string } & Came)
  | ({ is: 'conflict'; head: string; files: string[] } & Came)
  | { is: 'refused'; because: string };

type Came = Pick<ChangeLook, 'foreign' | 'descends'>;

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

export interface ReleaseQuestion {
  change: Change;
  /** The commit that was released: what is read is about it, whatever is merged later. */
  mergeCommit: string;
  /** When it was released, and until when it is watched. ISO times. */
  since: string;
  until: string;
}

export type MergeReport =
  | { is: 'merged'; mergeCommit: string; head: string }
  /** Head or base is no longer what was judged. */
  | { is: 'moved'; head?: string; baseHead: string }
  | { is: 'conflicted'; files: string[] }
  /** The forge will not, for a reason that a person can mend. */
  | { is: 'refused'; because: string };

/** What an environment is asked for. `key` is one per generation: asking again adopts. */
export interface EnvironmentRequest {
  key: string;
  change: Change;
  head: string;
  /** For providers that want to know what the environment is for. */
  task: Pick<Task, 'id' | 'title' | 'type'>;
}

/** How an environment stands, as its provider says. */
export type SiteLook =
  | { is: 'provisioning'; because?: string }
  | { is: 'live'; url: string; expiresAt?: string }
  | { is: 'failed'; because: string }
  | { is: 'gone'; because?: string };

/** Everything a workflow may ask of the outside world. The workflows own this list; `activities/` honours it. */
export interface Activities extends SurveyActivities {
  /** What the closed execution of this run's id that it is to go on from has settled, or why there is no going on from it. */
  readClosed(question: { runId: string }): Promise<ClosedReport>;
  /**
   * Looks at the world before anything is made: repository, base, settings, a command for every role, the branch.
   * `began`: what a retry must find there again.
   */
  examine(question: {
    input: RunInput;
    roles: string[];
    needs: Need[];
    holder: Holder;
    began?: Began | undefined;
  }): Promise<Examined>;
  /** Sends the job, or adopts it, and answers once it has ended, however it went. Stops it when cancelled. */
  runJob(job: Job): Promise<JobReport>;
  /** Ends a job and all its processes; what it answers later changes nothing. Unknown and ended keys are fine. */
  stopJob(question: { key: string }): Promise<void>;
  lookAtChange(question: { change: Change; known?: string | undefined }): Promise<ChangeLook>;
  /** Answers once the change is no longer as it is known: its head moved, or it was merged or closed. */
  changeMoved(question: { change: Change; known?: string | undefined }): Promise<ChangeLook>;
  /** Answers once a check is red, or none is running and none is still to be expected. */
  settledChecks(question: CheckQuestion): Promise<CheckReport>;
  /** Ends checks that nobody waits for any more. */
  endChecks(question: { change: Change }): Promise<void>;
  /** Answers once the forge knows; a forge that never does is a failure of type `timeout`. */
  settledMergeability(question: { change: Change; known?: string | undefined }): Promise<MergeabilityReport>;
  updateFromBase(question: { change: Change; known?: string | undefined }): Promise<UpdateReport>;
  /** The paths that the change touches, of those that match the globs. */
  protectedPaths(question: { change: Change; head: string; globs: string[] }): Promise<string[]>;
  /** Answers once a check of the merge of this head into this base is red, or none is running. */
  settledMergeResult(question: MergeResultQuestion): Promise<MergeResultReport>;
  /**
   * Merges just this head into just this base: as the merge `commit` that was tested, if one was. Already merged is
   * success; a lost answer is read back.
   */
  merge(question: {
    change: Change;
    head: string;
    baseHead: string;
    task: Task;
    commit?: string | undefined;
  }): Promise<MergeReport>;

  /** How the environment of a task stands, asked of its own workflow. Answers once it is no longer provisioning. */
  environmentSettled(question: { workflowId: string; generation: number; holder: Holder }): Promise<EnvironmentView>;
  lookAtEnvironment(question: { workflowId: string }): Promise<EnvironmentView | undefined>;
  provisionEnvironment(request: EnvironmentRequest): Promise<SiteLook>;
  /** How one stands right now, as its provider sees it. */
  probeEnvironment(question: { key: string }): Promise<SiteLook>;
  /** Answers once a live environment is no longer live. */
  environmentEnded(question: { key: string }): Promise<SiteLook>;
  /** Answers once a second look says that it is gone. */
  removeEnvironment(question: { key: string }): Promise<void>;
  /** Answers once the holder's chain of executions is closed. */
  holderClosed(question: { holder: Holder }): Promise<void>;

  notify(notice: { workflowId: string; task: Task; notice: Notice }): Promise<void>;
  /** Commits documents of ours to the work branch, which is made when it is not there. */
  commitFiles(question: {
    change: Change;
    known?: string | undefined;
    files: Record<string, string>;
    message: string;
    task: Task;
    pipeline: string;
  }): Promise<CommitReport>;
  /** Answers once this month's spending is within the budget of the worker's configuration. */
  withinBudget(): Promise<void>;
  /** Files an issue, once per key. Nothing to file it in is an answer. */
  fileIssue(question: {
    key: string;
    workspace: string;
    repository: string;
    title: string;
    body: string;
  }): Promise<{ is: 'filed'; id: string; url?: string | undefined } | { is: 'none' }>;
  /** Comments on issues, once per key, and resolves them where asked; those that are not there are passed over. */
  tellIssues(question: {
    key: string;
    workspace: string;
    repository: string;
    issues: string[];
    text: string;
    resolve: boolean;
  }): Promise<void>;
  /** Answers as soon as a signal alerts, or when the time is over, with what was read last. */
  releaseSettled(question: ReleaseQuestion): Promise<{ signals: Signal[] }>;
  /** Keeps a text by its hash, outside the history, and answers the hash. */
  keepText(text: string): Promise<string>;
  /** A text by its hash; none when it is not kept here (any more). */
  loadText(hash: string): Promise<string | null>;
  /** Asks the server to cancel this very run: a workflow cannot end itself as cancelled. */
  cancelRun(): Promise<void>;
  /** Starts what waited for this run: already started is success. Answers which cannot be started, and why. */
  startDependents(question: { inputs: unknown[] }): Promise<{ lost: { id: string; because: string }[] } | undefined>;
}
