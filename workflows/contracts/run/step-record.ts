import { z } from 'zod';
import { Revision } from '../jobs.ts';
import { stepIdOf, StepShape } from '../pipelines.ts';
import { CompanionVerdict, Round, StepEntry } from '../reading.ts';

const count = z.number().int().min(0);

/** All that a run knows of one step: what people read, and what the run needs to continue. It is plain data. */
export const StepRecord = StepEntry.extend({
  options: StepShape,
  /** How often it has parked, and how many jobs of each role it has sent. Neither ever decreases. */
  visits: count,
  jobs: z.record(z.string(), count),
  /** The used attempts of each budget since the step was last started over. */
  spent: z.record(z.string(), count),
  /** Rounds that a person granted on top. */
  extra: count,
  rounds: z.array(Round),
  verdicts: z.array(CompanionVerdict),
  summary: z.string().optional(),
  output: z.unknown().optional(),
  /** Whether a person has replaced the output. */
  edited: z.boolean().optional(),
  /** Why the step was reopened, and the feedback for its job. */
  reopened: z.string().optional(),
  rework: Revision.optional(),
  decision: z
    .strictObject({ id: z.string(), question: z.string(), options: z.array(z.string()), choice: z.string().optional() })
    .optional(),
  /** While it is parked: since when, and what its gate needs to return straight here in another execution. */
  parked: z.strictObject({ since: z.string(), kept: z.record(z.string(), z.unknown()) }).optional(),
});
export type StepRecord = z.output<typeof StepRecord>;

/** The record of a step that has not begun. */
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
