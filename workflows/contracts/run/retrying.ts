import { defineSignal } from '@temporalio/workflow';
import { z } from 'zod';

/**
 * An activity that keeps failing, as its worker reports it: a run does not see the attempts of what it waits for. Times are
 * ISO 8601.
 */
export const Retrying = z.object({
  activity: z.string().min(1).max(100),
  /** How often in a row it has failed. 0: no longer. */
  failures: z.number().int().min(0),
  /** Since when. */
  since: z.string().max(40),
  /** Why, the last time. */
  message: z.string().max(1_000),
  /** Its summary in the Web UI, which the waiting workflow adds. */
  about: z.string().max(300).optional(),
  /** Whether it fails because the forge gives no answer. The run waits on the forge then. */
  forge: z.boolean().optional(),
  /** When it is tried again, where that is far off. */
  nextLook: z.string().max(40).optional(),
  /** Whether it is an activity of the run's environment, which reports it on. */
  environment: z.boolean().optional(),
});
export type Retrying = z.output<typeof Retrying>;

export const retryingSignal = defineSignal<[unknown]>('_retrying');

/** After this many failures in a row, people get a notice. */
export const NOTICE_AFTER = 10;
