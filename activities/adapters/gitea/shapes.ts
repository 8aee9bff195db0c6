import { z } from 'zod';

/** What we read of Gitea's answers. Forgejo answers with the same fields; those that only some versions have are optional. */
export const User = z.object({
  id: z.number(),
  login: z.string(),
  full_name: z.string().default(''),
  email: z.string().default(''),
});

export const Repository = z.object({
  id: z.number(),
  name: z.string(),
  owner: z.object({ login: z.string() }),
  default_branch: z.string().default(''),
  archived: z.boolean().default(false),
  empty: z.boolean().default(false),
  permissions: z.object({ admin: z.boolean(), push: z.boolean(), pull: z.boolean() }).optional(),
  has_pull_requests: z.boolean().default(true),
  allow_merge_commits: z.boolean().default(false),
  allow_squash_merge: z.boolean().default(false),
  allow_rebase: z.boolean().default(false),
  allow_rebase_explicit: z.boolean().default(false),
  allow_fast_forward_only_merge: z.boolean().default(false),
  default_merge_style: z.string().optional(),
});
export type Repository = z.infer<typeof Repository>;

export const Branch = z.object({
  name: z.string(),
  commit: z.object({ id: z.string() }),
  protected: z.boolean(),
  required_approvals: z.number().default(0),
  enable_status_check: z.boolean().default(false),
  status_check_contexts: z.array(z.string()).nullish(),
  user_can_push: z.boolean().optional(),
  user_can_merge: z.boolean().optional(),
  /** Only administrators of the repository see it. */
  effective_branch_protection_name: z.string().optional(),
});
export type Branch = z.infer<typeof Branch>;

export const Protection = z.object({
  rule_name: z.string().default(''),
  branch_name: z.string().default(''),
  block_on_outdated_branch: z.boolean().default(false),
  require_signed_commits: z.boolean().default(false),
});

const Side = z.object({
  label: z.string().default(''),
  ref: z.string(),
  sha: z.string().default(''),
  repo_id: z.number(),
  repo: z.object({ id: z.number() }).nullish(),
});

export const Pull = z.object({
  number: z.number(),
  html_url: z.string(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  draft: z.boolean().default(false),
  merged: z.boolean().default(false),
  mergeable: z.boolean().default(false),
  merge_commit_sha: z.string().nullish(),
  user: z.object({ login: z.string() }).nullish(),
  head: Side,
  base: Side,
  closed_at: z.string().nullish(),
  updated_at: z.string(),
});
export type Pull = z.infer<typeof Pull>;

export const Status = z.object({
  id: z.number(),
  status: z.string(),
  context: z.string(),
  target_url: z.string().nullish(),
  description: z.string().nullish(),
});
export type Status = z.infer<typeof Status>;

export const Comment = z.object({
  id: z.number(),
  body: z.string(),
  user: z.object({ id: z.number(), login: z.string() }).nullish(),
  html_url: z.string(),
  /** One of these names what it is a comment of. */
  issue_url: z.string().nullish(),
  pull_request_url: z.string().nullish(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type Comment = z.infer<typeof Comment>;

/** A run of Gitea's Actions. */
export const Run = z.object({
  id: z.number(),
  display_title: z.string().default(''),
  /** Its workflow file and ref, as in `ci.yml@refs/pull/7/head`. */
  path: z.string().default(''),
  event: z.string().default(''),
  head_sha: z.string().default(''),
  html_url: z.string().default(''),
  status: z.string().default(''),
});
export type Run = z.infer<typeof Run>;

export const Job = z.object({
  id: z.number(),
  run_id: z.number(),
  name: z.string(),
  head_sha: z.string().default(''),
  status: z.string().default(''),
  conclusion: z.string().nullish(),
});
export type Job = z.infer<typeof Job>;

export const Hook = z.object({
  id: z.number(),
  config: z.record(z.string(), z.string()).default({}),
  events: z.array(z.string()).default([]),
  active: z.boolean().default(false),
});

/** The words of a refusal. A refused merge may answer with the output of git instead of a message. */
export const Words = z
  .object({ message: z.string().optional(), StdErr: z.string().optional(), StdOut: z.string().optional() })
  .loose();
