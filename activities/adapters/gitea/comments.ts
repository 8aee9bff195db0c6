import { z } from 'zod';
import type { Comment, HostedRepository } from '../hosted/api.ts';
import { NotThere } from '../hosted/failures.ts';
import { at, type GiteaClient } from './client.ts';
import { Comment as Answered } from './shapes.ts';

const Permission = z.object({ permission: z.string() });
const Assignees = z.array(z.object({ login: z.string() }));

/** The comments of a pull request. This list has no pages. */
export async function comments(client: GiteaClient, repository: HostedRepository, number: number): Promise<Comment[]> {
  const found = await client.json(z.array(Answered).nullable(), 'GET', `${at(repository)}/issues/${number}/comments`);
  return (found ?? []).map(commentOf).toSorted(byId);
}

/**
 * The comments of the whole repository that were made or edited since then. Gitea's times are whole seconds, so some of them
 * may be known already.
 */
export async function newComments(
  client: GiteaClient,
  repository: HostedRepository,
  since: string,
): Promise<(Comment & { number: number })[]> {
  const query = `since=${encodeURIComponent(wholeSecond(since))}`;
  const found = await client.all(Answered, `${at(repository)}/issues/comments?${query}`);
  return found
    .flatMap((each) => {
      const [, number] = /\/(\d+)$/.exec(each.pull_request_url || each.issue_url || '') ?? [];
      return number === undefined ? [] : [{ ...commentOf(each), number: Number(number) }];
    })
    .toSorted(byId);
}

export async function comment(
  client: GiteaClient,
  repository: HostedRepository,
  id: number,
): Promise<Comment | undefined> {
  const { status, body } = await client.ask('GET', pathOf(repository, id), { expected: [404] });
  // 204: there is something by this number, and it is no comment.
  return status === 200 ? commentOf(client.transport.fitting(Answered, body, 'GET comment')) : undefined;
}

export async function addComment(
  client: GiteaClient,
  repository: HostedRepository,
  number: number,
  body: string,
): Promise<Comment> {
  const where = `${at(repository)}/issues/${number}/comments`;
  return commentOf(await client.json(Answered, 'POST', where, { body: { body } }));
}

export async function editComment(
  client: GiteaClient,
  repository: HostedRepository,
  id: number,
  body: string,
): Promise<boolean> {
  const { status } = await client.ask('PATCH', pathOf(repository, id), { body: { body }, expected: [404] });
  return status === 200;
}

export async function react(
  client: GiteaClient,
  repository: HostedRepository,
  id: number,
  reaction: '+1' | 'confused',
): Promise<void> {
  await client.ask('POST', `${pathOf(repository, id)}/reactions`, { body: { content: reaction } });
}

/**
 * Whether an account may write. Only administrators may ask for somebody's permission; the list of those to whom an issue can
 * be assigned is open to all, and holds exactly those who may write.
 */
export async function mayWrite(
  client: GiteaClient,
  repository: HostedRepository,
  login: string,
): Promise<boolean | undefined> {
  const where = `${at(repository)}/collaborators/${encodeURIComponent(login)}/permission`;
  const { status, body } = await client.ask('GET', where, { expected: [403, 404] });
  if (status === 200) {
    const { permission } = client.transport.fitting(Permission, body, 'GET permission');
    return ['write', 'admin', 'owner'].includes(permission);
  }
  const list = await client.ask('GET', `${at(repository)}/assignees`, { expected: [403, 404] });
  if (list.status === 404) throw new NotThere(`${repository.canonical} is not there any more, or not visible to us`);
  if (list.status !== 200) return undefined;
  const able = client.transport.fitting(Assignees, list.body, 'GET assignees');
  return able.some((each) => each.login.toLowerCase() === login.toLowerCase());
}

const byId = (a: Comment, b: Comment) => a.id - b.id;
const wholeSecond = (time: string) => new Date(Math.floor(Date.parse(time) / 1_000) * 1_000).toISOString();
const pathOf = (repository: HostedRepository, id: number) => `${at(repository)}/issues/comments/${id}`;

function commentOf({ id, body, user, html_url: url, created_at, updated_at }: Answered): Comment {
  const author = user?.login ?? '';
  // Gitea's own accounts, such as that of its Actions, have negative numbers.
  const bot = (user?.id ?? -1) < 0 || author.endsWith('[bot]');
  const [createdAt, updatedAt] = [created_at, updated_at].map((time) => new Date(time).toISOString());
  return { id, body, author, bot, createdAt: createdAt!, updatedAt: updatedAt!, url };
}
