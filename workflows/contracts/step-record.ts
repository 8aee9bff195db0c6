import { z } from 'zod';
import { Revision } from './jobs.ts';
import { stepIdOf, StepShape } from './pipelines.ts';
import { CompanionVerdict, Round, StepEntry } from './reading.ts';

const count = z.number().int().min(0);

/** All that a run knows of one step: what is answered of it, and what it needs to go on. It is plain data, and travels. */
export const StepRecord = StepEntry.extend({
  options: StepShape,
  /** How often it has parked, and how many jobs of each role it has sent: neither ever goes back. */
  visits: count,
  jobs: z.record(z.string(), count),
  /** Attempts used of each budget, since the step was last started afresh. */
  spent: z.record(z.string(), count),
  /** Rounds that a person granted on top. */
  extra: count,
  rounds: z.array(Round),
  verdicts: z.array(CompanionVerdict),
  summary: z.string().optional(),
  output: z.unknown().optional(),
  /** Whether a person put their own words in the place of what was made. */
  edited: z.boolean().optional(),
  /** Why the step was opened again, and what its job is to act on. */
  reopened: z.string().optional(),
  rework: Revision.optional(),
  decision: z
    .strictObject({ id: z.string(), question: z.string(), options: z.array(z.string()), choice: z.string().optional() })
    .optional(),
  /** While it is parked: since when, and what its gate needs to come straight back here in another execution. */
  parked: z.strictObject({ since: z.string(), kept: z.record(z.string(), z.unknown()) }).optional(),
});
export type StepRecord = z.output<typeof StepRecord>;

/** A step as it is before anything has happened to it. */
export const freshStep = (step: number, options: StepShape): StepRecord => ({
  step,
  id: stepIdOf(step, options.kind),
  kind: options.kind,
  options,
  state: 'pending',
  waitedMs: 0,
  attempts: [],
  visits: 0,
  jobs: {},
  spent: {},
  extra: 0,
  rounds: [],
  verdicts: [],
});
