import type { Fact } from '../contracts/facts.ts';
import type { Estimate } from '../contracts/pipeline-run.ts';
import type { When } from '../contracts/pipelines.ts';
import { z } from 'zod';

const AXES = [
  ['minComplexity', 'complexity'],
  ['minRisk', 'risk'],
  ['minImpact', 'impact'],
] as const;

/** Why a step is skipped, or nothing when it runs. Reaching any one of the thresholds runs it. */
export function skipReason(when: When | undefined, estimate: Estimate | undefined): Fact | undefined {
  if (!when) return undefined;
  if (!estimate) return when.onMissingEstimate === 'skip' ? { fact: 'noEstimate' } : undefined;

  const reached = AXES.some(([least, axis]) => when[least] !== undefined && estimate[axis] >= when[least]);
  if (reached) return undefined;
  const thresholds = AXES.flatMap(([key, axis]) => {
    const least = when[key];
    return least === undefined ? [] : [{ axis, least }];
  });
  return { fact: 'estimateTooLow', thresholds };
}

const score = z.number().transform((value) => Math.min(1, Math.max(0, value)));
const Answer = z.object({ complexity: score, risk: score, impact: score, rationale: z.string().max(10_000).catch('') });

/** What a task-estimator answers: all three axes, or it is no estimate. */
export function readEstimate(output: unknown): { estimate: Estimate; rationale: string } | undefined {
  const { data } = Answer.safeParse(output);
  if (!data) return undefined;
  const { rationale, ...estimate } = data;
  return { estimate, rationale };
}
