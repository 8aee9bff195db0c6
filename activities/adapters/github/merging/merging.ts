import { z } from 'zod';
import type { HostedRepository, MergeAnswer, MergeWish, PullRequest } from '../../hosted/api.ts';
import type { Calls } from '../calling/calls.ts';
import { NEEDS } from '../calling/permissions.ts';
import { pullRequest } from '../pull-requests.ts';
import { reviewDecision } from './queue.ts';
import { wordsIn } from '../calling/schemas.ts';

const Merged = z.object({ merged: z.boolean(), sha: z.string().nullish(), message: z.string().optional() });

/** Merges exactly this head. A refusal is read by its status, its words, and what the pull request says of itself. */
export async function merge(
  calls: Calls,
  repository: HostedRepository,
  { number }: Pick<PullRequest, 'number'>,
  wish: MergeWish,
): Promise<MergeAnswer> {
  const { owner, name: repo } = repository;
  const { head: sha, method, title, message } = wish;
  // A rebased commit keeps its own message.
  const words = method === 'rebase' ? {} : { commit_title: title, commit_message: message };
  const { status, data, call } = await calls.send(
    'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge',
    { owner, repo, pull_number: number, sha, merge_method: method, ...words },
    { at: { owner, name: repo }, needs: NEEDS.merge, expected: [403, 405, 409, 422] },
  );
  if (status < 300) {
    const { merged, sha: commit } = calls.transport.fitting(Merged, data, call);
    if (merged) return { is: 'merged', ...(commit && { commit }) };
  }
  const now = await pullRequest(calls, repository, number);
  if (!now) return { is: 'closed', words: wordsIn(data) };
  const refusal = { status, words: wordsIn(data), wish, now };
  return refused(refusal, () => reviewDecision(calls, repository, number));
}

export interface Refusal {
  status: number;
  words: string;
  wish: Pick<MergeWish, 'head'>;
  /** The pull request right after the refusal. */
  now: PullRequest;
}

type Decision = 'APPROVED' | 'CHANGES_REQUESTED' | 'REVIEW_REQUIRED' | undefined;

/** What a refused merge means. `decision`: what the reviews amount to, which is asked only if nothing else explains it. */
export async function refused(refusal: Refusal, decision: () => Promise<Decision>): Promise<MergeAnswer> {
  const { status, words, wish, now } = refusal;
  if (now.state === 'merged') return { is: 'merged', commit: now.mergeCommit };
  if (now.state === 'closed') return { is: 'closed', words };
  if (now.head !== wish.head || (status === 409 && HEAD_MOVED.test(words))) return { is: 'moved' };
  // A missing right is no property of the pull request.
  if (status === 403 && !RULES.some(([, rule]) => rule.test(words))) return { is: 'refused', words };
  if (now.draft) return { is: 'draft', words };
  if (BASE_MODIFIED.test(words)) return { is: 'base-modified', words };
  if (now.mergeState === 'behind') return { is: 'behind', words };
  if (now.mergeState === 'dirty' || now.mergeable === false) return { is: 'conflicted', words };
  for (const [is, rule] of RULES)
    if (rule.test(words)) return is === 'checks' ? { is, words, names: named(words) } : { is, words };
  return unexplained(refusal, decision);
}

/** The words say no more than that it is not mergeable. */
async function unexplained({ status, words, now }: Refusal, decision: () => Promise<Decision>): Promise<MergeAnswer> {
  if (!NOT_MERGEABLE.test(words)) return status === 409 ? { is: 'not-yet', words } : { is: 'refused', words };
  if (now.mergeable === undefined) return { is: 'not-yet', words };
  if (now.mergeState === 'blocked') {
    const reviews = await decision();
    return { is: reviews === 'CHANGES_REQUESTED' || reviews === 'REVIEW_REQUIRED' ? 'reviews' : 'refused', words };
  }
  // It is mergeable by now: the refusal was about a moment ago.
  return { is: now.mergeState === 'clean' ? 'not-yet' : 'refused', words };
}

const HEAD_MOVED = /head branch was modified|head sha|expected head/i;
const BASE_MODIFIED = /base branch was modified/i;
const NOT_MERGEABLE = /^(?:pull request )?is not mergeable\b|not mergeable/i;

/** GitHub's words for the rules that refuse merges. If several are broken, the first of these is what we do about it. */
const RULES: readonly (readonly [Exclude<MergeAnswer['is'], 'merged' | 'queued' | 'moved'>, RegExp])[] = [
  [
    'not-yet',
    /merge already in progress|mergeability (?:is|was) (?:still )?(?:being )?(?:checked|computed)|try again (?:later|in)/i,
  ],
  ['draft', /still a draft|is a draft|draft state/i],
  ['behind', /out[- ]of[- ]date|up[- ]to[- ]date|must be updated|is behind/i],
  ['conflicted', /merge conflict|conflicts? must be resolved/i],
  ['queue-demanded', /merge queue/i],
  [
    'method',
    /(?:merge commits|squash merges|rebase merges|merge method|rebasing|squashing).*not (?:allowed|permitted|enabled)|must not contain merge commits|cannot be rebased|not allowed .*merge method/i,
  ],
  ['checks', /status checks?|required check|check runs?|required workflow|code scanning/i],
  ['reviews', /review|approv|code ?owner|changes (?:were )?requested|conversations?|unresolved/i],
  ['signatures', /verified signature|signed commit|signature/i],
  ['closed', /is closed|not open|already (?:been )?closed/i],
];

/** The checks that a refusal names, as in `Required status check "build" is expected.` */
function named(words: string): string[] | undefined {
  const names = [...words.matchAll(/(?:status )?checks? ["“]([^"”]+)["”]/gi)].map(([, name]) => name!);
  return names.length > 0 ? names : undefined;
}
