import { z } from 'zod';
import type { Policy } from '../contracts/policy.ts';

const score = z.number().min(0).max(1);

/** What a merger answers (ports.md 11.3). Nothing is assumed for what is missing: then a person decides. */
export const Assessment = z.object({
  complexity: score,
  risk: score,
  impact: score,
  rationale: z.string().trim().min(1).max(10_000),
});
export type Assessment = z.infer<typeof Assessment>;

/** Why a person must look at the merge, or nothing when it may happen by itself. The ceilings are inclusive. */
export function reviewReason(assessment: Assessment | undefined, policy: Policy): string | undefined {
  if (!assessment) return 'There is no valid assessment of the change.';
  const over = (
    [
      ['complexity', policy.maxComplexity],
      ['risk', policy.maxRisk],
      ['impact', policy.maxImpact],
    ] as const
  ).filter(([axis, most]) => assessment[axis] > most);
  if (over.length === 0) return undefined;
  return `Over the thresholds: ${over.map(([axis, most]) => `${axis} ${assessment[axis]} of ${most}`).join(', ')}.`;
}
