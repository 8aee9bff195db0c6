import type { Estimate } from '../contracts/pipeline-run.ts';
import type { When } from '../contracts/pipelines.ts';
import { z } from 'zod';

const AXES = [
  ['minComplexity', 'complexity'],
  ['minRisk', 'risk'],
  ['minImpact', 'impact'],
] as const;

/** Why a step is skipped, or nothing when it runs. Reaching any one of the thresholds runs it (gates 10). */
export function skipReason(when: When | undefined, estimate: Estimate | undefined): string | undefined {
  if (!when) return undefined;
  if (!estimate) return when.onMissingEstimate === 'skip' ? 'There is no estimate.' : undefined;

  const reached = AXES.some(([least, axis]) => when[least] !== undefined && estimate[axis] >= when[least]);
  if (reached) return undefined;
  const asked = AXES.filter(([least]) => when[least] !== undefined);
  return `The estimate is below ${asked.map(([least, axis]) => `${axis} ${when[least]}`).join(' and ')}.`;
}

const score = z.number().transform((said) => Math.min(1, Math.max(0, said)));
const Said = z.object({ complexity: score, risk: score, impact: score, rationale: z.string().max(10_000).catch('') });

/** What a task-estimator answers: all three axes, or it is no estimate (engine 2.2). */
export function readEstimate(output: unknown): { estimate: Estimate; text: string } | undefined {
  const { data } = Said.safeParse(output);
  if (!data) return undefined;
  const { rationale, ...estimate } = data;
  const axes = AXES.map(([, axis]) => `${axis} ${estimate[axis]}`).join(', ');
  return { estimate, text: `Estimated: ${axes}.${rationale && ` ${rationale}`}` };
}
