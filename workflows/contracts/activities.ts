import type { BadField } from './bad-fields.ts';
import type { Began, Change } from './change.ts';
import type { ClosedReport } from './closed-run.ts';
import type { EnvironmentView, Holder } from './environment.ts';
import type { Job, JobReport } from './jobs.ts';
import type {
  ChangeReport,
  CheckQuestion,
  CheckReport,
  CommitReport,
  MergeabilityReport,
  MergeReport,
  MergeResultQuestion,
  MergeResultReport,
  UpdateReport,
} from './reports.ts';
import type { Notice } from './notices.ts';
import type { Policy } from './policy.ts';
import type { RunInput, Task } from './pipeline-run.ts';
import type { Signal } from './release.ts';
import type { SurveyActivities } from './survey.ts';

export type { BadField } from './bad-fields.ts';
export type { ForeignCommit } from './change.ts';
export type { EnvironmentView, Holder } from './environment.ts';
export type { Job, JobReport, Revision, Usage } from './jobs.ts';
export type { Signal } from './release.ts';
export type * from './reports.ts';

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

/** What a run wants of the world besides roles, for one of its steps cannot do without. */
export type Need = 'environment' | 'release';

export interface ReleaseQuestion {
  change: Change;
  /** The commit that was released: what is read is about it, whatever is merged later. */
  mergeCommit: string;
  /** When it was released, and until when it is watched. ISO times. */
  since: string;
  until: string;
}

/** What an environment is asked for. `key` is one per generation: asking again adopts. */
export interface EnvironmentRequest {
  key: string;
  change: Change;
  head: string;
  /** For providers that want to know what the environment is for. */
  task: Pick<Task, 'id' | 'title' | 'type'>;
}

/** How an environment stands, as its provider says. */
export type EnvironmentReport =
  | { is: 'provisioning'; because?: string }
  | { is: 'live'; url: string; expiresAt?: string }
  | { is: 'failed'; because: string }
  | { is: 'gone'; because?: string };

/** Everything a workflow may ask of the outside world. The workflows own this list; `activities/` honours it. */
export interface Activities extends SurveyActivities {
  /**
   * What the closed execution of this run's id that it is to go on from has settled, or why there is no going on from it.
   */
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
  lookAtChange(question: { change: Change; known?: string | undefined }): Promise<ChangeReport>;
  /** Answers once the change is no longer as it is known: its head moved, or it was merged or closed. */
  changeMoved(question: { change: Change; known?: string | undefined }): Promise<ChangeReport>;
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
  provisionEnvironment(request: EnvironmentRequest): Promise<EnvironmentReport>;
  /** How one stands right now, as its provider sees it. */
  probeEnvironment(question: { key: string }): Promise<EnvironmentReport>;
  /** Answers once a live environment is no longer live. */
  environmentEnded(question: { key: string }): Promise<EnvironmentReport>;
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
