import { z } from 'zod';

/**
 * Why somebody is told something: the original's types (engine 5.14), those of environments (contract 11), and of what
 * lasts.
 */
export const NoticeType = z.enum([
  'human_test_ready',
  'decision_required',
  'approval_required',
  'requirement_review',
  'clarity_review',
  'ci_failed',
  'test_failed',
  'conflicts_failed',
  'run_failed',
  'merge_review',
  'pipeline_complete',
  'release_regression',
  'release_no_data',
  'checks_pending',
  'no_checks',
  'changes_discarded',
  'environment_lost',
  'environment_ready',
  'teardown_failing',
  'doctor_found',
  'keeps_failing',
  'checkout_lacking',
  'dependent_not_started',
]);
export type NoticeType = z.infer<typeof NoticeType>;

/** One per wait and visit. Its id is deterministic, so that telling twice is telling once. */
export const Notice = z.object({
  id: z.string(),
  type: NoticeType,
  severity: z.enum(['normal', 'urgent']),
  at: z.string(),
  visit: z.string().optional(),
  text: z.string(),
  clearedAt: z.string().optional(),
});
export type Notice = z.infer<typeof Notice>;
