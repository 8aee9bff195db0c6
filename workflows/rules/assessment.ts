import { z } from 'zod';
import type { Fact } from '../contracts/facts.ts';
import type { Policy } from '../contracts/policy.ts';

const score = z.number().min(0).max(1);

/** What a merger answers. If anything is missing, a person decides. */
export const Assessment = z.object({
  complexity: score,
  risk: score,
  impact: score,
  rationale: z.string().trim().min(1).max(10_000),
});
export type Assessment = z.infer<typeof Assessment>;

/** Why a person must decide about the merge, or nothing when it needs nobody. The limits are inclusive. */
export function reviewReason(assessment: Assessment | undefined, policy: Policy): Fact | undefined {
  if (!assessment) return { fact: 'notAssessed' };
  const over = (
    [
      ['complexity', policy.maxComplexity],
      ['risk', policy.maxRisk],
      ['impact', policy.maxImpact],
    ] as const
  )
    .filter(([axis, most]) => assessment[axis] > most)
    .map(([axis, most]) => ({ axis, score: assessment[axis], most }));
  return over.length > 0 ? { fact: 'assessedTooHigh', over } : undefined;
}
