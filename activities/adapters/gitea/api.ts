import type { HostedApi } from '../hosted/api.ts';
import { heldRuns, rerun } from './actions.ts';
import { checks, logOf, setStatus } from './checks.ts';
import type { GiteaClient } from './client.ts';
import { addComment, comment, comments, editComment, mayWrite, newComments, react } from './comments.ts';
import { deleteBranch, merge } from './merging.ts';
import { markReady, openPullRequest, pullRequest, pullRequestOfBranch } from './pull-requests.ts';
import { anyAt, branch, fileAt, me, repository } from './repositories.ts';
import { missingRights } from './scopes.ts';
import { createWebhook, webhooks } from './webhooks.ts';

/** Gitea and Forgejo, by their own API. They have neither a merge queue nor a rate limit. */
export const giteaApi = (client: GiteaClient): HostedApi => ({
  vendor: 'Gitea',
  address: client.address,

  me: () => me(client),
  repository: (place) => repository(client, place),
  branch: (of, name) => branch(client, of, name),
  fileAt: (of, commit, file) => fileAt(client, of, commit, file),
  anyAt: (of, commit, paths) => anyAt(client, of, commit, paths),

  pullRequest: (of, number) => pullRequest(client, of, number),
  pullRequestOf: (of, heads) => pullRequestOfBranch(client, of, heads),
  openPullRequest: (of, wish) => openPullRequest(client, of, wish),
  markReady: (of, pull) => markReady(client, of, pull),

  checks: (of, head) => checks(client, of, head),
  logOf: (of, check) => logOf(client, of, check),
  heldRuns: (of, head) => heldRuns(client, of, head),
  rerun: (of, _head, wanted) => rerun(client, of, wanted),

  merge: (of, pull, wish) => merge(client, of, pull, wish),
  deleteBranch: (of, name) => deleteBranch(client, of, name),

  setStatus: (of, head, status) => setStatus(client, of, head, status),
  comments: (of, number) => comments(client, of, number),
  newComments: (of, since) => newComments(client, of, since),
  comment: (of, id) => comment(client, of, id),
  addComment: (of, number, body) => addComment(client, of, number, body),
  editComment: (of, id, body) => editComment(client, of, id, body),
  react: (of, id, reaction) => react(client, of, id, reaction),
  mayWrite: (of, login) => mayWrite(client, of, login),

  // Gitea cannot narrow a token to a repository. The name does not matter to it.
  credentials: () => Promise.resolve({ username: 'gatehouse', password: client.password }),
  renew: () => Promise.resolve(client.renew()),
  missing: (of) => missingRights(client, of),
  limit: () => Promise.resolve(undefined),
  webhooks: (of) => webhooks(client, of),
  createWebhook: (of, hook) => createWebhook(client, of, hook),
  traffic: () => ({ counts: client.transport.counts(), limits: client.transport.limits() }),
  close: () => Promise.resolve(client.transport.close()),
});
