import { z } from 'zod';
import { Notice } from './notices.ts';
import { Estimate } from './pipeline-run.ts';
import { Policy } from './policy.ts';
import type { RunState, StepRecord } from './state.ts';

/**
 * The version of what an execution hands to the next one. Whoever changes a shape below counts it up and states in
 * `rules/snapshots.ts` how the one before becomes it: a test holds the shape to the number.
 */
export const SNAPSHOT_VERSION = 2;

const at = z.string();
const count = z.number().int().min(0);
const head = z.string().optional();

const Usage = z.strictObject({
  inputTokens: z.number(),
  outputTokens: z.number(),
  costCents: z.number(),
  unknown: count,
});
const Decision = z.strictObject({
  id: z.string(),
  question: z.string(),
  options: z.array(z.string()),
  choice: z.string().optional(),
});
const Revision = z.strictObject({
  previousOutput: z.string(),
  feedback: z.string(),
  comments: z.array(z.strictObject({ quote: z.string().optional(), text: z.string() })),
});
const Finding = z.strictObject({
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
const Round = z.strictObject({
  kind: z.enum(['fix', 'conflict']),
  findings: z.string().optional(),
  outcome: z.enum(['completed', 'failed']),
  because: z.string().optional(),
  head,
});
const Verdict = z.strictObject({
  rating: z.number(),
  threshold: z.number(),
  passed: z.boolean(),
  feedback: z.string(),
});
const Attempt = z.strictObject({
  n: count,
  role: z.string(),
  key: z.string(),
  at,
  endedAt: at.optional(),
  outcome: z.enum(['completed', 'failed', 'evicted', 'interrupted', 'stopped', 'superseded']).optional(),
  head,
  summary: z.string().optional(),
});
const Review = z.strictObject({
  iteration: count,
  max: count,
  findings: z.array(Finding),
  issued: count,
  due: z.boolean(),
  documented: z.boolean(),
});

/** How an environment stands, as its own workflow says. */
export const SiteView = z.strictObject({
  status: z.enum(['provisioning', 'live', 'failed', 'tearing-down', 'gone', 'unknown']),
  generation: count,
  url: z.string().optional(),
  expiresAt: at.optional(),
  because: z.string().optional(),
  holder: z.strictObject({ workflowId: z.string(), runId: z.string() }),
  head,
});

const Step = z.strictObject({
  step: z.number().int().min(1),
  id: z.string(),
  kind: z.string(),
  options: z.looseObject({ kind: z.string() }),
  state: z.enum(['pending', 'working', 'waiting', 'done', 'skipped', 'failed']),
  startedAt: at.optional(),
  endedAt: at.optional(),
  waitedMs: z.number(),
  outcome: z.enum(['passed', 'approved', 'skipped', 'merged', 'ready', 'failed', 'rejected']).optional(),
  note: z.string().optional(),
  attempts: z.array(Attempt),
  usage: Usage.optional(),
  judged: z.strictObject({ by: z.enum(['person', 'companion']), head, foreign: count }).optional(),
  review: Review.optional(),
  visits: count,
  jobs: z.record(z.string(), count),
  spent: z.record(z.string(), count),
  extra: count,
  rounds: z.array(Round),
  verdicts: z.array(Verdict),
  summary: z.string().optional(),
  output: z.unknown().optional(),
  edited: z.boolean().optional(),
  reopened: z.string().optional(),
  rework: Revision.optional(),
  decision: Decision.optional(),
  /** What the gate itself needs is its own to read. */
  parked: z.strictObject({ since: at, kept: z.record(z.string(), z.unknown()) }).optional(),
} satisfies Record<keyof StepRecord, z.ZodType>);

const Action = z.strictObject({
  actionId: z.string(),
  action: z.string(),
  by: z.string().optional(),
  at,
  visit: z.string().optional(),
  verdict: z.enum(['taken', 'refused']),
  code: z.enum(['closed', 'invalid', 'duplicate', 'not_offered', 'stale', 'not_allowed']).optional(),
  because: z.string().optional(),
  effect: z.enum(['done', 'failed']).optional(),
  repeats: count,
  input: z.unknown().optional(),
});

/**
 * What travels: all of a run but what it was started with, which travels beside it, the execution's own id, and what is
 * being done, asked or tried again, which is said anew.
 */
export type Carried = Omit<RunState, 'input' | 'runId' | 'current' | 'retrying'>;

/** A run as it goes from one execution into the next, key by key: one that is not known here is refused, not lost. */
export const Snapshot = z.strictObject({
  version: z.literal(SNAPSHOT_VERSION),
  workflowId: z.string(),
  firstRunId: z.string(),
  pipeline: z.strictObject({ name: z.string(), steps: z.array(z.looseObject({ kind: z.string() })).min(1) }),
  policy: Policy,
  change: z.strictObject({
    repository: z.string(),
    base: z.string(),
    branch: z.string(),
    basis: z.string(),
    pullRequest: z.number().optional(),
  }),
  head,
  headAt: at,
  foreign: z.array(z.strictObject({ commit: z.string(), author: z.string(), email: z.string() })),
  environments: z.boolean(),
  branchResumed: z.boolean().optional(),
  estimate: Estimate.optional(),
  steps: z.array(Step).min(1),
  actions: z.array(Action),
  seen: z.array(
    z.strictObject({ id: z.string(), action: z.string(), input: z.string(), visit: z.string().optional() }),
  ),
  notices: z.array(Notice.strict()),
  usage: Usage,
  environment: SiteView.nullable(),
  generation: count,
  restarts: count,
  baseMoves: count,
  checking: z.boolean().optional(),
  mergeCommit: z.string().optional(),
  mergedAt: at.optional(),
  paused: z.strictObject({ by: z.string().optional(), at, reason: z.string().optional() }).optional(),
  ending: z.enum(['passed', 'failed', 'stopped']).optional(),
  closed: z.boolean().optional(),
  wait: z.strictObject({ key: z.string(), since: at }),
  lastTaken: z
    .strictObject({ by: z.string().optional(), action: z.string(), at, visit: z.string().optional() })
    .optional(),
} satisfies Record<keyof Carried, z.ZodType>);
