/** An external effect. If it happens twice, there are two lines. */
export type Effect = { key: string } & (
  | { effect: 'job-started' | 'job-ended' | 'check-started' }
  | { effect: 'environment-created' | 'environment-destroyed' }
  /** We moved a branch. `to` is undefined if the branch was deleted. The key is the repository and the branch. */
  | { effect: 'branch-pushed'; from?: string; to?: string }
  /** The key is the repository and the head that was merged. */
  | { effect: 'merged'; mergeCommit: string }
  | { effect: 'notice-delivered' | 'issue-filed' | 'issue-told' | 'cost-recorded' }
);

/** Records every effect as it happens, in order. The record is for tests and audits only: no product code reads it. */
export interface Ledger {
  note(effect: Effect): void;
}
