import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { HostedRepository, MergeAnswer, MergeMethod, MergeWish, PullRequest } from '../hosted/api.ts';
import { ForgeUnavailable, NotThere } from '../hosted/failures.ts';
import { at, segments, type GiteaClient } from './client.ts';
import { pullRequest } from './pull-requests.ts';
import { branch } from './repositories.ts';
import { Words } from './shapes.ts';

/** Gitea's names of our methods. The second is used where a repository allows only that. */
const STYLES: Record<MergeMethod, readonly string[]> = {
  merge: ['merge', 'fast-forward-only'],
  squash: ['squash'],
  rebase: ['rebase', 'rebase-merge'],
};
/**
 * Gitea counts a moment late how far a branch is behind, and merges an outdated one meanwhile. Where we may not read whether the
 * branch must be up to date, the count is waited for. In milliseconds.
 */
const COUNTING_MS = 3_000;
const EXPECTED = [403, 404, 405, 409, 422];

/** Merges exactly this head. */
export async function merge(
  client: GiteaClient,
  repository: HostedRepository,
  pull: PullRequest,
  wish: MergeWish,
): Promise<MergeAnswer> {
  if (await isOutdated(client, repository, pull, wish.head))
    return { is: 'behind', words: 'The head branch is behind the base branch' };
  let answer: MergeAnswer = { is: 'method', words: 'The repository allows no such method.' };
  for (const style of STYLES[wish.method]) {
    // Git ends a fast-forward that is none with an error, which Gitea answers with 500.
    if (style === 'fast-forward-only' && (await isBehind(client, repository, pull.base, wish.head)))
      return { is: 'behind', words: 'Only a fast forward may be merged, and the base has moved.' };
    answer = await mergeBy(client, repository, pull, { ...wish, style });
    if (answer.is !== 'method') return answer;
  }
  return answer;
}

async function mergeBy(
  client: GiteaClient,
  repository: HostedRepository,
  pull: PullRequest,
  { head, style, title, message }: MergeWish & { style: string },
): Promise<MergeAnswer> {
  const body = {
    Do: style,
    head_commit_id: head,
    MergeTitleField: title,
    MergeMessageField: message,
    // A branch is deleted only after the merge was read back.
    delete_branch_after_merge: false,
  };
  const where = `${at(repository)}/pulls/${pull.number}/merge`;
  try {
    const answered = await client.ask('POST', where, { body, expected: EXPECTED, read: 'text' });
    if (answered.status < 300) return merged(client, repository, pull);
    return await judged(client, repository, pull, { ...answered, head });
  } catch (failure) {
    if (!(failure instanceof ForgeUnavailable)) throw failure;
    const words = await dependency(client, repository, pull).catch(() => undefined);
    if (words === undefined) throw failure;
    return { is: 'refused', words };
  }
}

/** What Gitea's refusal means. It says why in words only. */
async function judged(
  client: GiteaClient,
  repository: HostedRepository,
  pull: PullRequest,
  { status, body, head }: { status: number; body: unknown; head: string },
): Promise<MergeAnswer> {
  const { words, conflict } = wordsIn(String(body ?? ''));
  if (status === 404) {
    const now = await pullRequest(client, repository, pull.number);
    if (now?.state === 'closed') return { is: 'closed', words: 'The pull request is closed.' };
    if (now?.state === 'merged') return { is: 'merged', commit: now.mergeCommit };
    throw new NotThere(`Gitea shows us no pull request ${pull.number} of ${repository.canonical} to merge`);
  }
  if (conflict) return { is: 'conflicted', words };
  if (/already merged/i.test(words)) return merged(client, repository, pull);
  if (/try again later/i.test(words) && (await hasNothingNew(client, repository, pull.base, head)))
    return { is: 'refused', words: `${pull.base} already has all commits of the pull request.` };
  const is = KINDS.find(([pattern]) => pattern.test(words))?.[1] ?? 'refused';
  return is === 'moved' ? { is } : { is, words };
}

type Kind = Exclude<MergeAnswer['is'], 'merged' | 'queued' | 'conflicted' | 'closed' | 'queue-demanded'>;

const KINDS: readonly (readonly [RegExp, Kind])[] = [
  [/work in progress/i, 'draft'],
  // It is still computing whether it conflicts, or it does conflict.
  [/try again later/i, 'not-yet'],
  [/allowed merge style/i, 'method'],
  [/required status checks/i, 'checks'],
  [/enough approvals|requested changes|review requests/i, 'reviews'],
  [/behind the base/i, 'behind'],
  [/won'?t sign|wont sign|cannot sign/i, 'signatures'],
  [/head out of date|sha does not match/i, 'moved'],
  [/merge push out of date/i, 'base-modified'],
];

/** The message of a refusal, or what git said of a conflict. */
function wordsIn(text: string): { words: string; conflict: boolean } {
  const { message, StdErr, StdOut } = wordsOf(text);
  if (message !== undefined) return { words: message, conflict: false };
  if (StdErr === undefined && StdOut === undefined) return { words: text.slice(0, 300), conflict: false };
  return { words: [StdOut, StdErr].join('\n').trim().slice(0, 300), conflict: true };
}

function wordsOf(text: string): z.infer<typeof Words> {
  try {
    return Words.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** It is merged; with the commit if the forge answers now. */
async function merged(client: GiteaClient, repository: HostedRepository, pull: PullRequest): Promise<MergeAnswer> {
  const now = await pullRequest(client, repository, pull.number).catch(() => undefined);
  return { is: 'merged', commit: now?.mergeCommit };
}

const Dependencies = z.array(z.object({ number: z.number(), state: z.string() })).nullish();

/** Gitea answers 500 if the pull request waits for another issue, and then says so only in the list of these. */
async function dependency(
  client: GiteaClient,
  repository: HostedRepository,
  pull: PullRequest,
): Promise<string | undefined> {
  const where = `${at(repository)}/issues/${pull.number}/dependencies`;
  const open = (await client.json(Dependencies, 'GET', where))?.filter(({ state }) => state === 'open') ?? [];
  const now = open.length > 0 ? await pullRequest(client, repository, pull.number) : undefined;
  if (now?.state !== 'open') return undefined;
  return `It is blocked by an open dependency: ${open.map(({ number }) => `#${number}`).join(', ')}`;
}

/** Whether the forge demands a branch that is up to date, and this one is not. */
async function isOutdated(
  client: GiteaClient,
  repository: HostedRepository,
  { base }: PullRequest,
  head: string,
): Promise<boolean> {
  const rules = await branch(client, repository, base);
  if (rules === undefined || rules.strict === false || !(await isBehind(client, repository, base, head))) return false;
  if (rules.strict === undefined) await pause(COUNTING_MS);
  return rules.strict === true;
}

const isBehind = (client: GiteaClient, repository: HostedRepository, base: string, head: string) =>
  hasCommits(client, repository, { in: base, not: head });

const hasNothingNew = async (client: GiteaClient, repository: HostedRepository, base: string, head: string) =>
  !(await hasCommits(client, repository, { in: head, not: base }));

async function hasCommits(
  client: GiteaClient,
  repository: HostedRepository,
  { in: inside, not }: { in: string; not: string },
): Promise<boolean> {
  const query = new URLSearchParams({
    sha: inside,
    not,
    limit: '1',
    stat: 'false',
    verification: 'false',
    files: 'false',
  });
  const found = await client.json(z.array(z.unknown()).nullable(), 'GET', `${at(repository)}/commits?${query}`);
  return (found ?? []).length > 0;
}

/** Deletes a branch. A protected one, and the default branch, cannot be deleted. */
export async function deleteBranch(
  client: GiteaClient,
  repository: HostedRepository,
  name: string,
): Promise<'deleted' | 'absent' | { refused: string }> {
  const where = `${at(repository)}/branches/${segments(name)}`;
  const { status, body } = await client.ask('DELETE', where, {
    expected: [403, 404, 405, 409, 422, 423],
    read: 'text',
  });
  if (status < 300) return 'deleted';
  if (status === 404) return 'absent';
  return { refused: wordsIn(String(body ?? '')).words };
}
