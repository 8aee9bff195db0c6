import type { BadField } from '../../workflows/contracts/activities.ts';
import { WRITING_ROLES } from '../../workflows/contracts/jobs.ts';
import type { RunInput } from '../../workflows/contracts/pipeline-run.ts';
import type { StepShape } from '../../workflows/contracts/pipelines.ts';

/** The helpers that write, and how often a step may send each of them. */
const HELPERS: Record<string, (step: StepShape, policy: RunInput['policy']) => Record<string, unknown>> = {
  ci: ({ attempts }, { ciAttempts }) => ({ 'ci-fixer': attempts ?? ciAttempts }),
  conflicts: ({ attempts }, { conflictAttempts }) => ({ 'conflict-resolver': attempts ?? conflictAttempts }),
  tester: ({ fixes }, { fixAttempts }) => ({ fixer: fixes ?? fixAttempts }),
  'human-test': ({ fixes }, { fixAttempts, conflictAttempts }) => ({
    fixer: fixes ?? fixAttempts,
    'conflict-resolver': conflictAttempts,
  }),
};

/** What a run on a pull request from a fork may not have: we cannot push there, so it is read only. */
export function unfitForForks({ pipeline, policy }: RunInput): BadField[] {
  const steps = pipeline.steps.filter(({ enabled }) => enabled !== false);
  const writers = steps.filter(({ kind }) => WRITING_ROLES.has(kind)).map(({ kind }) => kind);
  const helpers = steps.flatMap((step) =>
    Object.entries(HELPERS[step.kind]?.(step, policy) ?? {})
      .filter(([, most]) => most !== 0)
      .map(([role]) => `${role} (of ${step.kind})`),
  );
  if (writers.length + helpers.length === 0) return [];
  const roles = [...new Set([...writers, ...helpers])].join(', ');
  const hint =
    helpers.length > 0 ? '; a step sends no helper if it may send none, as with attempts: 0 or fixes: 0' : '';
  return [
    {
      path: 'change.pullRequest',
      expected: `expected a pipeline without roles that write, because it is from a fork, found ${roles}${hint}`,
    },
  ];
}
