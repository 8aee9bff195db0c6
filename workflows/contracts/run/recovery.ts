import { z } from 'zod';

/** The input of `recovery`, from `gatehouse recover`. */
export const RecoveryInput = z.strictObject({
  /** Whether only to say what would be started anew. */
  dryRun: z.boolean().default(false),
  /** Workflow ids. Default: every run that was live, and that the server does not know. */
  only: z.array(z.string().min(1).max(300)).max(1_000).optional(),
  /** Who asks for it. */
  by: z.string().min(1).max(200).optional(),
});
export type RecoveryInput = z.output<typeof RecoveryInput>;

/** Recoveries have a fixed id, so that a second caller gets the result of the one that is running. */
export const recoveryIdOf = (taskQueue: string, { dryRun }: { dryRun: boolean }) =>
  `doctor/${taskQueue}/recover${dryRun ? '-dry-run' : ''}`;

/** A run that was live by its row, and that the server does not know. Times are ISO 8601. */
export interface LostRun {
  workflowId: string;
  status: string;
  /** Where it stood, and since when. */
  step?: { step: number; kind: string } | undefined;
  since: string;
  /** The keys of its jobs and environments that other workers than the one that has looked may still run. */
  elsewhere?: { jobs: string[]; environments: string[] } | undefined;
  /** Why it cannot be started anew. */
  because?: string | undefined;
}

/** What `recoverRuns` did with one run. */
export interface Recovered {
  workflowId: string;
  is: 'started' | 'merged' | 'failed';
  /** How many of its jobs, checks and environments were ended before. */
  ended?: number | undefined;
  /** Why it could not be started anew. */
  because?: string | undefined;
}

/** The progress and the result of `recovery`. */
export interface RecoveryReport {
  dryRun: boolean;
  lost: LostRun[];
  done: Recovered[];
  /** The runs of `only` that the server still has, or that nobody knows. */
  refused: { workflowId: string; because: string }[];
}

/** The activities of `recovery`. */
export interface RecoveryActivities {
  /** Compares the rows of live runs with the server. Changes nothing. */
  lostRuns(question: { only?: string[] | undefined }): Promise<Pick<RecoveryReport, 'lost' | 'refused'>>;
  /** Ends what is left of lost runs, reads back whether they were merged, and starts them anew. Started already is a success. */
  recoverRuns(question: { workflowIds: string[]; by?: string | undefined }): Promise<Recovered[]>;
}
