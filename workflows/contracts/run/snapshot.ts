import { z } from 'zod';
import { Change, ForeignCommit } from '../change.ts';
import { EnvironmentView } from '../environment.ts';
import { Notice } from '../notices.ts';
import { Estimate } from '../pipeline-run.ts';
import { PipelineShape } from '../pipelines.ts';
import { Policy } from '../policy.ts';
import { ActionEntry, UsageTotal } from '../reading.ts';
import { StepRecord } from './step-record.ts';

/**
 * The version of what an execution hands to the next one. If you change a shape below, or one that it consists of, increase
 * it, and add the migration in `run/snapshots.ts`. A test compares the shape with the number.
 */
export const SNAPSHOT_VERSION = 5;

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
 * What one execution of a run hands to the next: everything but the start input, which travels beside it. Unknown keys are
 * refused, so that none is lost. The run's state has the same shape.
 */
export const Snapshot = z.strictObject({
  version: z.literal(SNAPSHOT_VERSION),
  workflowId: z.string(),
  /** The first execution's run id. With the workflow id it identifies this run across continue-as-new. */
  firstRunId: z.string(),
  pipeline: PipelineShape,
  policy: Policy,
  change: Change,
  /** The forge's own name for the repository. The name in the input may later mean another one. */
  repository: z.string().optional(),
  head: z.string().optional(),
  /** Since when this head is known. The grace period of a head without checks begins then. */
  headAt: at,
  /** Commits by others, in the order in which they came: the newest, and one of each other writer. */
  foreign: z.array(ForeignCommit),
  /** Names and e-mails of the writers on the work branch before the run began. */
  writers: z.array(z.string()).optional(),
  /** The title and description of the pull request, where the task has none. */
  described: z.strictObject({ title: z.string(), description: z.string().optional() }).optional(),
  /** The change comes from a fork. Of its commits only this one may run here, because a person said so. */
  fork: z.strictObject({ trusted: z.string().optional() }).optional(),
  environments: z.boolean(),
  /** Whether the work branch was ahead of its base when the run began. Then a coder need not change anything. */
  branchResumed: z.boolean().optional(),
  /** The task-estimator's estimate, which replaces the task's own. */
  estimate: Estimate.optional(),
  steps: z.array(StepRecord).min(1),
  actions: z.array(ActionEntry),
  seen: z.array(SeenAction),
  notices: z.array(Notice.strict()),
  usage: UsageTotal,
  environment: EnvironmentView.nullable(),
  generation: count,
  /** How often a person has restarted steps. Red checks of an earlier round run again. */
  restarts: count,
  /** How often a moved base sent the merger back. */
  baseMoves: count,
  /** Whether checks may still be running. They are ended with the run. */
  checking: z.boolean().optional(),
  /** The merge commit. A merged run stays merged, whatever follows. */
  mergeCommit: z.string().optional(),
  mergedAt: at.optional(),
  paused: z.strictObject({ by: z.string().optional(), at, reason: z.string().optional() }).optional(),
  /** How it is ending: no more actions are taken. It is `closed` when that is done. */
  ending: z.enum(['passed', 'failed', 'stopped']).optional(),
  closed: z.boolean().optional(),
  /** What is waited for, to distinguish a new wait from one that is only shown again. */
  wait: z.strictObject({ key: z.string(), since: at }),
  /** The last action that a gate took, to show who was faster. */
  lastTaken: z
    .strictObject({ by: z.string().optional(), action: z.string(), at, visit: z.string().optional() })
    .optional(),
});
export type Carried = z.output<typeof Snapshot>;

/** What one execution of an environment hands to the next: its status, and the keys of what may exist. */
export const EnvironmentSnapshot = z.strictObject({
  version: z.literal(SNAPSHOT_VERSION),
  view: EnvironmentView,
  keys: z.array(z.string()),
  revived: z.boolean(),
  released: z.string().optional(),
});
export type EnvironmentSnapshot = z.output<typeof EnvironmentSnapshot>;
