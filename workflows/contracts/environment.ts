import { z } from 'zod';
import { KnownChange } from './change.ts';
import { SiteView, SNAPSHOT_VERSION } from './snapshot.ts';

const Holder = z.object({ workflowId: z.string().min(1), runId: z.string().min(1) });

/** An environment as it goes into its next execution: how it stands, and whatever may have something behind it. */
export const SiteSnapshot = z.strictObject({
  version: z.literal(SNAPSHOT_VERSION),
  view: SiteView,
  keys: z.array(z.string()),
  revived: z.boolean(),
  released: z.string().optional(),
});
export type SiteSnapshot = z.output<typeof SiteSnapshot>;

/** What `environment` is started with, and asked for again by `_build`: one generation of one task's environment. */
export const EnvironmentInput = z.object({
  workspace: z.string().min(1),
  task: z.looseObject({ id: z.string().min(1), title: z.string(), type: z.string() }),
  change: KnownChange,
  head: z.string().min(1),
  generation: z.number().int().min(1),
  holder: Holder,
  provisionSeconds: z.number().min(1),
  /** Made by continue-as-new: see `SiteSnapshot`. */
  resume: z.looseObject({}).optional(),
});
export type EnvironmentInput = z.output<typeof EnvironmentInput>;

/** What the provider knows it by: one generation of one holder's environment. */
export const siteKeyOf = ({ workspace, task, holder, generation }: EnvironmentInput): string =>
  `env/${workspace}/${task.id}/${holder.runId.slice(-12)}/${generation}`;

/** The memo in which an environment says how it stands, as its query answers it. */
export const ENVIRONMENT_MEMO = 'environment';

export const Release = z.object({ holder: Holder, because: z.string().max(2_000) });
