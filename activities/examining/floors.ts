import type { BadField } from '../../workflows/contracts/activities.ts';
import { found } from '../../workflows/contracts/bad-fields.ts';
import type { RunInput } from '../../workflows/contracts/pipeline-run.ts';
import type { StepShape } from '../../workflows/contracts/pipelines.ts';
import type { Policy } from '../../workflows/contracts/policy.ts';
import type { RepositoryRules } from '../ports.ts';

/** Where lower is stricter. */
const LIMITS = [
  'maxComplexity',
  'maxRisk',
  'maxImpact',
  'ciAttempts',
  'fixAttempts',
  'conflictAttempts',
  'companionAttempts',
  'releaseAttempts',
  'budgetCents',
] as const;
type Limit = (typeof LIMITS)[number];

/** Where one value is stricter than all others. */
const STRICT = ['requireSecondPerson', 'reconfirm', 'tested'] as const;

interface Wished extends Pick<RunInput, 'pipeline' | 'policy'> {
  /** The policy as it was written, without defaults. */
  given?: Partial<Record<string, unknown>> | undefined;
}

/**
 * Merges the operator's floor into a run's policy. What a run has not set becomes at least as strict as the floor. What it has
 * set, in its policy or in a step, and is looser, is refused.
 */
export function withFloor(
  { pipeline, policy, given = {} }: Wished,
  { floor, at }: RepositoryRules,
): { policy: Partial<Policy> } | { fields: BadField[] } {
  const fields: BadField[] = [];
  const merged: Partial<Policy> = {};
  const refuse = (path: string, bound: string, value: unknown) =>
    fields.push({
      path,
      expected: `expected ${bound}, which ${at ?? 'the configuration file'} demands, found ${found(value)}`,
    });

  for (const key of LIMITS) {
    const most = floor[key];
    if (most === undefined) continue;
    if (given[key] !== undefined && policy[key]! > most) refuse(`policy.${key}`, `at most ${most}`, policy[key]);
    merged[key] = Math.min(policy[key] ?? most, most);
  }
  for (const key of STRICT) {
    const value = floor[key];
    if (value === undefined) continue;
    if (given[key] !== undefined && policy[key] !== value) refuse(`policy.${key}`, String(value), policy[key]);
    Object.assign(merged, { [key]: value });
  }
  if (floor.protectedPaths) {
    merged.protectedPaths = [...new Set([...policy.protectedPaths, ...floor.protectedPaths])];
  }
  for (const [index, step] of pipeline.steps.entries()) {
    for (const [option, key] of Object.entries(limitsOf(step))) {
      const [value, most] = [step[option], floor[key]];
      if (typeof value === 'number' && most !== undefined && value > most)
        refuse(`pipeline.steps[${index}].${option}`, `at most ${most}`, value);
    }
  }
  return fields.length > 0 ? { fields } : { policy: merged };
}

/** The options of a step that take precedence over the policy. */
function limitsOf({ kind }: StepShape): Record<string, Limit> {
  const own: Record<string, Limit> = {
    ci: 'ciAttempts',
    conflicts: 'conflictAttempts',
    'post-release-health': 'releaseAttempts',
  };
  return { attempts: own[kind] ?? 'companionAttempts', fixes: 'fixAttempts' };
}
