import { z } from 'zod';

export const variables = {
  /** The folder in which the `tracker` step files issues as Markdown. Default: `issues` in `GATEHOUSE_DATA`. */
  GATEHOUSE_ISSUES: z.string().optional(),
  /**
   * The file to which the `file` notifier appends one JSON line per notice. Default: `notices.jsonl` in `GATEHOUSE_DATA`.
   */
  GATEHOUSE_NOTICES_FILE: z.string().optional(),
};
