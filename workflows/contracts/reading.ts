import { z } from 'zod';
import type { Began, Change, ForeignCommit } from './change.ts';
import type { EnvironmentView } from './environment.ts';
import { Via, type ActionName } from './messages.ts';
import type { Notice } from './notices.ts';
import type { PipelineShape } from './pipelines.ts';
import type { Policy } from './policy.ts';
import type { Task } from './pipeline-run.ts';
import type { Signal } from './release.ts';
import type { Failing } from './reports.ts';
import type { Retrying } from './run/retrying.ts';

/**
 * The answers of a run's queries. Times are ISO 8601 in UTC; fields that end in `Ms` are milliseconds. What a run also stores
 * has a schema, so that it has one shape in answers, in the state (`state.ts`) and in snapshots (`snapshot.ts`).
 */

export type Status = 'running' | 'parked' | 'paused' | 'passed' | 'failed' | 'stopped';
export type Waited = 'person' | 'checks' | 'agent' | 'environment' | 'forge' | 'budget' | 'timer' | 'nothing';

export type Phase =
  | 'starting'
  | 'working'
  | 'probing'
  | 'helping'
  | 'provisioning'
  | 'parked'
  | 'updating-branch'
  | 'reviewing'
  | 'incorporating'
  | 'merging'
  | 'watching'
  | 'cleaning-up';

export interface WaitingOn {
  what: Waited;
  detail: string;
  since: string;
  deadline?: string;
  nextLook?: string;
  offers: ActionName[];
}

const at = z.string();
const count = z.number().int().min(0);
/** A commit's whole id. */
const head = z.string().optional();

export const UsageTotal = z.strictObject({
  inputTokens: z.number(),
  outputTokens: z.number(),
  costCents: z.number(),
  /** Jobs that did not report what they used. */
  unknown: count,
});
export type UsageTotal = z.output<typeof UsageTotal>;

export const AttemptEntry = z.strictObject({
  n: count,
  role: z.string(),
  key: z.string(),
  at,
  endedAt: at.optional(),
  outcome: z.enum(['completed', 'failed', 'evicted', 'interrupted', 'stopped', 'superseded']).optional(),
  head,
  summary: z.string().optional(),
});
export type AttemptEntry = z.output<typeof AttemptEntry>;

/** One finding of a review, and people's answer. */
export const Finding = z.strictObject({
  id: z.string(),
  category: z.enum(['gap', 'clarification', 'assumption', 'risk', 'question']),
  severity: z.enum(['low', 'medium', 'high']),
  title: z.string(),
  detail: z.string(),
  status: z.enum(['open', 'answered', 'dismissed']),
  reply: z.string().optional(),
  recommendation: z
    .strictObject({ text: z.string(), fromStandard: z.boolean(), status: z.enum(['open', 'accepted', 'rejected']) })
    .optional(),
});
export type Finding = z.output<typeof Finding>;

/** The state of a review of requirements or of a bug report. Its document is the step's output. */
export const ReviewEntry = z.strictObject({
  /** Reviews taken, and how many there may be. */
  iteration: count,
  max: count,
  findings: z.array(Finding),
  /** How many findings there ever were. Their numbers are never used twice. */
  issued: count,
  /** Whether a review must still be done: the first, one of a new document, or one after an unreadable answer. */
  due: z.boolean(),
  /** Whether answers have been worked into a document. */
  documented: z.boolean(),
});
export type ReviewEntry = z.output<typeof ReviewEntry>;

export const StepEntry = z.strictObject({
  step: z.number().int().min(1),
  id: z.string(),
  kind: z.string(),
  state: z.enum(['pending', 'working', 'waiting', 'done', 'skipped', 'failed']),
  startedAt: at.optional(),
  endedAt: at.optional(),
  /** Milliseconds of waiting for people, which never count as work. */
  waitedMs: z.number(),
  outcome: z.enum(['passed', 'approved', 'skipped', 'merged', 'ready', 'failed', 'rejected']).optional(),
  note: z.string().optional(),
  attempts: z.array(AttemptEntry),
  usage: UsageTotal.optional(),
  /** Who judged which head, how many foreign commits were known then, and why the verdict is void by now. */
  judged: z
    .strictObject({ by: z.enum(['person', 'companion']), head, foreign: count, voided: z.string().optional() })
    .optional(),
  review: ReviewEntry.optional(),
});
export type StepEntry = z.output<typeof StepEntry>;

export const Round = z.strictObject({
  kind: z.enum(['fix', 'conflict']),
  findings: z.string().optional(),
  outcome: z.enum(['completed', 'failed']),
  because: z.string().optional(),
  head,
});
export type Round = z.output<typeof Round>;

export const CompanionVerdict = z.strictObject({
  rating: z.number(),
  threshold: z.number(),
  passed: z.boolean(),
  feedback: z.string(),
  /** The hashes under which all of the feedback is stored, if the run may have no room for it. */
  kept: z.array(z.string()).optional(),
});
export type CompanionVerdict = z.output<typeof CompanionVerdict>;

/** What some phases show besides what all phases have. */
export interface Shown {
  because?: string | undefined;
  failing?: Failing[] | undefined;
  decision?: { id: string; question: string; options: string[] } | undefined;
  cap?: { of: string; used: number; max: number; feedback: string } | undefined;
  proposal?: string | undefined;
  assessment?: unknown;
  verdicts?: CompanionVerdict[] | undefined;
  rounds?: Round[] | undefined;
  findings?: Finding[] | undefined;
  signals?: Signal[] | undefined;
}

export interface CurrentAnswer extends Shown {
  step: number;
  id: string;
  kind: string;
  phase: Phase;
  visit?: string | undefined;
  attempt?: number | undefined;
  attempts?: number | undefined;
  /** `fields` is JSON Schema: any front end can draw the form. */
  offers: { action: ActionName; label: string; fields: unknown }[];
}

export interface RunAnswer {
  workflowId: string;
  runId: string;
  workspace: string;
  task: Task;
  change: Partial<Omit<Change, 'basis'>> & { repository: string; head?: string };
  pipeline: PipelineShape;
  policy: Policy;
  startedBy?: string;
  status: Status;
  steps: StepEntry[];
  current: CurrentAnswer | null;
  waitingOn: WaitingOn;
  environment: EnvironmentView | null;
  notices: Notice[];
  usage: UsageTotal;
  /** How often each step has parked. A retry continues the count, so that no visit's number is used twice. */
  visits: Record<string, number>;
  /** Commits on the work branch that we did not make. */
  foreign: ForeignCommit[];
  /** Where the run began, and the version of its snapshots: for a retry. */
  began?: Began;
  version: number;
  /** The activities that keep failing meanwhile. `waitingOn.detail` has the same in words. */
  retrying?: Retrying[];
}

export interface OutputAnswer {
  step: number;
  kind: string;
  summary: string;
  output?: unknown;
}

export const RefusalCode = z.enum(['closed', 'invalid', 'duplicate', 'not_offered', 'stale', 'not_allowed']);
export type RefusalCode = z.output<typeof RefusalCode>;

/** One line of the action log: what was taken, and what was refused as a signal. */
export const ActionEntry = z.strictObject({
  actionId: z.string(),
  action: z.string(),
  by: z.string().optional(),
  /** By which way in it came. Entries of earlier builds have none. */
  via: Via.optional(),
  at,
  visit: z.string().optional(),
  verdict: z.enum(['taken', 'refused']),
  code: RefusalCode.optional(),
  because: z.string().optional(),
  effect: z.enum(['done', 'failed']).optional(),
  repeats: count,
  input: z.unknown().optional(),
});
export type ActionEntry = z.output<typeof ActionEntry>;
