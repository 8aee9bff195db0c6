import type { BadField } from './bad-fields.ts';
import type { Began, Change } from './change.ts';
import type { ClosedReport } from './run/closed-run.ts';
import type { EnvironmentView, RunOwner } from './environment.ts';
import type { AgentQuestion, Job, JobReport, Unavailable } from './jobs.ts';
import type {
  ChangeReport,
  CheckQuestion,
  CheckReport,
  CommitReport,
  MergeabilityReport,
  MergeReport,
  MergeWait,
  MergeResultQuestion,
  MergeResultReport,
  UpdateReport,
} from './reports.ts';
import type { Notice } from './notices.ts';
import type { Policy } from './policy.ts';
import type { RunInput, Task } from './pipeline-run.ts';
import type { Signal } from './release.ts';
import type { RunNote } from './run/row.ts';
import type { PeekActivities } from './run/peek.ts';
import type { RecoveryActivities } from './run/recovery.ts';
import type { SurveyActivities } from './survey.ts';

export type { BadField } from './bad-fields.ts';
export type { ForeignCommit } from './change.ts';
export type { EnvironmentView, RunOwner } from './environment.ts';
export type { AgentQuestion, Job, JobReport, Revision, Unavailable, Usage } from './jobs.ts';
export type { Signal } from './release.ts';
export type * from './reports.ts';

/** How the examination of a run's input ends, before anything is changed. */
export type Examined =
  | {
      is: 'ready';
      change: Change;
      /** The forge's own name for the repository, by which a retry recognises it. */
      repository?: string;
      /** The work branch's head, if the branch is ahead of its base: then its work is resumed. */
      head?: string;
      /** Names and e-mails of the writers on the work branch so far: authors, committers, co-authors. */
      writers?: string[];
      /** What checkouts of the repository will lack, for a notice. */
      lacking?: string;
      /** Whether a person can be given a running environment. */
      environments: boolean;
      /** The forge's defaults: for a head without checks, and for what is tested before a merge. */
      checksGraceSeconds: number;
      tested?: Policy['tested'];
      /** Whether the worker keeps a row of each run, and each step as it is settled. */
      rows?: boolean;
      steps?: boolean;
      /** What the operator demands of runs on this repository, merged into the policy. */
      policy?: Partial<Policy>;
      /** What an existing pull request says, and whether it comes from a fork. */
      title?: string;
      description?: string;
      fork?: boolean;
    }
  | { is: 'refused'; fields: BadField[]; rows?: boolean };

/** What one of the run's steps needs besides roles. */
export type Need = 'environment' | 'release';

export interface ReleaseQuestion {
  change: Change;
  /** The released commit. Later merges are not its concern. */
  mergeCommit: string;
  /** When it was released, and until when it is watched. ISO times. */
  since: string;
  until: string;
}

/** A request for an environment. Each generation has its own `key`; the same key again finds the same environment. */
export interface EnvironmentRequest {
  key: string;
  change: Change;
  head: string;
  /** For providers that want to know what the environment is for. */
  task: Pick<Task, 'id' | 'title' | 'type'>;
}

/** The status of an environment, as its provider reports it. */
export type EnvironmentReport =
  | { is: 'provisioning'; because?: string }
  | { is: 'live'; url: string; expiresAt?: string }
  | { is: 'failed'; because: string }
  | { is: 'gone'; because?: string };

/** Everything that a workflow may ask of the outside world. The workflows own this list; `activities/` implements it. */
export interface Activities extends SurveyActivities, RecoveryActivities, PeekActivities {
  /**
   * Reads what a closed execution of this run's workflow id has settled, or why a retry cannot continue it.
   */
  readClosed(question: { runId: string }): Promise<ClosedReport>;
  /**
   * Examines repository, base, settings, branch, and the command of every role, before anything is changed. `began`: what a
   * retry must find again.
   */
  examine(question: {
    input: RunInput;
    roles: string[];
    needs: Need[];
    holder: RunOwner;
    began?: Began | undefined;
    /** The policy as it was written, without defaults. */
    given?: Record<string, unknown> | undefined;
  }): Promise<Examined>;
  /** Starts the job, or adopts it, and returns when it has ended. A cancellation stops it. */
  runJob(job: Job): Promise<JobReport>;
  /** Ends a job and all its processes. Unknown and ended keys are fine. */
  stopJob(question: { key: string }): Promise<void>;
  lookAtChange(question: { change: Change; known?: string | undefined }): Promise<ChangeReport>;
  /** Returns when the change is no longer as it is known: its head moved, or it was merged or closed. */
  changeMoved(question: { change: Change; known?: string | undefined }): Promise<ChangeReport>;
  /** Returns when a check is red, or when none is running and none is expected any more. */
  settledChecks(question: CheckQuestion): Promise<CheckReport>;
  /** Ends the checks of a change that the run no longer waits for. */
  endChecks(question: { change: Change }): Promise<void>;
  /** Returns when the forge knows. A forge that never does is a failure of type `timeout`. */
  settledMergeability(question: { change: Change; known?: string | undefined }): Promise<MergeabilityReport>;
  updateFromBase(question: { change: Change; known?: string | undefined }): Promise<UpdateReport>;
  /** The paths that the change touches and that match the globs. */
  protectedPaths(question: { change: Change; head: string; globs: string[] }): Promise<string[]>;
  /** Returns when a check of the merge of this head into this base is red, or none is running. */
  settledMergeResult(question: MergeResultQuestion): Promise<MergeResultReport>;
  /**
   * Merges exactly this head into exactly this base, as the merge `commit` that was tested, if one was. Already merged is a
   * success. `shown`: what the merge waits for at the forge, as it is shown. Then it returns when that is no longer so.
   */
  merge(question: {
    change: Change;
    head: string;
    baseHead: string;
    task: Task;
    commit?: string | undefined;
    method?: Policy['mergeMethod'];
    shown?: MergeWait | undefined;
  }): Promise<MergeReport>;

  /** The status of a task's environment, from its own workflow. Returns when it is no longer provisioning. */
  environmentSettled(question: { workflowId: string; generation: number; holder: RunOwner }): Promise<EnvironmentView>;
  lookAtEnvironment(question: { workflowId: string }): Promise<EnvironmentView | undefined>;
  provisionEnvironment(request: EnvironmentRequest): Promise<EnvironmentReport>;
  /** The present status, as the provider reports it. */
  probeEnvironment(question: { key: string }): Promise<EnvironmentReport>;
  /** Returns when a live environment is no longer live. */
  environmentEnded(question: { key: string }): Promise<EnvironmentReport>;
  /** Removes it. Returns when a second check has found it gone. */
  removeEnvironment(question: { key: string }): Promise<void>;
  /** Returns when the owner's chain of executions is closed. */
  holderClosed(question: { holder: RunOwner }): Promise<void>;

  notify(notice: { workflowId: string; task: Task; notice: Notice }): Promise<void>;
  /** Commits documents of ours to the work branch, and creates the branch if it does not exist. */
  commitFiles(question: {
    change: Change;
    known?: string | undefined;
    files: Record<string, string>;
    message: string;
    task: Task;
    pipeline: string;
  }): Promise<CommitReport>;
  /** Returns when this month's spending is within the budget of the worker's configuration. */
  withinBudget(): Promise<void>;
  /**
   * Returns null when the agent of a job that waits is available, or when this job is the one that tries it. Returns why not
   * when that is no longer what is shown.
   */
  agentAvailable(question: AgentQuestion): Promise<Unavailable | null>;
  /** Files an issue, once per key. `none`: there is no tracker. */
  fileIssue(question: {
    key: string;
    workspace: string;
    repository: string;
    title: string;
    body: string;
  }): Promise<{ is: 'filed'; id: string; url?: string | undefined } | { is: 'none' }>;
  /** Comments on issues, once per key, and resolves them if asked to. Missing issues are skipped. */
  tellIssues(question: {
    key: string;
    workspace: string;
    repository: string;
    issues: string[];
    text: string;
    resolve: boolean;
  }): Promise<void>;
  /** Returns the last signals as soon as one alerts, or when the time is over. */
  releaseSettled(question: ReleaseQuestion): Promise<{ signals: Signal[] }>;
  /** Stores a text outside the history, and returns its hash. */
  keepText(text: string): Promise<string>;
  /** A text by its hash. Null if it is not stored here. */
  loadText(hash: string): Promise<string | null>;
  /** Writes what a run reports of itself to its row. */
  noteRun(note: RunNote): Promise<void>;
  /** Has the server cancel this run, because a workflow cannot end itself as cancelled. */
  cancelRun(): Promise<void>;
  /** Starts the runs that waited for this one. Already started is a success. Returns those that cannot be started, and why. */
  startDependents(question: { inputs: unknown[] }): Promise<{ lost: { id: string; because: string }[] } | undefined>;
}
