import { z } from 'zod';
import type { Holder } from './environment.ts';

/** What `survey` is started with: by `gatehouse doctor`, and by its schedule. */
export const SurveyInput = z.strictObject({
  /** Whether what can be mended from here is mended, and looked at once more. */
  fix: z.boolean().default(false),
  /** Whether people are told what the pass before did not find. */
  watch: z.boolean().default(false),
});
export type SurveyInput = z.output<typeof SurveyInput>;

/** Passes by hand have a fixed id, one for looking and one for mending: who asks while one is under way hears its answer. */
export const surveyIdOf = (taskQueue: string, { fix }: { fix: boolean }) =>
  `doctor/${taskQueue}/${fix ? 'fix' : 'look'}`;
export const watchIdOf = (taskQueue: string) => `doctor/${taskQueue}/watch`;

/** How the run stands that has something: gone only if the server says so of this very chain of executions. */
export type RunStatus =
  | { is: 'live' }
  /** `how`: Temporal's word for its end, as TERMINATED. `at`: when, as ISO time. */
  | { is: 'gone'; how: string; at?: string | undefined }
  /** The server knows no such run: it may be another server's. */
  | { is: 'unknown' };

/**
 * Something that is there for a run which is not. Its key: a job's; a branch as `<repository>#<branch>` of checks and of a
 * claim; the id of an environment's workflow; of a `site`, which no workflow sees to any more, the provider's key.
 */
export interface Orphan {
  kind: 'job' | 'checks' | 'claim' | 'environment' | 'site';
  key: string;
  /** `runId` may be the last 12 characters only. */
  holder: Holder;
  fate: Exclude<RunStatus, { is: 'live' }>;
  /** Of checks and claims: the branch. */
  change?: { repository: string; branch: string } | undefined;
  /** Of a job: whether its agent runs, or only its checkout is left. */
  running?: boolean | undefined;
}

/** Notices that are not out. */
export type UnsentNotices =
  /** Kept by an adapter, since the oldest of them. */
  | { is: 'kept'; adapter: string; count: number; since: string; because?: string | undefined }
  /** Of a parked run: nobody was told that it waits. */
  | { is: 'missing'; workflowId: string; since: string; because: string };

/** A workflow whose workflow task fails again and again. */
export interface Stuck {
  workflowId: string;
  attempt: number;
  /** Whether today's code does not fit its history; else it threw. */
  nondeterminism: boolean;
  message: string;
}

/** An activity that has failed so often that somebody should look. */
export interface Failing {
  workflowId: string;
  activity: string;
  attempt: number;
  message: string;
}

/** What one pass has seen. */
export interface SurveyFacts {
  /** ISO time. */
  at: string;
  leftovers: Orphan[];
  untold: UnsentNotices[];
  stuck: Stuck[];
  failing: Failing[];
  /** What could not be looked at, or not all of it, and why. */
  unseen: string[];
}

/** One line of `gatehouse doctor`. */
export interface Finding {
  about: string;
  ok: boolean;
  detail: string;
  /** The command that mends it, or what to do. */
  mend?: string | undefined;
}

/** One that a survey makes. Its id is the same in each pass that finds it. */
export interface Found extends Finding {
  id: string;
  /** Since when it is so, where that is known. ISO time. */
  since?: string | undefined;
}

/** What a survey answers. */
export interface Survey {
  at: string;
  findings: Found[];
  /** What was done, one line each. */
  mended: string[];
  /** The findings that people have been told of, by id. */
  told: string[];
}

/** What a survey asks of the world, and does to it. */
export interface SurveyActivities {
  /** Looks at runs, and at what the adapters of this worker have standing. Changes nothing. */
  survey(): Promise<SurveyFacts>;
  /** Clears one leftover away and looks that it is gone. Throws `RunLives` when its run lives after all. */
  clearLeftover(question: { leftover: Orphan }): Promise<void>;
  /** Has notices that are kept sent now, and those of these parked runs told again under their own keys. */
  retellNotices(question: { workflowIds: string[] }): Promise<void>;
}
