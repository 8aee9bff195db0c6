/** Something that was done to the world. Doing it twice makes two lines. */
export type Effect = { key: string } & (
  | { effect: 'job-started' | 'job-ended' | 'check-started' }
  | { effect: 'environment-created' | 'environment-destroyed' }
  /** A branch was moved by us. `to`: none when it was deleted. The key is the repository and the branch. */
  | { effect: 'branch-pushed'; from?: string; to?: string }
  /** The key is the repository and the head that was merged. */
  | { effect: 'merged'; mergeCommit: string }
  | { effect: 'notice-delivered' | 'issue-filed' | 'issue-told' | 'cost-recorded' }
);

/**
 * Records every effect as it happens, in order, out of reach of the code that is judged by it. Nothing of ours reads it
 * back.
 */
export interface Ledger {
  note(effect: Effect): void;
}
