import type { BadField } from './bad-fields.ts';
import type { Began, ForeignCommit } from './change.ts';
import type { ActionEntry, OutputAnswer, ReviewEntry, StepEntry } from './reading.ts';

/** What a run tells of itself for whoever goes on from it. */
interface Facts {
  /** The steps that are done. */
  settled: StepEntry[];
  head?: string | undefined;
  branchResumed?: boolean | undefined;
  /** The branch that it was to be merged into. */
  base?: string | undefined;
  began?: Began | undefined;
  /** The version of the snapshots of the build that says so. Builds that only counted foreign commits name none. */
  version?: number | undefined;
}

/** What a run that fails says of itself: the first of its failure's details (contract 10). */
export interface FailureDetails extends Facts {
  step: number;
  message: string;
  hint: string;
  detail?: string;
  attempts?: number;
  /** What was wrong with its input, where that is why it failed. */
  fields?: BadField[];
  visits?: Record<string, number>;
  foreign?: ForeignCommit[];
}

/**
 * What a closed run has settled, and what goes with it: all that a retry takes over. What is told of steps goes by their
 * ids.
 */
export interface ClosedRun extends Facts {
  visits: Record<string, number>;
  foreign: ForeignCommit[];
  actions: ActionEntry[];
  /** What settled steps made, and what people said in a review that is not settled. */
  outputs: Record<string, Pick<OutputAnswer, 'summary' | 'output'>>;
  reviews: Record<string, ReviewEntry>;
}

export type ClosedReport = { is: 'read'; run: ClosedRun } | { is: 'refused'; fields: BadField[] };
