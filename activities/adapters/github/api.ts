import type { GitCredentials, HostedAccount, HostedApi } from '../hosted/api.ts';
import { PermissionMissing } from '../hosted/failures.ts';
import type { Secret } from '../hosted/secrets.ts';
import { Transport } from '../hosted/transport.ts';
import type { Addresses } from './addresses.ts';
import { AppCredentials } from './calling/app-credentials.ts';
import { branchOf, deleteBranch } from './branches.ts';
import { Calls } from './calling/calls.ts';
import { checksOf, heldRuns } from './checks/checks.ts';
import * as commenting from './comments.ts';
import { TokenCredentials, type Place } from './calling/credentials.ts';
import { anyAt, fileAt } from './files.ts';
import { logOf } from './checks/logs.ts';
import { merge } from './merging/merging.ts';
import { NEEDS } from './calling/permissions.ts';
import { markReady, openPullRequest, pullRequest, pullRequestOf } from './pull-requests.ts';
import { enqueue, queuedAs } from './merging/queue.ts';
import { accountOf, repositoryAt } from './repositories.ts';
import { rerun } from './checks/reruns.ts';
import { Sender } from './calling/sender.ts';
import { createWebhook, limit, missing, webhooks } from './standing.ts';

export interface GithubOptions {
  addresses: Addresses;
  /** A token, or an App with its private key. */
  by: { token: Secret } | { appId: string; key: Secret };
}

/** The user name with which git sends a token to GitHub. */
const GIT_USER = 'x-access-token';

/** GitHub, and GitHub Enterprise Server. */
export function githubApi({
  addresses,
  by,
}: GithubOptions): HostedApi & { transport: Transport; forgetTokens(): void } {
  const needs = (headers: Headers) => headers.get('x-accepted-github-permissions') ?? undefined;
  const transport = new Transport({ vendor: 'GitHub', needs });
  const sender = new Sender(transport, addresses);
  const app = 'token' in by ? undefined : new AppCredentials(by.appId, by.key, sender);
  const credentials = 'token' in by ? new TokenCredentials(by.token) : app!;
  const calls = new Calls(sender, credentials);
  const ours = app && Number(app.appId);
  let me: Promise<HostedAccount> | undefined;

  return {
    vendor: 'GitHub',
    address: addresses.pages,
    transport,
    forgetTokens: () => credentials.forgetAll(),

    me() {
      const asking = (me ??= accountOf(calls, addresses, app));
      asking.catch(() => (me = undefined));
      return asking;
    },
    repository: (place) => repositoryAt(calls, addresses, place),
    branch: (repository, name) => branchOf(calls, repository, name),
    fileAt: (repository, commit, file) => fileAt(calls, repository, commit, file),
    anyAt: (repository, commit, paths) => anyAt(calls, repository, commit, paths),

    pullRequest: (repository, number) => pullRequest(calls, repository, number),
    pullRequestOf: (repository, heads) => pullRequestOf(calls, repository, heads),
    openPullRequest: (repository, wish) => openPullRequest(calls, repository, wish),
    markReady: (repository, pull) => markReady(calls, repository, pull),

    checks: (repository, head) => checksOf(calls, repository, head, ours),
    logOf: (repository, check) => logOf(calls, repository, check),
    heldRuns: (repository, head) => heldRuns(calls, repository, head),
    rerun: (repository, _head, checks) => rerun(calls, repository, checks),

    merge: (repository, pull, wish) => merge(calls, repository, pull, wish),
    enqueue: (repository, pull, head) => enqueue(calls, repository, pull, head),
    queued: (repository, pull) => queuedAs(calls, repository, pull),
    deleteBranch: (repository, branch) => deleteBranch(calls, repository, branch),

    setStatus: (repository, head, status) => commenting.setStatus(calls, repository, head, status),
    comments: (repository, number) => commenting.comments(calls, repository, number),
    newComments: (repository, since) => commenting.newComments(calls, repository, since),
    comment: (repository, id) => commenting.comment(calls, repository, id),
    addComment: (repository, number, body) => commenting.addComment(calls, repository, number, body),
    editComment: (repository, id, body) => commenting.editComment(calls, repository, id, body),
    react: (repository, id, reaction) => commenting.react(calls, repository, id, reaction),
    mayWrite: (repository, login) => commenting.mayWrite(calls, repository, login),

    credentials: (place, to) => gitCredentials(credentials, place, to),
    renew: async (place) => credentials.forget(place),
    missing: (repository) => missing(calls, repository, app),
    limit: () => limit(calls),
    webhooks: (repository) => webhooks(calls, repository),
    createWebhook: (repository, hook) => createWebhook(calls, repository, hook),
    traffic: () => ({ counts: transport.counts(), limits: transport.limits() }),
    close: async () => transport.close(),
  };
}

/** Workflow files can be pushed only with a right of their own, which an App need not have. */
async function gitCredentials(
  credentials: TokenCredentials | AppCredentials,
  place: NonNullable<Place>,
  to: 'read' | 'write',
): Promise<GitCredentials> {
  const having = (needs: (typeof NEEDS)[keyof typeof NEEDS]) => credentials.of(place, { ...NEEDS.metadata, ...needs });
  if (to === 'read') return { username: GIT_USER, password: (await having(NEEDS.contents)).token };
  const written = await having(NEEDS.pushWorkflows).catch((error: unknown) => {
    if (error instanceof PermissionMissing) return having(NEEDS.push);
    throw error;
  });
  return { username: GIT_USER, password: written.token };
}
