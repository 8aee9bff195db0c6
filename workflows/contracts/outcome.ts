import { z } from 'zod';

/** What one look at the world says. A look that cannot tell yet is no verdict: the activity looks again. */
export type Verdict =
  { pass: true; note: string } | { pass: false; reason: string; head: string; failing: readonly Failing[] };

/** One thing that is red: a check, or a file in conflict. */
export const Failing = z.object({
  name: z.string(),
  conclusion: z.string(),
  url: z.string().optional(),
  /** The end of what it printed, for whoever mends it. */
  log: z.string().optional(),
});
export type Failing = z.infer<typeof Failing>;

/** GitHub's conclusions that block nothing; all others do, a missing one included (gates 4.3). */
export const PASSING: ReadonlySet<string> = new Set(['success', 'neutral', 'skipped']);

/** Why a run fails: the `type` of its ApplicationFailure (contract 10). */
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
  note: string;
}
export interface Merged {
  is: 'merged';
  note: string;
  mergeCommit: string;
}
export interface Lost {
  is: 'failed' | 'rejected';
  type: FailureType;
  reason: string;
  hint?: string;
  detail?: string;
}
export type Outcome = Settled | Merged | Lost;

export const passed = (note: string): Settled => ({ is: 'passed', note });
export const failed = (
  type: FailureType,
  reason: string,
  more: { hint?: string | undefined; detail?: string | undefined } = {},
): Lost => ({
  is: 'failed',
  type,
  reason,
  ...(more.hint && { hint: more.hint }),
  ...(more.detail && { detail: more.detail }),
});
