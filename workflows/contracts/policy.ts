import { z } from 'zod';

const count = (most = 1_000) => z.number().int().min(0).max(most);
const score = z.number().min(0).max(1);

/** Tolerated concern of the reviews, from least to most. */
export const Concern = z.enum(['none', 'low', 'medium', 'high']);

/** The keys of the policy as people may set them. The comment above a key is its description in CONFIGURATION.md. */
const keys = {
  /** The highest complexity that is merged without a person. */
  maxComplexity: score.default(0.5),
  /** The highest risk that is merged without a person. */
  maxRisk: score.default(0.4),
  /** The highest impact that is merged without a person. */
  maxImpact: score.default(0.5),
  /** How many times `ci` may send the `ci-fixer`. */
  ciAttempts: count().default(10),
  /** How many times `human-test` and `tester` may each send the `fixer`. */
  fixAttempts: count().default(10),
  /** How many times `conflicts` and `human-test` may each send the `conflict-resolver`. */
  conflictAttempts: count().default(3),
  /** How many times a companion may send work back before a person decides. */
  companionAttempts: count().default(3),
  /** How many rounds a review may take before a person decides. */
  reviewIterations: count(20).min(1).default(6),
  /** The gravest finding with which a review still passes. */
  concernAllowed: Concern.default('none'),
  /** How long `post-release-health` watches a release. */
  releaseWatchMinutes: count(720).min(1).default(30),
  /** How many times the release watch may send the `on-call` agent to investigate a regression. */
  releaseAttempts: count(10).default(1),
  /** When the notice about a wait for a person becomes urgent. */
  escalateAfterMinutes: count(100_000).min(1).default(120),
  /**
   * How long to wait for checks to appear on a head that has none. None: the forge adapter's default, 0 for `local`.
   */
  checksGraceSeconds: count(86_400).optional(),
  /** The time limit of one agent job. */
  jobSeconds: count(604_800).min(1).default(3_600),
  /** The time limit of a job without any output or progress. */
  jobSilenceSeconds: count(604_800).min(1).default(600),
  /** The time limit of one local check. */
  checkSeconds: count(604_800).min(1).default(1_800),
  /** The time limit for building one environment. */
  provisionSeconds: count(604_800).min(1).default(3_600),
  /**
   * Checks that are pending for longer fail the run as `timeout`. None: the run waits, and its notice becomes urgent.
   */
  checksMinutes: count(100_000).min(1).optional(),
  /** Whoever started the run, or wrote commits on it, may not confirm, approve or merge. Actions then need `by`. */
  requireSecondPerson: z.boolean().default(false),
  /** Which later commits void a person's `confirm` or `approve`: those we did not make, or all. */
  reconfirm: z.enum(['foreign', 'any']).default('foreign'),
  /**
   * What must be green before the merge. `merge-result`: if the base has moved on, the checks run on the merge of both, and
   * the base moves to exactly that commit. `head`: the work branch alone. None: the forge adapter's default, `merge-result`
   * for `local`.
   */
  tested: z.enum(['merge-result', 'head']).optional(),
  /** Globs. A change that touches one of these paths is never merged without a person. */
  protectedPaths: z
    .array(z.string().min(1).max(500))
    .max(100)
    .default(['.gatehouse.yml', '.github/workflows/**', '.gitlab-ci.yml']),
  /** The budget of the run. Over it no new job starts, and the run waits. None: no limit. */
  budgetCents: z.number().min(0).optional(),
};

/** How far a run may go by itself. A step's own option beats it. */
export const Policy = z.strictObject(keys);
export type Policy = z.output<typeof Policy>;
