import { z } from 'zod';

/** What a webhook names. None of it is believed: it only decides who checks the forge again. */
export const Named = z.object({
  /** The repository's address, as the forge spells it. */
  repository: z.string(),
  /** What the runs check again. Undefined: nothing. */
  about: z.enum(['checks', 'change']).optional(),
  branches: z.array(z.string()),
  heads: z.array(z.string()),
  pullRequests: z.array(z.number()),
  /** A new comment on a pull request. Its text is compared with what the forge says later. */
  comment: z.object({ id: z.number(), number: z.number(), body: z.string() }).optional(),
});
export type Named = z.output<typeof Named>;

const Repository = z.object({ html_url: z.string() });
const Ref = z.object({ ref: z.string(), sha: z.string().optional() });
const PullRequest = z.object({ number: z.number(), head: Ref, base: Ref.optional() });
const Short = z.object({ number: z.number() });
const Checked = z.object({
  head_sha: z.string().nullish(),
  head_branch: z.string().nullish(),
  pull_requests: z.array(Short).nullish(),
});

/** The fields that we read, of all events (docs.github.com/webhooks, docs.gitea.com/usage/webhooks). */
const Body = z.object({
  action: z.string().optional(),
  repository: Repository,
  ref: z.string().optional(),
  after: z.string().optional(),
  sha: z.string().optional(),
  branches: z.array(z.object({ name: z.string() })).optional(),
  number: z.number().optional(),
  pull_request: PullRequest.optional(),
  check_run: Checked.extend({ check_suite: Checked.nullish() }).optional(),
  check_suite: Checked.optional(),
  workflow_run: Checked.optional(),
  workflow_job: Checked.optional(),
  merge_group: z.object({ head_sha: z.string(), head_ref: z.string(), base_ref: z.string() }).optional(),
  issue: z.object({ number: z.number(), pull_request: z.unknown().optional() }).optional(),
  is_pull: z.boolean().optional(),
  comment: z.object({ id: z.number(), body: z.string() }).optional(),
});
type Body = z.output<typeof Body>;

const CHECKS = new Set(['check_run', 'check_suite', 'status', 'workflow_run', 'workflow_job']);
const CHANGE = new Set([
  'push',
  'pull_request',
  'pull_request_review',
  'pull_request_review_thread',
  'merge_group',
  'pull_request_approved',
  'pull_request_rejected',
  'pull_request_comment',
  'pull_request_sync',
  'pull_request_review_approved',
  'pull_request_review_rejected',
  'pull_request_review_comment',
]);
const COMMENTS = new Set(['issue_comment', 'pull_request_comment']);

/** The events after which workers ask for new credentials. */
export const INSTALLATIONS = new Set(['installation', 'installation_repositories']);

/** All events with an effect, as they are entered at the forge. */
export const EVENTS = {
  github: [
    ...CHECKS,
    'push',
    'pull_request',
    'pull_request_review',
    'pull_request_review_thread',
    'merge_group',
    'issue_comment',
  ],
  gitea: [
    'push',
    'status',
    'pull_request',
    'pull_request_review_approved',
    'pull_request_review_rejected',
    'pull_request_review_comment',
    'pull_request_sync',
    'pull_request_comment',
    'workflow_run',
    'workflow_job',
  ],
} as const;

/** What an event names. Undefined: it is unknown, or without an effect. */
export function namedBy(event: string, body: unknown): Named | undefined {
  const { data } = Body.safeParse(body);
  if (!data) return undefined;
  const about = CHECKS.has(event) ? 'checks' : CHANGE.has(event) ? 'change' : undefined;
  const comment = COMMENTS.has(event) ? commentOf(data) : undefined;
  if (about === undefined && comment === undefined) return undefined;
  return {
    repository: data.repository.html_url.replace(/\/+$/, ''),
    ...(about && { about }),
    ...(comment && { comment }),
    ...placesOf(data),
  };
}

/** A comment that somebody has just made on a pull request. Edited and deleted ones have no effect. */
function commentOf({ action, issue, comment, pull_request, is_pull, number }: Body): Named['comment'] {
  if (action !== 'created' || !comment) return undefined;
  const isPull = is_pull === true || Boolean(issue?.pull_request) || pull_request !== undefined;
  const on = issue?.number ?? pull_request?.number ?? number;
  return isPull && on !== undefined ? { ...comment, number: on } : undefined;
}

function placesOf(body: Body): Pick<Named, 'branches' | 'heads' | 'pullRequests'> {
  const { pull_request: pull, merge_group: group } = body;
  const checked = [
    body.check_run,
    body.check_run?.check_suite,
    body.check_suite,
    body.workflow_run,
    body.workflow_job,
  ].filter((each) => each !== undefined && each !== null);
  return {
    branches: unique([
      branchIn(body.ref),
      branchIn(group?.base_ref),
      pull?.head.ref,
      pull?.base?.ref,
      ...(body.branches ?? []).map(({ name }) => name),
      ...checked.map(({ head_branch }) => head_branch),
    ]),
    heads: unique([body.after, body.sha, pull?.head.sha, group?.head_sha, ...checked.map(({ head_sha }) => head_sha)]),
    pullRequests: unique([
      pull?.number,
      queuedIn(group?.head_ref),
      body.issue?.number,
      ...checked.flatMap(({ pull_requests }) => (pull_requests ?? []).map(({ number }) => number)),
    ]),
  };
}

const branchIn = (ref: string | undefined): string | undefined => /^refs\/heads\/(.+)$/.exec(ref ?? '')?.[1];

/** GitHub's merge queue names its branches `gh-readonly-queue/<base>/pr-<number>-<commit>`. */
function queuedIn(ref: string | undefined): number | undefined {
  const number = /\/pr-(\d+)-[0-9a-f]+$/.exec(ref ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
}

const unique = <Of extends string | number>(values: readonly (Of | null | undefined)[]): Of[] => [
  ...new Set(values.filter((each): each is Of => each !== undefined && each !== null && each !== '')),
];
