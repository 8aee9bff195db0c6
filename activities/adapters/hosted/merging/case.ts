import type { Change } from '../../../../workflows/contracts/change.ts';
import type { HostedBranch, HostedRepository, PullRequest } from '../api.ts';
import type { OurStatuses } from '../checks/our-statuses.ts';
import type { Parts } from '../parts.ts';
import type { WaitingMerges, Wish } from './waiting.ts';

export type { Wish } from './waiting.ts';

export type Merging = Parts & { statuses: OurStatuses; waiting: WaitingMerges };

/** Everything that one call of a merge is about. */
export interface Case {
  change: Change;
  repository: HostedRepository;
  pullRequest: PullRequest;
  rules: HostedBranch | undefined;
  wish: Wish;
}
