import type { Task } from '../contracts/pipeline-run.ts';
import type { When } from '../contracts/pipelines.ts';

const AXES = [
  ['minComplexity', 'complexity'],
  ['minRisk', 'risk'],
  ['minImpact', 'impact'],
] as const;

/** Why a step is skipped, or nothing when it runs. Reaching any one of the thresholds runs it (gates 10). */
export function skipReason(when: When | undefined, estimate: Task['estimate']): string | undefined {
  if (!when) return undefined;
  if (!estimate) return when.onMissingEstimate === 'skip' ? 'There is no estimate.' : undefined;

  const reached = AXES.some(([least, axis]) => when[least] !== undefined && estimate[axis] >= when[least]);
  if (reached) return undefined;
  const asked = AXES.filter(([least]) => when[least] !== undefined);
  return `The estimate is below ${asked.map(([least, axis]) => `${axis} ${when[least]}`).join(' and ')}.`;
}
