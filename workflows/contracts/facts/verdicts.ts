import type { ForeignCommit } from '../change.ts';

/** Why a verdict is void. */
export interface VerdictFacts {
  branchReset: { head: string };
  commitsCameAfter: { commits: readonly ForeignCommit[] };
  headMovedAfter: { head?: string | undefined };
}
