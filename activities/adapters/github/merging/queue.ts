import { z } from 'zod';
import type { HostedRepository, MergeAnswer, Place, PullRequest, Queued } from '../../hosted/api.ts';
import { PermissionMissing, Refused } from '../../hosted/failures.ts';
import type { Calls, GraphqlError } from '../calling/calls.ts';
import { NEEDS, type Permissions } from '../calling/permissions.ts';
import { pullRequest } from '../pull-requests.ts';

const Entry = z.object({ position: z.number(), state: z.string() }).nullable();

const ENQUEUE = `mutation ($id: ID!, $head: GitObjectID) {
  enqueuePullRequest(input: { pullRequestId: $id, expectedHeadOid: $head }) { mergeQueueEntry { position state } }
}`;
const Enqueued = z.object({ enqueuePullRequest: z.object({ mergeQueueEntry: Entry }).nullable() });

/** Puts the pull request with this head into the merge queue. */
export async function enqueue(
  calls: Calls,
  repository: HostedRepository,
  { node, number }: PullRequest,
  head: string,
): Promise<MergeAnswer> {
  const { owner, name } = repository;
  const asking = (needs: Permissions) =>
    calls.graphql(Enqueued, ENQUEUE, { id: node ?? '', head }, { at: { owner, name }, needs });
  const { data, errors } = await asking(NEEDS.queue).catch((error: unknown) => {
    // An App need not have the right to manage queues.
    if (error instanceof PermissionMissing && calls.credentials.kind === 'app') return asking(NEEDS.merge);
    throw error;
  });
  const entry = data?.enqueuePullRequest?.mergeQueueEntry;
  if (entry) return { is: 'queued', position: entry.position };
  const now = await pullRequest(calls, repository, number);
  const words = wordsOf(errors);
  if (now?.state === 'merged') return { is: 'merged', commit: now.mergeCommit };
  if (!now || now.state === 'closed') return { is: 'closed', words };
  if (now.head !== head) return { is: 'moved' };
  const queued = await queuedAs(calls, repository, now);
  if (queued && queued.state !== REMOVED) return { is: 'queued', position: queued.position };
  return refusalOf(words, now);
}

function refusalOf(words: string, { draft, mergeable, mergeState }: PullRequest): MergeAnswer {
  if (draft) return { is: 'draft', words };
  if (mergeState === 'dirty' || mergeable === false) return { is: 'conflicted', words };
  if (/review|approv|conversation|code ?owner/i.test(words)) return { is: 'reviews', words };
  if (/status check|checks? /i.test(words)) return { is: 'checks', words };
  return { is: 'refused', words };
}

const QUEUED = `query ($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      mergeQueueEntry { position state }
      timelineItems(itemTypes: [REMOVED_FROM_MERGE_QUEUE_EVENT], last: 1) {
        nodes { ... on RemovedFromMergeQueueEvent { reason } }
      }
    }
  }
}`;
const InQueue = z.object({
  repository: z
    .object({
      pullRequest: z
        .object({
          mergeQueueEntry: Entry,
          timelineItems: z.object({
            nodes: z.array(z.object({ reason: z.string().nullish() }).nullable()).nullable(),
          }),
        })
        .nullable(),
    })
    .nullable(),
});

/** The state of a pull request that has left the queue without being merged. */
export const REMOVED = 'removed';

/** Where the pull request is in the merge queue. `because`: why it has left. Undefined: it was never in it. */
export async function queuedAs(
  calls: Calls,
  { owner, name }: Place,
  { number }: PullRequest,
): Promise<Queued | undefined> {
  const about = { at: { owner, name }, needs: NEEDS.pullRequests };
  const { data, errors } = await calls.graphql(InQueue, QUEUED, { owner, name, number }, about);
  const found = answered(data, errors).repository?.pullRequest;
  if (!found) return undefined;
  const { mergeQueueEntry: entry, timelineItems } = found;
  if (entry) return { position: entry.position, state: entry.state.toLowerCase() };
  const removed = timelineItems.nodes?.at(-1);
  return removed ? { state: REMOVED, because: removed.reason || 'The merge queue says no reason.' } : undefined;
}

const DECISION = `query ($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) { reviewDecision } }
}`;
const Decided = z.object({
  repository: z
    .object({
      pullRequest: z
        .object({ reviewDecision: z.enum(['APPROVED', 'CHANGES_REQUESTED', 'REVIEW_REQUIRED']).nullable() })
        .nullable(),
    })
    .nullable(),
});

/** What the reviews of a pull request amount to. Undefined: no review is required. */
export async function reviewDecision(calls: Calls, { owner, name }: Place, number: number) {
  const about = { at: { owner, name }, needs: NEEDS.pullRequests };
  const { data, errors } = await calls.graphql(Decided, DECISION, { owner, name, number }, about);
  return answered(data, errors).repository?.pullRequest?.reviewDecision ?? undefined;
}

function answered<Of>(data: Of | undefined, errors: GraphqlError[]): Of {
  if (data !== undefined) return data;
  const words = wordsOf(errors);
  if (errors.some(({ type }) => type === 'FORBIDDEN' || type === 'INSUFFICIENT_SCOPES')) {
    throw new PermissionMissing(`We may not ask GitHub's GraphQL API: ${words}`);
  }
  throw new Refused(`GitHub's GraphQL API refuses a question: ${words}`, 422, words);
}

const wordsOf = (errors: GraphqlError[]) => errors.map(({ message }) => message).join(' ');
