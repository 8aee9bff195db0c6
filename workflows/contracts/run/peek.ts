import { z } from 'zod';

/** What people look at in passing, and what no history keeps for a run: the diff of its change, and the log of a job. */

/** The most of a diff that is shown, and of a log that one answer has, in bytes. */
export const DIFF_BYTES = 1_000_000;
export const PART_BYTES = 262_144;

export const LogStream = z.enum(['stdout', 'stderr']);
export type LogStream = z.output<typeof LogStream>;

const DiffQuestion = z.strictObject({
  change: z.looseObject({
    repository: z.string().min(1),
    base: z.string().min(1),
    branch: z.string().min(1),
    pullRequest: z.number().optional(),
    fork: z.boolean().optional(),
  }),
  /** The last head that is known of the change, for one whose branch is gone. */
  head: z.string().optional(),
  mergeCommit: z.string().optional(),
});
export type DiffQuestion = z.output<typeof DiffQuestion>;

const LogQuestion = z.strictObject({
  /** The job's key. */
  key: z.string().min(1),
  stream: LogStream,
  /** The first byte that is wanted. */
  offset: z.number().int().min(0),
});
export type LogQuestion = z.output<typeof LogQuestion>;

/** The input of `peek`. */
export const PeekInput = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('diff'), about: DiffQuestion }),
  z.strictObject({ is: z.literal('log'), about: LogQuestion }),
]);
export type PeekInput = z.output<typeof PeekInput>;

/** A diff in git's own format. `none`: no commits are there to compare. */
export type DiffAnswer =
  /** `gzip`: the compressed bytes in Base64. `truncated`: there is more of it. */
  { is: 'diff'; gzip: string; truncated: boolean; head: string; base: string } | { is: 'none' };

/** A part of a log. Offsets count bytes from the beginning of what is kept on disk. `none`: there is no such log here. */
export type LogAnswer =
  /** `bytes` in Base64, from `offset` to `next`. `ended`: nothing comes after `size`. */
  { is: 'part'; bytes: string; offset: number; next: number; size: number; ended: boolean } | { is: 'none' };

/** The activities of `peek`. */
export interface PeekActivities {
  /** What the change's head has and its base lacks, or what its merge has brought. */
  readDiff(question: DiffQuestion): Promise<DiffAnswer>;
  /** A part of the log of a job that runs, or has run, on this machine. */
  readLog(question: LogQuestion): Promise<LogAnswer>;
}
