import { z } from 'zod';
import { KnownChange } from './change.ts';
import { Resume, Task } from './pipeline-run.ts';
import { Policy } from './policy.ts';

/** One signal of a release, as it was read. */
export interface Signal {
  id: string;
  state: 'ok' | 'warn' | 'alert' | 'no_data';
  name?: string | undefined;
  detail?: string | undefined;
  /** Since when it has this state, as ISO time. An alert that is older than the release has another cause. */
  since?: string | undefined;
}

/** The input of `releaseWatch`, from the run that has merged: the release, and how to watch it. */
export const ReleaseInput = z.object({
  workspace: z.string().min(1),
  task: Task,
  change: KnownChange,
  policy: Policy,
  pipeline: z.string().min(1),
  /** The step's own options, as the gate knows them. */
  options: z.looseObject({ kind: z.string().min(1) }),
  mergeCommit: z.string().min(1),
  mergedAt: z.string().min(1),
  startedBy: z.string().optional(),
  resume: Resume.optional(),
});
export type ReleaseInput = z.output<typeof ReleaseInput>;
