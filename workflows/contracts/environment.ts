import { z } from 'zod';
import { KnownChange } from './change.ts';
import type { Task } from './pipeline-run.ts';

/** The run that owns something, by its workflow id and its first execution's run id. Workflow ids are used again. */
export const RunOwner = z.strictObject({ workflowId: z.string(), runId: z.string() });
export type RunOwner = z.output<typeof RunOwner>;

/** The status of an environment, as its workflow answers the query `environment`. */
export const EnvironmentView = z.strictObject({
  status: z.enum(['provisioning', 'live', 'failed', 'tearing-down', 'gone', 'unknown']),
  generation: z.number().int().min(0),
  url: z.string().optional(),
  expiresAt: z.string().optional(),
  because: z.string().optional(),
  holder: RunOwner,
  head: z.string().optional(),
});
export type EnvironmentView = z.output<typeof EnvironmentView>;

/** The owner as another workflow names it. A newer build may add fields. */
const NamedOwner = z.object({ workflowId: z.string().min(1), runId: z.string().min(1) });

/**
 * The task, which is only passed on. It is read loosely, because a newer build may send an environment of this build a task
 * with more in it.
 */
const NamedTask = z
  .looseObject({ id: z.string().min(1), title: z.string(), type: z.string() })
  .transform((task) => task as z.output<typeof Task>);

/** The input of `environment`, and of the signal `_build`: one generation of one task's environment. */
export const EnvironmentInput = z.object({
  workspace: z.string().min(1),
  task: NamedTask,
  change: KnownChange,
  head: z.string().min(1),
  generation: z.number().int().min(1),
  holder: NamedOwner,
  provisionSeconds: z.number().min(1),
  /** Made by continue-as-new: see `EnvironmentSnapshot` in `contracts/run/snapshot.ts`. */
  resume: z.looseObject({}).optional(),
});
export type EnvironmentInput = z.output<typeof EnvironmentInput>;

/** The provider's key: one generation of one run's environment. */
export const environmentKeyOf = ({ workspace, task, holder, generation }: EnvironmentInput): string =>
  `env/${workspace}/${task.id}/${holder.runId.slice(-12)}/${generation}`;

/** The memo with an environment's status, so that reading it needs no worker. */
export const ENVIRONMENT_MEMO = 'environment';

export const Release = z.object({ holder: NamedOwner, because: z.string().max(2_000) });
