import { z } from 'zod';

const count = (most = 1_000) => z.number().int().min(0).max(most);
const score = z.number().min(0).max(1);

/** Tolerated concern of the reviews, from least to most. */
export const Concern = z.enum(['none', 'low', 'medium', 'high']);

/** The keys of the policy as people may set them. Defaults: contract 3 (most are the original's preset "Balanced"). */
const keys = {
  /** Merged without a person up to here, inclusive. */
  maxComplexity: score.default(0.5),
  maxRisk: score.default(0.4),
  maxImpact: score.default(0.5),
  /** How many ci-fixers; fixers of human-test and of tester; conflict-resolvers. */
  ciAttempts: count().default(10),
  fixAttempts: count().default(10),
  conflictAttempts: count().default(3),
  /** Automatic reworks by a companion; review rounds; tolerated concern. */
  companionAttempts: count().default(3),
  reviewIterations: count(20).min(1).default(6),
  concernAllowed: Concern.default('none'),
  releaseWatchMinutes: count(720).min(1).default(30),
  releaseAttempts: count(10).default(1),
  /** A wait for a person becomes urgent after this, once. */
  escalateAfterMinutes: count(100_000).min(1).default(120),
  /** How long a head without any check stays without a verdict. None: the forge adapter's default. */
  checksGraceSeconds: count(86_400).optional(),
  /** Limits, in seconds: one agent job in all, and without a sign of life; one local check; one provisioning. */
  jobSeconds: count(604_800).min(1).default(3_600),
  jobSilenceSeconds: count(604_800).min(1).default(600),
  checkSeconds: count(604_800).min(1).default(1_800),
  provisionSeconds: count(604_800).min(1).default(3_600),
  /** Checks that are still pending after it fail the run as `timeout`. None: the run waits, and says so. */
  checksMinutes: count(100_000).min(1).optional(),
  /** Who started the run or wrote foreign commits on it may not confirm, approve or merge. */
  requireSecondPerson: z.boolean().default(false),
  /** Which later commits void a person's confirm or approve. */
  reconfirm: z.enum(['foreign', 'any']).default('foreign'),
  /**
   * What must be green before the merge (hosted.md 18). `merge-result`: where the base has moved on, the merge of both, and
   * the base is moved to exactly that commit. `head`: the work branch alone. None: the forge adapter's default.
   */
  tested: z.enum(['merge-result', 'head']).optional(),
  /** Globs. A change that touches one is never merged without a person. */
  protectedPaths: z
    .array(z.string().min(1).max(500))
    .max(100)
    .default(['.gatehouse.yml', '.github/workflows/**', '.gitlab-ci.yml']),
  /** Cents per run; over it nothing new is dispatched. */
  budgetCents: z.number().min(0).optional(),
};

/** How far a run may go by itself. A step's own option beats it. */
export const Policy = z.strictObject(keys);
export type Policy = z.output<typeof Policy>;
