import { z } from 'zod';

const DAYS = 'days, 1 to 3650';

export const variables = {
  /**
   * How many days logs, bundles, texts that no run names, and webhooks that were passed on are kept. The doctor removes older
   * ones. Rows of runs and the log of actions are kept for good, and so is what a live run may need.
   */
  GATEHOUSE_KEEP_DAYS: z.coerce.number({ error: DAYS }).min(1, { error: DAYS }).max(3_650, { error: DAYS }).default(14),
  /** The folder in which the `tracker` step files issues as Markdown. Default: `issues` in `GATEHOUSE_DATA`. */
  GATEHOUSE_ISSUES: z.string().optional(),
  /**
   * The file to which the `file` notifier appends one JSON line per notice. Default: `notices.jsonl` in
   * `GATEHOUSE_DATA`.
   */
  GATEHOUSE_NOTICES_FILE: z.string().optional(),
};
