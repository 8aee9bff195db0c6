/** Something that was done to the world. Whoever did it twice has two lines. */
export type Effect = { key: string } & (
  | { effect: 'job-started' | 'job-ended' | 'check-started' }
  | { effect: 'environment-created' | 'environment-destroyed' }
  /** A branch moved by us; `to` is none when it was deleted. The key is the repository and the branch. */
  | { effect: 'branch-pushed'; from?: string; to?: string }
  /** The key is the repository and the head that was merged. */
  | { effect: 'merged'; mergeCommit: string }
  | { effect: 'notice-delivered' | 'issue-filed' | 'issue-told' | 'cost-recorded' }
);

/**
 * Where every effect is written down as it happens, one after another, by whoever causes it, and out of reach of what is
 * judged by it. Nothing of ours ever reads it back.
 */
export interface Ledger {
  note(effect: Effect): void;
}
