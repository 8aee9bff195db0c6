import { z } from 'zod';

export const variables = {
  /** The folder in which the `tracker` step files issues as Markdown. None: `issues` below `GATEHOUSE_DATA`. */
  GATEHOUSE_ISSUES: z.string().optional(),
  /** The file that `file` appends to, one line of JSON per notice. None: `notices.jsonl` below `GATEHOUSE_DATA`. */
  GATEHOUSE_NOTICES_FILE: z.string().optional(),
};
