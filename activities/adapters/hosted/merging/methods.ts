import type { HostedBranch, HostedRepository, MergeMethod } from '../api.ts';

/** The methods in the order in which they are tried, unless the policy names one. */
const ORDER: readonly MergeMethod[] = ['merge', 'squash', 'rebase'];

/**
 * The methods that repository and branch allow, best first: the policy's, then the others in our order. Where commits must
 * be signed, a squash comes first, because the forge signs it.
 */
export function methodsFor(
  wanted: MergeMethod | undefined,
  repository: Pick<HostedRepository, 'methods'>,
  branch: Pick<HostedBranch, 'methods' | 'signed'> = {},
): MergeMethod[] {
  const allowed = ORDER.filter((each) => repository.methods.includes(each) && (branch.methods?.includes(each) ?? true));
  const first = wanted ?? (branch.signed ? 'squash' : undefined);
  return allowed.toSorted((one, other) => Number(other === first) - Number(one === first));
}

/** A note for people if it is not the method that the policy names. */
export const methodNote = (wanted: MergeMethod | undefined, used: MergeMethod): string | undefined =>
  wanted === undefined || wanted === used
    ? undefined
    : `It was merged by ${used}, because the forge does not allow ${wanted} here.`;
