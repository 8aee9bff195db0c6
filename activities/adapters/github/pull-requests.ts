import { z } from 'zod';
import type { HostedRepository, Place, PullRequest } from '../hosted/api.ts';
import { NotThere, Refused } from '../hosted/failures.ts';
import type { Calls } from './calling/calls.ts';
import { NEEDS } from './calling/permissions.ts';
import * as schemas from './calling/schemas.ts';

/** GitHub computes some words late: they say nothing of the pull request. */
const NOT_COMPUTED = 'unknown';

export async function pullRequest(
  calls: Calls,
  { owner, name: repo }: Place,
  number: number,
): Promise<PullRequest | undefined> {
  const about = { at: { owner, name: repo }, needs: NEEDS.pullRequests };
  const route = 'GET /repos/{owner}/{repo}/pulls/{pull_number}';
  const found = await calls.maybe(schemas.PullRequest, route, { owner, repo, pull_number: number }, about);
  return found && pullRequestFrom(found);
}

/** The open pull request from this branch of the repository, or else the newest closed one. */
export async function pullRequestOf(
  calls: Calls,
  repository: HostedRepository,
  { branch, base }: { branch: string; base?: string | undefined },
): Promise<PullRequest | undefined> {
  const { owner, name: repo, id } = repository;
  const wish = { owner, repo, head: `${owner}:${branch}`, sort: 'created', direction: 'desc', per_page: 100 } as const;
  const about = { at: { owner, name: repo }, needs: NEEDS.pullRequests };
  for (const state of ['open', 'closed'] as const) {
    const asked = { ...wish, state, ...(base !== undefined && { base }) };
    const listed = await calls.one(z.array(schemas.ListedPullRequest), 'GET /repos/{owner}/{repo}/pulls', asked, about);
    // A fork of the same owner may have a branch with this name.
    const found = listed.find(({ head }) => head.ref === branch && head.repo?.id === id);
    if (found) return pullRequest(calls, repository, found.number);
  }
  return undefined;
}

/** Opens a pull request. One that exists already is returned. */
export async function openPullRequest(
  calls: Calls,
  repository: HostedRepository,
  { branch, base, title, body }: { branch: string; base: string; title: string; body: string },
): Promise<PullRequest> {
  const { owner, name: repo } = repository;
  const { status, data, call } = await calls.send(
    'POST /repos/{owner}/{repo}/pulls',
    { owner, repo, head: branch, base, title, body },
    { at: { owner, name: repo }, needs: NEEDS.writePullRequests, expected: [422] },
  );
  if (status < 300) return pullRequestFrom(calls.transport.fitting(schemas.PullRequest, data, call));
  const words = schemas.wordsIn(data);
  const there = await pullRequestOf(calls, repository, { branch, base });
  if (there?.state === 'open') return there;
  throw new Refused(`GitHub refuses a pull request from ${branch} into ${base}: ${words}`, status, words);
}

/** Marks a draft as ready, which only GraphQL can. False: we may not. */
export async function markReady(calls: Calls, { owner, name }: Place, { node, number }: PullRequest): Promise<boolean> {
  const { data } = await calls.graphql(
    Ready,
    `mutation ($id: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $id }) { pullRequest { isDraft } } }`,
    { id: node ?? '' },
    { at: { owner, name }, needs: NEEDS.merge },
  );
  if (data) return data.markPullRequestReadyForReview?.pullRequest?.isDraft === false;
  const now = await pullRequest(calls, { owner, name }, number);
  if (!now) throw new NotThere(`The pull request ${owner}/${name}#${number} is not there.`);
  return !now.draft;
}
const Ready = z.object({
  markPullRequestReadyForReview: z.object({ pullRequest: z.object({ isDraft: z.boolean() }).nullable() }).nullable(),
});

export function pullRequestFrom(found: z.output<typeof schemas.PullRequest>): PullRequest {
  const computed = found.mergeable !== null && found.mergeable_state !== NOT_COMPUTED;
  return {
    number: found.number,
    node: found.node_id,
    url: found.html_url,
    title: found.title,
    body: found.body ?? '',
    state: found.merged ? 'merged' : found.state,
    draft: found.draft ?? false,
    head: found.head.sha,
    branch: found.head.ref,
    base: found.base.ref,
    // A fork that has been deleted is none of ours either.
    fork: found.head.repo?.id !== found.base.repo?.id,
    author: found.user?.login ?? 'ghost',
    mergeable: computed ? (found.mergeable ?? undefined) : undefined,
    mergeState: computed ? found.mergeable_state : undefined,
    mergeCommit: found.merged ? (found.merge_commit_sha ?? undefined) : undefined,
    closedAt: found.closed_at ?? undefined,
    updatedAt: found.updated_at,
  };
}
