import { z } from 'zod';
import { KnownChange } from './change.ts';

const Holder = z.object({ workflowId: z.string().min(1), runId: z.string().min(1) });

/** What `environment` is started with, and asked for again by `_build`: one generation of one task's environment. */
export const EnvironmentInput = z.object({
  workspace: z.string().min(1),
  task: z.looseObject({ id: z.string().min(1), title: z.string(), type: z.string() }),
  change: KnownChange,
  head: z.string().min(1),
  generation: z.number().int().min(1),
  holder: Holder,
  provisionSeconds: z.number().min(1),
});
export type EnvironmentInput = z.output<typeof EnvironmentInput>;

export const Release = z.object({ holder: Holder, because: z.string().max(2_000) });
