import { z } from 'zod';
import { KnownChange } from './change.ts';
import { Task } from './pipeline-run.ts';

/** Who has something: a run, by its workflow id and its first execution's run id (both, since ids are used again). */
export const Holder = z.strictObject({ workflowId: z.string(), runId: z.string() });
export type Holder = z.output<typeof Holder>;

/** How an environment stands, as its own workflow says: what the `environment` query answers (contract 11). */
export const EnvironmentView = z.strictObject({
  status: z.enum(['provisioning', 'live', 'failed', 'tearing-down', 'gone', 'unknown']),
  generation: z.number().int().min(0),
  url: z.string().optional(),
  expiresAt: z.string().optional(),
  because: z.string().optional(),
  holder: Holder,
  head: z.string().optional(),
});
export type EnvironmentView = z.output<typeof EnvironmentView>;

/** A holder as another workflow names it, which may know more than we do. */
const NamedHolder = z.object({ workflowId: z.string().min(1), runId: z.string().min(1) });

/** What `environment` is started with, and asked for again by `_build`: one generation of one task's environment. */
export const EnvironmentInput = z.object({
  workspace: z.string().min(1),
  task: z.looseObject(Task.shape),
  change: KnownChange,
  head: z.string().min(1),
  generation: z.number().int().min(1),
  holder: NamedHolder,
  provisionSeconds: z.number().min(1),
  /** Made by continue-as-new: see `EnvironmentSnapshot` in `contracts/snapshot.ts`. */
  resume: z.looseObject({}).optional(),
});
export type EnvironmentInput = z.output<typeof EnvironmentInput>;

/** What the provider knows it by: one generation of one holder's environment. */
export const environmentKeyOf = ({ workspace, task, holder, generation }: EnvironmentInput): string =>
  `env/${workspace}/${task.id}/${holder.runId.slice(-12)}/${generation}`;

/** The memo in which an environment says how it stands, as its query answers it. */
export const ENVIRONMENT_MEMO = 'environment';

export const Release = z.object({ holder: NamedHolder, because: z.string().max(2_000) });
