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
};
export type Kind = keyof typeof LIMITS_MS;
