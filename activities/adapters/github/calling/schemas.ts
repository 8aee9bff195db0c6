import { z } from 'zod';

/** The fields of GitHub's answers that we use. */

const Id = z.number().int();
const Text = z.string().nullish();

export const Account = z.object({
  login: z.string(),
  id: Id,
  type: z.string().optional(),
  name: Text,
  email: Text,
});
const Owner = z.object({ login: z.string() });

export const App = z.object({
  id: Id,
  slug: z.string(),
  name: z.string(),
  permissions: z.record(z.string(), z.string()).optional(),
});

export const Repository = z.object({
  id: Id,
  name: z.string(),
  owner: Owner,
  html_url: z.string(),
  clone_url: z.string(),
  default_branch: z.string(),
  archived: z.boolean(),
  disabled: z.boolean().optional(),
  size: z.number().optional(),
  permissions: z
    .object({ admin: z.boolean(), push: z.boolean(), pull: z.boolean(), maintain: z.boolean().optional() })
    .partial()
    .optional(),
  allow_merge_commit: z.boolean().optional(),
  allow_squash_merge: z.boolean().optional(),
  allow_rebase_merge: z.boolean().optional(),
});

const RequiredCheck = z.object({ context: z.string(), app_id: Id.nullish() });
export const Branch = z.object({
  name: z.string(),
  commit: z.object({ sha: z.string() }),
  protected: z.boolean(),
  protection: z
    .object({
      enabled: z.boolean().optional(),
      required_status_checks: z
        .object({ contexts: z.array(z.string()).optional(), checks: z.array(RequiredCheck).optional() })
        .nullish(),
    })
    .optional(),
});

const Enabled = z.object({ enabled: z.boolean() }).optional();
export const Protection = z.object({
  required_status_checks: z
    .object({
      strict: z.boolean().optional(),
      contexts: z.array(z.string()).optional(),
      checks: z.array(RequiredCheck).optional(),
    })
    .optional(),
  required_pull_request_reviews: z.object({ required_approving_review_count: z.number().optional() }).optional(),
  required_signatures: Enabled,
  required_linear_history: Enabled,
  enforce_admins: Enabled,
  lock_branch: Enabled,
  restrictions: z.object({}).nullish(),
});
export type Protection = z.output<typeof Protection>;

/** A rule of a ruleset that holds on a branch. Rules of types that we do not know are of no importance to us. */
export const Rule = z.object({
  type: z.string(),
  ruleset_id: Id.optional(),
  parameters: z
    .object({
      required_status_checks: z.array(z.object({ context: z.string(), integration_id: Id.nullish() })).optional(),
      strict_required_status_checks_policy: z.boolean().optional(),
      required_approving_review_count: z.number().optional(),
      allowed_merge_methods: z.array(z.string()).optional(),
    })
    .optional(),
});
export type Rule = z.output<typeof Rule>;
export const Ruleset = z.object({ id: Id, current_user_can_bypass: z.string().optional() });

const Side = z.object({ ref: z.string(), sha: z.string(), repo: z.object({ id: Id }).nullable() });
export const ListedPullRequest = z.object({
  number: Id,
  state: z.string(),
  head: Side,
  base: Side,
});
export const PullRequest = z.object({
  number: Id,
  node_id: z.string(),
  html_url: z.string(),
  title: z.string(),
  body: z.string().nullable(),
  state: z.enum(['open', 'closed']),
  draft: z.boolean().optional(),
  merged: z.boolean(),
  mergeable: z.boolean().nullable(),
  mergeable_state: z.string(),
  merge_commit_sha: z.string().nullable(),
  head: Side,
  base: Side,
  user: Owner.nullable(),
  closed_at: z.string().nullable(),
  updated_at: z.string(),
});

export const CheckRun = z.object({
  id: Id,
  name: z.string(),
  status: z.string(),
  conclusion: z.string().nullable(),
  details_url: Text,
  html_url: Text,
  app: z.object({ id: Id, slug: z.string().optional() }).nullable(),
  check_suite: z.object({ id: Id }).nullable(),
  output: z.object({ title: Text, summary: Text, text: Text, annotations_count: z.number() }),
});
export type CheckRun = z.output<typeof CheckRun>;

export const WorkflowRun = z.object({
  id: Id,
  name: Text,
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  workflow_id: Id,
  event: z.string(),
  run_attempt: z.number().optional(),
  check_suite_id: Id.optional(),
  html_url: z.string(),
});
export type WorkflowRun = z.output<typeof WorkflowRun>;

const Time = z.string().nullish();
export const Job = z.object({
  id: Id,
  run_attempt: z.number().optional(),
  steps: z
    .array(
      z.object({
        name: z.string(),
        conclusion: z.string().nullable(),
        started_at: Time,
        completed_at: Time,
      }),
    )
    .optional(),
});
export type Job = z.output<typeof Job>;

export const Status = z.object({
  id: Id,
  context: z.string(),
  state: z.string(),
  description: z.string().nullable(),
  target_url: z.string().nullable(),
  avatar_url: Text,
});
export type Status = z.output<typeof Status>;

export const Annotation = z.object({
  path: z.string(),
  start_line: z.number(),
  message: z.string().nullable(),
});

export const Comment = z.object({
  id: Id,
  body: Text,
  user: z.object({ login: z.string(), type: z.string().optional() }).nullable(),
  performed_via_github_app: z.object({ id: Id }).nullish(),
  created_at: z.string(),
  updated_at: z.string(),
  html_url: z.string(),
  issue_url: z.string().optional(),
});

export const Hook = z.object({
  id: Id,
  active: z.boolean(),
  events: z.array(z.string()),
  config: z.object({ url: z.string().optional() }),
});

/** GitHub's own words in an answer that is no success. */
export function wordsIn(data: unknown): string {
  const { message = '', errors = [] } = Said.safeParse(data).data ?? {};
  const more = errors.map((error) => (typeof error === 'string' ? error : (error.message ?? '')));
  return [message, ...more].join(' ').replace(/\s+/g, ' ').trim();
}
const Said = z.object({
  message: z.string().optional(),
  errors: z.array(z.union([z.string(), z.object({ message: z.string().optional() })])).optional(),
});
