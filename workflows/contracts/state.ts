import { z } from 'zod';
import { Revision } from './jobs.ts';
import type { ActionName } from './messages.ts';
import type { RunInput } from './pipeline-run.ts';
import { stepIdOf, StepShape } from './pipelines.ts';
import { CompanionVerdict, Round, StepEntry, type Phase, type Shown, type Waited } from './reading.ts';
import type { Retrying } from './retrying.ts';
import type { Carried } from './snapshot.ts';

/** What a gate is doing now, as a person would want it told. */
export interface GateView extends Shown {
  phase: Phase;
  waitingOn: Waited;
  detail: string;
  offers?: readonly ActionName[] | undefined;
  attempt?: number | undefined;
  attempts?: number | undefined;
  /** When the wait ends at the latest, where it has such an end. ISO time. */
  deadline?: string | undefined;
}

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

/**
 * All that a run knows of itself, as data: what travels (`contracts/snapshot.ts`), and what does not, for each execution
 * has it anew. What people read is derived from it (`rules/describe.ts`).
 */
export interface RunState extends Carried {
  input: RunInput;
  runId: string;
  /** What is being done or asked, which the gate says anew. */
  current?: (GateView & { step: number; id: string; kind: string; visit?: string | undefined }) | undefined;
  /** What is tried again and again of what this execution asks. The next one asks anew. */
  retrying?: Retrying[] | undefined;
}
