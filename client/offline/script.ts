import { z } from 'zod';
import { actionNames } from '../../workflows/contracts/messages.ts';

const End = z.strictObject({
  /** The job's summary. */
  summary: z.string().optional(),
  /** The role's structured output. */
  output: z.unknown().optional(),
  /** A question that the job asks a person. */
  decision: z.strictObject({ question: z.string(), options: z.array(z.string()).min(1) }).optional(),
  /** Why the job fails. */
  fails: z.string().optional(),
  /** Whether the job is evicted. */
  evicted: z.boolean().optional(),
  /** Why the agent cannot work now. */
  notNow: z.string().optional(),
  /** After how many minutes the agent is tried again. Default: 1. */
  againAfterMinutes: z.number().min(0).optional(),
  /** Whether the job changes the branch. Default: `true` for roles that write. */
  changes: z.boolean().optional(),
  /** What the job costs. */
  costCents: z.number().min(0).optional(),
  /** How long the job takes. */
  takesMinutes: z.number().min(0).optional(),
});
export type End = z.output<typeof End>;

const names = z.array(z.string());

/**
 * The deviations from a run in which everything succeeds. Each call uses the next entry of its list, and the last entry is
 * repeated. People send their actions in order, and then whatever lets the run continue.
 */
export const Script = z.strictObject({
  /** How jobs end, by role. */
  jobs: z.record(z.string(), z.array(End).min(1)).default({}),
  /** The names of the failing checks, poll by poll. */
  checks: z.array(names).default([]),
  /** The files that conflict with the base, poll by poll. */
  conflicts: z.array(names).default([]),
  /** Why an environment cannot be built, as `fails`; empty if it can. */
  environments: z.array(z.strictObject({ fails: z.string().optional() })).default([]),
  /** Why the forge refuses the merge, as `refused`; empty if it does not. */
  merges: z.array(z.strictObject({ refused: z.string().optional() })).default([]),
  /** The release's signals, poll by poll. */
  signals: z
    .array(z.array(z.strictObject({ id: z.string(), state: z.enum(['ok', 'warn', 'alert', 'no_data']) })))
    .default([]),
  /**
   * The actions that people send, in order: an action with its fields, and `afterMinutes`. After these, people send whatever
   * lets the run continue.
   */
  people: z
    .array(z.looseObject({ action: z.enum(actionNames as [string]), afterMinutes: z.number().min(0).optional() }))
    .default([]),
});
export type Script = z.output<typeof Script>;

/** Returns a function that returns the entries of a list in turn, and then repeats the last one. */
export function inTurn<T>(entries: readonly T[], otherwise: T): () => T {
  let next = 0;
  return () => {
    const entry = entries[Math.min(next, entries.length - 1)] ?? otherwise;
    next += 1;
    return entry;
  };
}
