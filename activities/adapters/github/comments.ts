import { z } from 'zod';
import type { Comment, HostedRepository, OurStatus } from '../hosted/api.ts';
import type { Calls } from './calling/calls.ts';
import { NEEDS } from './calling/permissions.ts';
import * as schemas from './calling/schemas.ts';

/** The longest description of a status, in characters. */
const MOST_DESCRIPTION = 140;

/** The comments of a pull request, oldest first. */
export async function comments(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  number: number,
): Promise<Comment[]> {
  const about = { at: { owner, name: repo }, needs: NEEDS.comments };
  const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/comments';
  const found = await calls.pages(schemas.Comment, route, { owner, repo, issue_number: number }, about);
  return (found ?? []).map(commentFrom);
}

/** The comments of all pull requests and issues that were made or edited since this ISO time, with their numbers. */
export async function newComments(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  since: string,
): Promise<(Comment & { number: number })[]> {
  const about = { at: { owner, name: repo }, needs: NEEDS.comments };
  const asked = { owner, repo, since, sort: 'updated', direction: 'asc' } as const;
  const found = await calls.pages(schemas.Comment, 'GET /repos/{owner}/{repo}/issues/comments', asked, about);
  return (found ?? []).flatMap((each) => {
    const number = /\/issues\/(\d+)$/.exec(each.issue_url ?? '')?.[1];
    return number === undefined ? [] : [{ ...commentFrom(each), number: Number(number) }];
  });
}

export async function comment(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  id: number,
): Promise<Comment | undefined> {
  const about = { at: { owner, name: repo }, needs: NEEDS.comments, expected: [404, 410] };
  const route = 'GET /repos/{owner}/{repo}/issues/comments/{comment_id}';
  const found = await calls.maybe(schemas.Comment, route, { owner, repo, comment_id: id }, about);
  return found && commentFrom(found);
}

export async function addComment(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  number: number,
  body: string,
): Promise<Comment> {
  const about = { at: { owner, name: repo }, needs: NEEDS.writeComments };
  const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments';
  return commentFrom(await calls.one(schemas.Comment, route, { owner, repo, issue_number: number, body }, about));
}

/** False: the comment no longer exists. */
export async function editComment(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  id: number,
  body: string,
): Promise<boolean> {
  const about = { at: { owner, name: repo }, needs: NEEDS.writeComments, expected: [404, 410] };
  const route = 'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}';
  return (await calls.send(route, { owner, repo, comment_id: id, body }, about)).status < 300;
}

/** Reacting again, or to a deleted comment, is harmless. */
export async function react(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  id: number,
  content: '+1' | 'confused',
): Promise<void> {
  const about = { at: { owner, name: repo }, needs: NEEDS.writeComments, expected: [404, 410] };
  const route = 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions';
  await calls.send(route, { owner, repo, comment_id: id, content }, about);
}

export async function setStatus(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  sha: string,
  { context, state, description, url }: OurStatus,
): Promise<void> {
  const short = description.length > MOST_DESCRIPTION ? `${description.slice(0, MOST_DESCRIPTION - 1)}…` : description;
  await calls.send(
    'POST /repos/{owner}/{repo}/statuses/{sha}',
    { owner, repo, sha, context, state, description: short, ...(url !== undefined && { target_url: url }) },
    { at: { owner, name: repo }, needs: NEEDS.writeStatuses },
  );
}

const Permission = z.object({ permission: z.string() });

/** Whether this account may write. Undefined: we may not ask. */
export async function mayWrite(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  username: string,
): Promise<boolean | undefined> {
  const about = { at: { owner, name: repo }, needs: NEEDS.metadata, expected: [403, 404] };
  const route = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
  const { status, data, call } = await calls.send(route, { owner, repo, username }, about);
  if (status === 403) return undefined;
  if (status === 404) return false;
  // Somebody with the role `maintain` has the permission `write` here.
  return ['admin', 'write'].includes(calls.transport.fitting(Permission, data, call).permission);
}

function commentFrom(found: z.output<typeof schemas.Comment>): Comment {
  const { id, body, user, created_at: createdAt, updated_at: updatedAt, html_url: url } = found;
  const author = user?.login ?? 'ghost';
  const bot = user?.type === 'Bot' || author.endsWith('[bot]') || Boolean(found.performed_via_github_app);
  return { id, body: body ?? '', author, bot, createdAt, updatedAt, url };
}
