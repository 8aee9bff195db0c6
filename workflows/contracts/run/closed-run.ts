import type { BadField } from '../bad-fields.ts';
import type { Began, Change, ForeignCommit } from '../change.ts';
import type { ActionEntry, OutputAnswer, ReviewEntry, StepEntry, UsageTotal } from '../reading.ts';

/** What a retry needs to know of a run. */
interface Facts {
  /** The steps that are done. */
  settled: StepEntry[];
  head?: string | undefined;
  branchResumed?: boolean | undefined;
  /** Its base branch. */
  base?: string | undefined;
  began?: Began | undefined;
  /** The version of the build's snapshots. Builds that only counted foreign commits name none. */
  version?: number | undefined;
}

/** The first of the details of a run's failure. */
export interface FailureDetails extends Facts {
  step: number;
  message: string;
  hint: string;
  detail?: string;
  attempts?: number;
  /** The bad fields of an invalid input. */
  fields?: BadField[];
  visits?: Record<string, number>;
  foreign?: ForeignCommit[];
}

/**
 * What a closed run has settled, and what belongs to it: all that a retry takes over. Records of steps are by their ids.
 */
export interface ClosedRun extends Facts {
  visits: Record<string, number>;
  foreign: ForeignCommit[];
  actions: ActionEntry[];
  /** The outputs of settled steps, and the answers in a review that is not settled. */
  outputs: Record<string, Pick<OutputAnswer, 'summary' | 'output'>>;
  reviews: Record<string, ReviewEntry>;
  /** What a run takes over besides, when it is started anew because the server has lost the one before. */
  recovered?: RecoveredFacts | undefined;
}

export interface RecoveredFacts {
  /** When it was found lost, and who had it started anew. */
  at: string;
  by?: string | undefined;
  usage: UsageTotal;
  paused: boolean;
  /** The change as it was merged, by the run itself or by others. */
  merged?: { change: Change; commit: string } | undefined;
}

/** `rows`: whether the worker keeps a row of each run. */
export type ClosedReport = ({ is: 'read'; run: ClosedRun } | { is: 'refused'; fields: BadField[] }) & {
  rows?: boolean;
};
