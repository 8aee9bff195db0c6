import { commentOf } from '../answers.ts';
import type { CommentRow, StubRepository } from '../repository.ts';
import { notFound, operation, page, Refusal } from '../routing.ts';
import { pullIn } from './pulls.ts';

const commentIn = (repository: StubRepository, id: string | undefined): CommentRow => {
  const found = repository.comments.find((comment) => String(comment.id) === id);
  if (!found) throw notFound();
  return found;
};

const ROLES = { admin: 'admin', write: 'write', read: 'read' };

export const issues = [
  operation('GET /repos/{owner}/{repo}/issues/{issue_number}/comments', 'issues: read', (call) => {
    const { stub, repository, params } = call;
    const number = Number(params['issue_number']);
    const all = repository.comments.filter((comment) => comment.number === number);
    const { items, headers } = page(call, `/repos/${repository.fullName}/issues/${number}/comments`, all);
    return { body: items.map((each) => commentOf(stub, repository, each)), headers };
  }),
  operation('GET /repos/{owner}/{repo}/issues/comments', 'issues: read', (call) => {
    const { stub, repository, query } = call;
    const all = repository.comments.filter(({ updatedAt }) => updatedAt >= (query.get('since') ?? ''));
    const { items, headers } = page(call, `/repos/${repository.fullName}/issues/comments`, all);
    return { body: items.map((each) => commentOf(stub, repository, each)), headers };
  }),
  operation('POST /repos/{owner}/{repo}/issues/{issue_number}/comments', 'issues: write', async (call) => {
    const { stub, repository, params, body, access } = call;
    const { number } = pullIn(repository, params['issue_number']);
    const now = stub.iso();
    const comment = {
      id: stub.id(),
      number,
      body: String(body['body']),
      by: access.account,
      createdAt: now,
      updatedAt: now,
      reactions: [],
    };
    repository.comments.push(comment);
    const issue = { number, pull_request: {} };
    await stub.deliver(repository, 'issue_comment', {
      action: 'created',
      issue,
      comment: { id: comment.id, body: comment.body },
    });
    return { status: 201, body: commentOf(stub, repository, comment) };
  }),
  operation(
    'GET /repos/{owner}/{repo}/issues/comments/{comment_id}',
    'issues: read',
    ({ stub, repository, params }) => ({
      body: commentOf(stub, repository, commentIn(repository, params['comment_id'])),
    }),
  ),
  operation(
    'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}',
    'issues: write',
    ({ stub, repository, params, body }) => {
      const comment = commentIn(repository, params['comment_id']);
      Object.assign(comment, { body: body['body'] as string, updatedAt: stub.iso() });
      return { body: commentOf(stub, repository, comment) };
    },
  ),
  operation(
    'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
    'issues: write',
    ({ repository, params, body }) => {
      const { reactions } = commentIn(repository, params['comment_id']);
      const content = String(body['content']);
      const there = reactions.includes(content);
      if (!there) reactions.push(content);
      return { status: there ? 200 : 201, body: { id: 1, content } };
    },
  ),
  operation(
    'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
    'metadata: read',
    ({ stub, repository, params, access }) => {
      const role = repository.collaborators.get(access.account.login);
      if (access.kind !== 'installation' && role === 'read') {
        throw new Refusal(403, 'Must have push access to view collaborator permission.');
      }
      const login = params['username']!;
      if (!stub.accounts.has(login)) throw notFound();
      const permission = ROLES[repository.collaborators.get(login) ?? 'read'] ?? 'none';
      return { body: { permission, role_name: permission, user: null } };
    },
  ),
  operation('GET /repos/{owner}/{repo}/hooks', 'repository_hooks: read', (call) => {
    const { repository } = call;
    const { items, headers } = page(call, `/repos/${repository.fullName}/hooks`, repository.hooks);
    return {
      body: items.map(({ id, url, events, active }) => ({ id, active, events, config: { url, secret: '********' } })),
      headers,
    };
  }),
  operation('POST /repos/{owner}/{repo}/hooks', 'repository_hooks: write', ({ stub, repository, body }) => {
    const { config, events, active } = body;
    const hook = { id: stub.id(), url: String(config.url), secret: String(config.secret), events, active };
    repository.hooks.push(hook);
    return { status: 201, body: { id: hook.id, active, events, config: { url: hook.url } } };
  }),
];
