import { z } from 'zod';
import { actionNames } from '../../workflows/contracts/messages.ts';

const End = z.strictObject({
  summary: z.string().optional(),
  output: z.unknown().optional(),
  decision: z.strictObject({ question: z.string(), options: z.array(z.string()).min(1) }).optional(),
  /** Why it fails; then nothing else of it counts. */
  fails: z.string().optional(),
  evicted: z.boolean().optional(),
  /** Whether it changes the branch. None: writers do. */
  changes: z.boolean().optional(),
  costCents: z.number().min(0).optional(),
  takesMinutes: z.number().min(0).optional(),
});
export type End = z.output<typeof End>;

const names = z.array(z.string());

/**
 * What differs from a day on which all goes well. Of each list the next entry is used each time, and the last one stands;
 * people say their lines in order, and then whatever lets the run go on.
 */
export const Script = z.strictObject({
  /** How jobs end, by role. */
  jobs: z.record(z.string(), z.array(End).min(1)).default({}),
  /** The names of the checks that are red, look by look. */
  checks: z.array(names).default([]),
  /** The files that conflict with the base, look by look. */
  conflicts: z.array(names).default([]),
  /** Why an environment cannot be made, or nothing when it can. */
  environments: z.array(z.strictObject({ fails: z.string().optional() })).default([]),
  /** Why the forge refuses the merge, or nothing when it does not. */
  merges: z.array(z.strictObject({ refused: z.string().optional() })).default([]),
  /** What the release's signals say, look by look. */
  signals: z
    .array(z.array(z.strictObject({ id: z.string(), state: z.enum(['ok', 'warn', 'alert', 'no_data']) })))
    .default([]),
  people: z
    .array(z.looseObject({ action: z.enum(actionNames as [string]), afterMinutes: z.number().min(0).optional() }))
    .default([]),
});
export type Script = z.output<typeof Script>;

/** The entries of a list in turn, of which the last stands. */
export function inTurn<T>(entries: readonly T[], otherwise: T): () => T {
  let next = 0;
  return () => {
    const entry = entries[Math.min(next, entries.length - 1)] ?? otherwise;
    next += 1;
    return entry;
  };
}
