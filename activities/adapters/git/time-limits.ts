/** The time limit of each kind of call, in milliseconds. When it is over, git and everything that it started are killed. */
export const LIMITS_MS = {
  /** Reads objects and refs. */
  read: 120_000,
  /** Writes objects and refs. */
  write: 120_000,
  /** Works on whole working trees: checkout, add, status, merge. */
  checkout: 900_000,
  /** Moves objects between repositories. */
  transfer: 1_800_000,
  /** Talks to a repository on another machine. It may take as long as it makes progress. */
  wire: Infinity,
};
export type Kind = keyof typeof LIMITS_MS;

/** How long a call to another machine may make no progress, in milliseconds. Then git is killed. */
export const STALL_MS = 300_000;
