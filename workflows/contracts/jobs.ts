import { z } from 'zod';
import type { Change, ForeignCommit } from './change.ts';
import type { Task } from './pipeline-run.ts';

export interface Usage {
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  costCents?: number | undefined;
}

/** The roles whose changes are pushed. What all others change is discarded. */
export const WRITING_ROLES: ReadonlySet<string> = new Set([
  'coder',
  'mocker',
  'playwright',
  'business-documenter',
  'documenter',
  'integrator',
  'fixer',
  'ci-fixer',
  'conflict-resolver',
]);

/** What a job receives, and its limits. A job is identified by its key. */
export interface Job {
  key: string;
  role: string;
  /** write: its changes are pushed. read: they are discarded. resolve: it starts in a conflicted merge. */
  mode: 'write' | 'read' | 'resolve';
  task: Task;
  change: Change & { head?: string };
  brief: string;
  /** The hashes under which the complete brief is stored, if it is too long for a message. */
  briefKept?: string[] | undefined;
  priorOutputs: PriorOutput[];
  resolvedDecision?: { question: string; choice: string } | undefined;
  revision?: Revision | undefined;
  environment?: { url: string; head?: string } | undefined;
  /** Limits in seconds: in all, and without output or progress. */
  seconds: number;
  silenceSeconds: number;
  /** Whether the activity waits while the owner's checkout blocks the push, instead of answering `held`. */
  patient?: boolean;
  /** The name of the pipeline, for the title of a new pull request. */
  pipeline: string;
}

/** The output of an earlier step. `kept`: its data is stored outside, by this hash, and is loaded before the job begins. */
export interface PriorOutput {
  step: number;
  kind: string;
  output: string;
  /** `most`: how many of its bytes the job receives. */
  kept?: { hash: string; most: number } | undefined;
}

/**
 * Work that is sent back: the previous output, and the feedback. `kept`: the complete feedback is stored outside too, in
 * pieces by these hashes, because a run may have no room for it. It is loaded before the job begins.
 */
export const Revision = z.strictObject({
  previousOutput: z.string(),
  feedback: z.string(),
  comments: z.array(z.strictObject({ quote: z.string().optional(), text: z.string() })),
  kept: z.array(z.string()).optional(),
});
export type Revision = z.output<typeof Revision>;

/** How a job ended. The run decides what follows. */
export type JobReport =
  | {
      is: 'completed';
      summary: string;
      output?: unknown;
      decision?: { question: string; options: string[] } | undefined;
      confidence?: number | undefined;
      usage?: Usage | undefined;
      /** The work branch's head after the job; absent when there is no branch. */
      head?: string | undefined;
      /** Whether the job moved the head, and by which commits of ours. */
      changed: boolean;
      /** Commits of others on the branch. They are merged, never overwritten. */
      foreign: ForeignCommit[];
      /** Changes of a role that only reads, which we discarded. */
      discarded?: string[] | undefined;
      pullRequest?: number | undefined;
      /** The summary was too long, and was cut. */
      cut?: boolean | undefined;
    }
  | { is: 'failed'; because: string; detail?: string | undefined; usage?: Usage | undefined }
  /** The process is gone without a result. `infrastructure`: the executor reports that it was at fault. */
  | { is: 'evicted'; because: string; infrastructure: boolean }
  /** Ended by an orderly stop of the local stack. It costs no attempt, and runs again. */
  | { is: 'interrupted'; because: string }
  | { is: 'stopped'; because: string }
  /**
   * The agent could not work now, for example because a usage limit is reached. What it did is discarded. It costs no
   * attempt, and runs again once the agent is available.
   */
  | ({ is: 'notNow'; usage?: Usage | undefined } & Unavailable)
  /**
   * Blocked for now; call again. `forge`: it completed, but uncommitted work of the repository's owner blocks its push.
   * `budget`: it did not begin, because this month's budget is used up.
   */
  | { is: 'held'; by: 'forge' | 'budget'; because: string }
  /** It did not begin, because jobs with the same program and credentials wait for their agent. */
  | ({ is: 'held'; by: 'agent' } & Unavailable);

/** Why an agent is not available. Times are ISO 8601. */
export interface Unavailable {
  because: string;
  /** When it is tried next. */
  until?: string | undefined;
  /** Since when it has been unavailable, whichever job noticed that. */
  since?: string | undefined;
}

/** A job that waits for its agent, and what the run shows of the wait. */
export interface AgentQuestion extends Pick<Job, 'key' | 'role' | 'change'> {
  shown: Unavailable;
}
