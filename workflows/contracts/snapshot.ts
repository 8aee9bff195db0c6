import { z } from 'zod';
import { Change, ForeignCommit } from './change.ts';
import { EnvironmentView } from './environment.ts';
import { Notice } from './notices.ts';
import { Estimate } from './pipeline-run.ts';
import { PipelineShape } from './pipelines.ts';
import { Policy } from './policy.ts';
import { ActionEntry, UsageTotal } from './reading.ts';
import { StepRecord } from './step-record.ts';

/**
 * The version of what an execution hands to the next one. Whoever changes a shape below, or one that it is made of, counts
 * it up and states in `rules/snapshots.ts` how the one before becomes it: a test holds the shape to the number.
 */
export const SNAPSHOT_VERSION = 3;

const at = z.string();
const count = z.number().int().min(0);

const SeenAction = z.strictObject({
  id: z.string(),
  action: z.string(),
  input: z.string(),
  visit: z.string().optional(),
});
export type SeenAction = z.output<typeof SeenAction>;

/**
 * A run as it goes from one execution into the next: all but what it was started with, which travels beside it. A key that
 * is not known here is refused, not lost; and the run has no others, for its state is of this very shape.
 */
export const Snapshot = z.strictObject({
  version: z.literal(SNAPSHOT_VERSION),
  workflowId: z.string(),
  /** The first execution's run id: with the workflow id it names this run, also through continue-as-new. */
  firstRunId: z.string(),
  pipeline: PipelineShape,
  policy: Policy,
  change: Change,
  /** The forge's own name for the repository: what names it in the input may come to name another one. */
  repository: z.string().optional(),
  head: z.string().optional(),
  /** Since when this head is known: the grace of a head without checks begins here. */
  headAt: at,
  /** Commits by others, in the order in which they were seen: the newest, and one of each other writer. */
  foreign: z.array(ForeignCommit),
  /** Names and e-mails of who had written on the work branch before the run began. */
  writers: z.array(z.string()).optional(),
  environments: z.boolean(),
  /** Whether the work branch was ahead of its base when the run began: then a coder need not change anything. */
  branchResumed: z.boolean().optional(),
  /** What the task-estimator said; it beats the task's own. */
  estimate: Estimate.optional(),
  steps: z.array(StepRecord).min(1),
  actions: z.array(ActionEntry),
  seen: z.array(SeenAction),
  notices: z.array(Notice.strict()),
  usage: UsageTotal,
  environment: EnvironmentView.nullable(),
  generation: count,
  /** How often steps were started over by a person: red checks of an earlier round run again. */
  restarts: count,
  /** How often a moved base sent the merger back. */
  baseMoves: count,
  /** Whether checks may run whose end nobody has heard: they are not to run on when the run has ended. */
  checking: z.boolean().optional(),
  /** Merged is sticky: whatever comes after, it stays so. */
  mergeCommit: z.string().optional(),
  mergedAt: at.optional(),
  paused: z.strictObject({ by: z.string().optional(), at, reason: z.string().optional() }).optional(),
  /** How it is ending: nothing more is taken. It is `closed` once that is done with. */
  ending: z.enum(['passed', 'failed', 'stopped']).optional(),
  closed: z.boolean().optional(),
  /** What is waited for, to tell a new wait from one that is only told anew. */
  wait: z.strictObject({ key: z.string(), since: at }),
  /** The last action that a gate took, to tell who was faster. */
  lastTaken: z
    .strictObject({ by: z.string().optional(), action: z.string(), at, visit: z.string().optional() })
    .optional(),
});
export type Carried = z.output<typeof Snapshot>;

/** An environment as it goes into its next execution: how it stands, and whatever may have something behind it. */
export const EnvironmentSnapshot = z.strictObject({
  version: z.literal(SNAPSHOT_VERSION),
  view: EnvironmentView,
  keys: z.array(z.string()),
  revived: z.boolean(),
  released: z.string().optional(),
});
export type EnvironmentSnapshot = z.output<typeof EnvironmentSnapshot>;
