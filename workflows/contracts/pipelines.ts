import { z } from 'zod';

/** When a step runs at all. Reaching any one of the thresholds runs it. */
export const When = z
  .strictObject({
    /** Runs the step from this complexity on. */
    minComplexity: z.number().min(0).max(1).optional(),
    /** Runs the step from this risk on. */
    minRisk: z.number().min(0).max(1).optional(),
    /** Runs the step from this impact on. */
    minImpact: z.number().min(0).max(1).optional(),
    /** What to do when the task has no estimate. */
    onMissingEstimate: z.enum(['run', 'skip']).default('run'),
  })
  .refine((when) => [when.minComplexity, when.minRisk, when.minImpact].some((least) => least !== undefined), {
    error: 'at least one of minComplexity, minRisk, minImpact',
  });
export type When = z.output<typeof When>;

/** How several jobs of one role come to one answer. */
export const Consensus = z.strictObject({
  /** How the answers become one: a synthesis of all, a debate first, or a vote by rank. */
  strategy: z.enum(['specialist-panel', 'debate', 'ranked-voting']),
  /** The names of the participants. Each does a job of its own. */
  participants: z
    .array(z.string().trim().min(1).max(100))
    .min(2)
    .max(9)
    .refine((names) => new Set(names).size === names.length, { error: 'participants of different names' }),
  /** How many rounds a debate takes. */
  rounds: z.number().int().min(1).max(5).default(2),
});
export type Consensus = z.output<typeof Consensus>;

/** The options that any step may have, whatever its kind. */
export const CommonKeys = {
  /** A person approves the output before the run continues. */
  approval: z.boolean().optional(),
  /** `false`: the step is left out, and the others are counted without it. */
  enabled: z.boolean().optional(),
  /**
   * Runs the step only if the task's estimate reaches one of these thresholds. Needs an estimate, or an earlier
   * `task-estimator`.
   */
  when: When.optional(),
  /** Several jobs of the role answer, and become one answer. */
  consensus: Consensus.optional(),
};

/** A step as the run keeps it: its kind, the common keys, and the kind's own options. */
export interface StepShape {
  kind: string;
  approval?: boolean | undefined;
  enabled?: boolean | undefined;
  when?: When | undefined;
  consensus?: Consensus | undefined;
  [option: string]: unknown;
}
/** The gate of its kind has checked the rest when the run was started. */
export const StepShape = z.looseObject({ kind: z.string() }) as z.ZodType<unknown> as z.ZodType<StepShape>;

export const PipelineShape = z.strictObject({ name: z.string(), steps: z.array(StepShape).min(1) });
export type PipelineShape = z.output<typeof PipelineShape>;

const gated = (kind: string): StepShape => ({ kind, approval: true });
const plain = (kind: string): StepShape => ({ kind });
const steps = (...kinds: (string | StepShape)[]) =>
  kinds.map((kind) => (typeof kind === 'string' ? plain(kind) : kind));

/** The built-in pipelines, by name. */
export const BUILT_IN: Readonly<Record<string, StepShape[]>> = {
  full: steps(
    'requirements-review',
    'spec-writer',
    'spec-companion',
    gated('architect'),
    'researcher',
    'coder',
    'reviewer',
    'blueprints',
    'mocker',
    'tester',
    'conflicts',
    'ci',
    'merger',
  ),
  fullstack: steps(
    'requirements-review',
    'researcher',
    'spec-writer',
    'spec-companion',
    'architect',
    gated('architect-companion'),
    'mocker',
    'coder',
    'reviewer',
    'blueprints',
    'business-documenter',
    'tester',
    'playwright',
    'documenter',
    'conflicts',
    'ci',
    'merger',
  ),
  bugfix: steps(
    'bug-investigator',
    'clarity-review',
    'spec-writer',
    'architect',
    'coder',
    'reviewer',
    'conflicts',
    'ci',
    'merger',
  ),
  quick: steps('coder', 'blueprints', 'mocker', 'tester', 'conflicts', 'ci', 'merger'),
  simple: steps('coder', 'reviewer', 'mocker', 'tester', 'conflicts', 'ci', 'merger'),
  integrate: steps('integrator', 'mocker', 'tester', 'documenter'),
  'human-review': steps('coder', 'reviewer', 'human-test', 'conflicts', 'ci', 'merger'),
  'dep-update': steps('coder', 'reviewer', 'blueprints', 'mocker', 'tester', 'conflicts', 'ci', 'merger'),
  'tech-debt': steps(
    'analysis',
    'tracker',
    'coder',
    'reviewer',
    'blueprints',
    'mocker',
    'tester',
    'conflicts',
    'ci',
    'merger',
  ),
  blueprint: steps('blueprints'),
  spec: steps('spec-writer'),
};

/** Steps are counted from 1, over the enabled steps of the pipeline as started. */
export const stepIdOf = (step: number, kind: string) => `${step}-${kind}`;
