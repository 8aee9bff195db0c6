import { z } from 'zod';

/**
 * Why people are notified.
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
  'merge_note',
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
  'agent_unavailable',
  'dependent_not_started',
]);
export type NoticeType = z.infer<typeof NoticeType>;

/** A notice, one per wait or visit. Its id is deterministic, so that a repeat is recognised. */
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
