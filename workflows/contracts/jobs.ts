import { z } from 'zod';
import type { Change, ForeignCommit } from './change.ts';
import type { Task } from './pipeline-run.ts';

export interface Usage {
  inputTokens?: number | undefined;
  outputTokens?: number | undefined;
  costCents?: number | undefined;
}

/** What a job is given (contract 13), and how it is held. A job is known by its key. */
export interface Job {
  key: string;
  role: string;
  /** write: what it changes is pushed. read: what it changes is discarded. resolve: starts in a conflicted merge. */
  mode: 'write' | 'read' | 'resolve';
  task: Task;
  change: Change & { head?: string };
  brief: string;
  /** The hashes by which all of the brief is kept outside, where no message has room for it: read in like outputs. */
  briefKept?: string[] | undefined;
  priorOutputs: PriorOutput[];
  resolvedDecision?: { question: string; choice: string } | undefined;
  revision?: Revision | undefined;
  environment?: { url: string; head?: string } | undefined;
  /** Limits in seconds: in all, and without output or progress. */
  seconds: number;
  silenceSeconds: number;
  /** Whether the activity itself waits while the owner's checkout is in the way, rather than answering `held`. */
  patient?: boolean;
  /** What a person reads in the title of a pull request made for this change. */
  pipeline: string;
}

/** What an earlier step made. `kept`: its data is kept outside, by this hash; it is read in before the job is begun. */
export interface PriorOutput {
  step: number;
  kind: string;
  output: string;
  /** `most`: so many bytes of the whole are the job's. */
  kept?: { hash: string; most: number } | undefined;
}

/**
 * What a job is to do differently: what it made before, and what was said of it. `kept`: all that was said is kept outside
 * too, in pieces by these hashes, for a run may have no room for it; it is read in before the job is begun.
 */
export const Revision = z.strictObject({
  previousOutput: z.string(),
  feedback: z.string(),
  comments: z.array(z.strictObject({ quote: z.string().optional(), text: z.string() })),
  kept: z.array(z.string()).optional(),
});
export type Revision = z.output<typeof Revision>;

/** How a job ended. What the table of contract 12 makes of it is the run's to say. */
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
      /** Commits of others that were found on the branch and merged in, never overwritten. */
      foreign: ForeignCommit[];
      /** What a reading role had changed, and we threw away. */
      discarded?: string[] | undefined;
      pullRequest?: number | undefined;
      /** The summary was longer than one may be, and is cut. */
      cut?: boolean | undefined;
    }
  | { is: 'failed'; because: string; detail?: string | undefined; usage?: Usage | undefined }
  /** The process is gone without a result; `infrastructure` when the executor itself says it was to blame. */
  | { is: 'evicted'; because: string; infrastructure: boolean }
  /** Ended by an orderly stop of the local stack: costs nothing, runs again. */
  | { is: 'interrupted'; because: string }
  | { is: 'stopped'; because: string }
  /**
   * Not to be had now. `forge`: it ended well, but something of the branch's owner is in the way of its push. `budget`:
   * it was not begun, for this month's budget is used up. Ask again.
   */
  | { is: 'held'; by: 'forge' | 'budget'; because: string };
