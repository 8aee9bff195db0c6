import { z } from 'zod';

const count = (most = 1_000) => z.number().int().min(0).max(most);
const score = z.number().min(0).max(1);

/** The levels of concern that a review may tolerate, from least to most. */
export const Concern = z.enum(['none', 'low', 'medium', 'high']);

/** Globs of the files by which a repository says what CI runs. */
export const CI_PATHS = [
  '.github/workflows/**',
  '.gitea/workflows/**',
  '.forgejo/workflows/**',
  '.circleci/**',
  '.gitlab-ci.yml',
  'Jenkinsfile',
  '.buildkite/**',
  'azure-pipelines.yml',
  '.travis.yml',
  '.drone.yml',
  '.woodpecker*',
  '.woodpecker/**',
];

/** The keys of the policy. The comment above a key is its description in CONFIGURATION.md. */
const keys = {
  /** The highest complexity of a change that is merged without a person. */
  maxComplexity: score.default(0.5),
  /** The highest risk of a change that is merged without a person. */
  maxRisk: score.default(0.4),
  /** The highest impact of a change that is merged without a person. */
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
  /** The most severe finding with which a review still passes. */
  concernAllowed: Concern.default('none'),
  /** How long `post-release-health` watches a release. */
  releaseWatchMinutes: count(720).min(1).default(30),
  /** How many times the release watch may send the `on-call` agent to investigate a regression. */
  releaseAttempts: count(10).default(1),
  /** How long a run waits for a person before its notice becomes urgent. */
  escalateAfterMinutes: count(100_000).min(1).default(120),
  /**
   * How long to wait for checks to appear on a head that has none. Default: that of the forge adapter, 0 for `local`.
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
   * How long checks may be pending before the run fails as `timeout`. Default: the run waits, and its notice becomes urgent.
   */
  checksMinutes: count(100_000).min(1).optional(),
  /** Whether people who started the run or wrote its commits may not confirm, approve or merge. Actions then need `by`. */
  requireSecondPerson: z.boolean().default(false),
  /** Which later commits void a person's `confirm` or `approve`: only those that gatehouse did not make, or all. */
  reconfirm: z.enum(['foreign', 'any']).default('foreign'),
  /**
   * What the checks must pass on before the merge. `merge-result`: the merge of the work branch and the current base, to
   * which the base then moves exactly. `head`: the work branch alone. Default: that of the forge adapter, `merge-result`
   * for `local`.
   */
  tested: z.enum(['merge-result', 'head']).optional(),
  /** How a hosted forge merges. Default: the first method that the repository and its branch allow. */
  mergeMethod: z.enum(['merge', 'squash', 'rebase']).optional(),
  /** Globs of paths. A change that touches one of them is never merged without a person. */
  protectedPaths: z
    .array(z.string().min(1).max(500))
    .max(100)
    .default(['.gatehouse.yml', ...CI_PATHS]),
  /** The budget of the run. When it is spent, no new job starts, and the run waits. Default: no limit. */
  budgetCents: z.number().min(0).optional(),
};

/** How far a run may go without a person. A step's own option takes precedence. */
export const Policy = z.strictObject(keys);
export type Policy = z.output<typeof Policy>;
