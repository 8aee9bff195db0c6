import { z } from 'zod';
import type { RunOwner } from './environment.ts';

/** The input of `survey`: from `gatehouse doctor`, and from its schedule. */
export const SurveyInput = z.strictObject({
  /** Whether to fix what can be fixed from here, and check again. */
  fix: z.boolean().default(false),
  /** Whether to notify people of what the pass before did not find. */
  watch: z.boolean().default(false),
});
export type SurveyInput = z.output<typeof SurveyInput>;

/** Passes by hand have a fixed id, so that a second caller gets the result of the pass that is running. */
export const surveyIdOf = (taskQueue: string, { fix }: { fix: boolean }) =>
  `doctor/${taskQueue}/${fix ? 'fix' : 'look'}`;
export const watchIdOf = (taskQueue: string) => `doctor/${taskQueue}/watch`;

/** The status of the run that owns something: gone only if the server reports it of this chain of executions. */
export type RunStatus =
  | { is: 'live' }
  /** `how`: Temporal's status, such as TERMINATED. `at`: when it ended, as ISO time. */
  | { is: 'gone'; how: string; at?: string | undefined }
  /** The server has no such run. It may belong to another server. */
  | { is: 'unknown' };

/**
 * Something whose run is gone. Its key: a job's key; `<repository>#<branch>` for checks and claims; the id of an environment's
 * workflow; and for a `site`, an environment without a workflow, the provider's key.
 */
export interface Orphan {
  kind: 'job' | 'checks' | 'claim' | 'environment' | 'site';
  key: string;
  /** `runId` may be the last 12 characters only. */
  holder: RunOwner;
  fate: Exclude<RunStatus, { is: 'live' }>;
  /** For checks and claims: the branch. */
  change?: { repository: string; branch: string } | undefined;
  /** For a job: whether its agent is running, or only its checkout is left. */
  running?: boolean | undefined;
}

/** Notices that were not delivered. */
export type UnsentNotices =
  /** They wait in an adapter's outbox. `since`: the time of the oldest. */
  | { is: 'kept'; adapter: string; count: number; since: string; because?: string | undefined }
  /** Nobody was notified that this parked run waits. */
  | { is: 'missing'; workflowId: string; since: string; because: string };

/** A workflow whose workflow task keeps failing. */
export interface Stuck {
  workflowId: string;
  attempt: number;
  /** Whether the code does not fit the history. Otherwise it threw. */
  nondeterminism: boolean;
  message: string;
}

/** An activity that has failed so often that a person should know. */
export interface Failing {
  workflowId: string;
  activity: string;
  attempt: number;
  message: string;
}

/** How much of the disk each kind of thing takes, in bytes. Undefined if it took too long to measure. */
export interface Sizes {
  database: number;
  mirrors?: number | undefined;
  checkouts?: number | undefined;
  logs?: number | undefined;
  bundles?: number | undefined;
}

/** How many things one pass has removed, because they are older than they are kept. `mirrors`: packed anew where worth it. */
export type Pruned = Record<'logs' | 'bundles' | 'texts' | 'deliveries' | 'mirrors', number>;

/** The facts that one pass has found. */
export interface SurveyFacts {
  /** ISO time. */
  at: string;
  leftovers: Orphan[];
  untold: UnsentNotices[];
  stuck: Stuck[];
  failing: Failing[];
  /** What could not be checked completely, and why. */
  unseen: string[];
  storage?: { sizes: Sizes; pruned: Pruned } | undefined;
}

/** One line of `gatehouse doctor`. */
export interface Finding {
  about: string;
  ok: boolean;
  detail: string;
  /** The command that fixes it, or what to do. */
  mend?: string | undefined;
  /** Sizes in bytes, by what has them. */
  bytes?: Record<string, number> | undefined;
}

/** A finding of a survey. Its id is the same in each pass that finds it. */
export interface Found extends Finding {
  id: string;
  /** When it began, if that is known. ISO time. */
  since?: string | undefined;
}

/** The result of a survey. */
export interface Survey {
  at: string;
  findings: Found[];
  /** What was done, one line each. */
  mended: string[];
  /** The ids of the findings that people were notified of. */
  told: string[];
}

/** The activities of a survey. */
export interface SurveyActivities {
  /** Compares runs with what the adapters of this worker have for them. Changes nothing. */
  survey(): Promise<SurveyFacts>;
  /** Clears one orphan, and checks that it is gone. Throws `RunLives` if its run is live after all. */
  clearLeftover(question: { leftover: Orphan }): Promise<void>;
  /** Sends the notices in the outboxes now, and those of these parked runs again, under the same keys. */
  retellNotices(question: { workflowIds: string[] }): Promise<void>;
}
