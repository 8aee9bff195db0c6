import { setTimeout as pause } from 'node:timers/promises';
import type { HostedRepository, PullRequest } from '../hosted/api.ts';
import { at, segments, type GiteaClient } from './client.ts';
import { NotThere } from '../hosted/failures.ts';
import { missing } from './repositories.ts';
import { Pull } from './shapes.ts';

/** Closed pull requests are looked through from the newest on, at most so many pages of 50. */
const MOST_PAGES = 10;
/** Gitea does not know a branch at once after its push. Milliseconds between, and how often it is asked. */
const UNKNOWN = { pauseMs: 500, times: 12 };
/** What makes a pull request a draft, unless the server's operator has chosen other words. */
const DRAFT = /^\s*(?:\[WIP\]|WIP:)\s*/i;

export async function pullRequest(
  client: GiteaClient,
  repository: HostedRepository,
  number: number,
): Promise<PullRequest | undefined> {
  const found = await client.find(Pull, `${at(repository)}/pulls/${number}`);
  return found ? pullRequestOf(found) : missing(client, repository);
}

/** The open pull request of a branch, or else the newest closed one. */
export async function pullRequestOfBranch(
  client: GiteaClient,
  repository: HostedRepository,
  { branch, base }: { branch: string; base?: string | undefined },
): Promise<PullRequest | undefined> {
  const ours = (pull: Pull) =>
    pull.head.repo_id === pull.base.repo_id && headOf(pull) === branch && (base ?? pull.base.ref) === pull.base.ref;
  if (base !== undefined) {
    // Gitea takes the first part of the path as the base, so one with a slash in its name must be escaped.
    const where = `${at(repository)}/pulls/${encodeURIComponent(base)}/${segments(branch)}`;
    const there = await client.find(Pull, where);
    if (there && ours(there) && !isOver(there)) return pullRequestOf(there);
  }
  for (const state of ['open', 'closed']) {
    let pages = 0;
    for await (const pulls of client.pages(Pull, `${at(repository)}/pulls?state=${state}&sort=recentupdate`)) {
      const [found] = pulls.filter(ours).toSorted((a, b) => b.number - a.number);
      if (found) return pullRequestOf(found);
      if (++pages === MOST_PAGES) break;
    }
  }
  return undefined;
}

/** Opens a pull request, or returns the one that is open. */
export async function openPullRequest(
  client: GiteaClient,
  repository: HostedRepository,
  { branch, base, title, body }: { branch: string; base: string; title: string; body: string },
): Promise<PullRequest> {
  const where = `${at(repository)}/pulls`;
  for (let asked = 1; ; asked++) {
    const wish = { head: branch, base, title, body };
    const answer = await client.ask('POST', where, { body: wish, expected: [404, 409] });
    if (answer.status < 300) return pullRequestOf(client.transport.fitting(Pull, answer.body, `POST ${where}`));
    if (answer.status === 409) {
      const there = await pullRequestOfBranch(client, repository, { branch, base });
      if (there?.state === 'open') return there;
    }
    if (asked === UNKNOWN.times)
      throw new NotThere(`Gitea knows no branch ${branch} or ${base} of ${repository.canonical} yet`, {
        retryAfterMs: UNKNOWN.pauseMs * UNKNOWN.times,
      });
    await pause(UNKNOWN.pauseMs);
  }
}

/** Takes the mark of a draft off the title. */
export async function markReady(
  client: GiteaClient,
  repository: HostedRepository,
  { number, title }: PullRequest,
): Promise<boolean> {
  const ready = title.replace(DRAFT, '');
  if (ready === title || ready === '') return false;
  const where = `${at(repository)}/pulls/${number}`;
  const { status, body } = await client.ask('PATCH', where, { body: { title: ready }, expected: [403, 404, 422] });
  return status < 300 && !client.transport.fitting(Pull, body, `PATCH ${where}`).draft;
}

/**
 * A pull request in our words. Gitea's `mergeable` is false for a conflict, for a draft, and until it has computed it, after
 * each push and each move of the base: so false says nothing.
 */
export function pullRequestOf(pull: Pull): PullRequest {
  const state = pull.merged ? 'merged' : pull.state === 'open' ? 'open' : 'closed';
  return {
    number: pull.number,
    url: pull.html_url,
    title: pull.title,
    body: pull.body ?? '',
    state,
    draft: pull.draft,
    head: pull.head.sha,
    branch: headOf(pull),
    base: pull.base.ref,
    fork: pull.head.repo_id !== pull.base.repo_id,
    author: pull.user?.login ?? '',
    mergeable: pull.mergeable && state === 'open' ? true : undefined,
    mergeCommit: state === 'merged' ? (pull.merge_commit_sha ?? undefined) : undefined,
    closedAt: pull.closed_at ?? undefined,
    updatedAt: pull.updated_at,
  };
}

/** Once the branch is deleted, `ref` is that of the pull request itself, and `label` still the branch's name. */
const headOf = ({ head }: Pull): string => head.label || head.ref;
const isOver = ({ merged, state }: Pull): boolean => merged || state !== 'open';
