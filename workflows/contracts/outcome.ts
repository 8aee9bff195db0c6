import { z } from 'zod';
import type { Text } from './facts.ts';
import type { Failing } from './reports.ts';

/** The verdict of one check. While there is none yet, the activity is retried. */
export type Verdict =
  { pass: true; note: Text } | { pass: false; reason: Text; head: string; failing: readonly Failing[] };

/** Why a run fails: the `type` of its ApplicationFailure. */
export const FailureType = z.enum([
  'job_failed',
  'agent',
  'evicted',
  'timeout',
  'rejected',
  'companion_rejected',
  'invalid_input',
  'budget',
  'unexpected',
]);
export type FailureType = z.infer<typeof FailureType>;

/** How a step ended: well, or in a way that ends the run. */
export interface Settled {
  is: 'passed' | 'approved' | 'skipped';
  note: Text;
}
export interface Merged {
  is: 'merged';
  note: Text;
  mergeCommit: string;
}
export interface Lost {
  is: 'failed' | 'rejected';
  type: FailureType;
  reason: Text;
  hint?: Text;
  detail?: string;
}
export type Outcome = Settled | Merged | Lost;

export const passed = (note: Text): Settled => ({ is: 'passed', note });
export const failed = (
  type: FailureType,
  reason: Text,
  more: { hint?: Text | undefined; detail?: string | undefined } = {},
): Lost => ({
  is: 'failed',
  type,
  reason,
  ...(more.hint && { hint: more.hint }),
  ...(more.detail && { detail: more.detail }),
});
