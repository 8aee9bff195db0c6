import { readFileSync } from 'node:fs';
import { buildSchema, graphql, type GraphQLSchema } from 'graphql';
import type { Access } from './access.ts';
import type { Pull, StubRepository } from './repository.ts';
import type { GithubStub } from './stub.ts';
import { stateOf } from './merging.ts';

let schema: GraphQLSchema | undefined;
/** GitHub's published schema. It takes a second to build, so it is built at the first question. */
const built = () => {
  const file = new URL('../../../node_modules/@octokit/graphql-schema/schema.graphql', import.meta.url);
  return (schema ??= buildSchema(readFileSync(file, 'utf8'), { assumeValidSDL: true }));
};

class GraphqlRefusal extends Error {
  constructor(
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/** Answers a question of GraphQL, which must fit GitHub's schema. */
export async function answerGraphql(stub: GithubStub, access: Access, asked: { query: string; variables: object }) {
  const { data, errors } = await graphql({
    schema: built(),
    source: asked.query,
    variableValues: asked.variables as Record<string, unknown>,
    rootValue: rootOf(stub, access),
  });
  for (const error of errors ?? []) {
    if (!(error.originalError instanceof GraphqlRefusal)) stub.breaches.push(`GraphQL: ${error.message}`);
  }
  const told = errors?.map(({ originalError, message, path }) => ({
    type: originalError instanceof GraphqlRefusal ? originalError.type : 'INTERNAL',
    path,
    message,
  }));
  return { data, ...(told && { errors: told }) };
}

function rootOf(stub: GithubStub, access: Access) {
  const byNode = (node: string): [StubRepository, Pull] => {
    const [, id, number] = /^PR_(\d+)_(\d+)$/.exec(node) ?? [];
    const repository = stub.repositories.find((each) => String(each.id) === id);
    const pull = repository?.pulls.find((each) => String(each.number) === number);
    if (!repository || !pull)
      throw new GraphqlRefusal('NOT_FOUND', `Could not resolve to a node with the global id of '${node}'`);
    return [repository, pull];
  };
  const mayWrite = (repository: StubRepository, permission: string) => {
    const role = access.kind === 'installation' ? 'write' : repository.collaborators.get(access.account.login);
    const granted = access.permissions ? access.permissions[permission] === 'write' : true;
    if (role === 'read' || !granted) throw new GraphqlRefusal('FORBIDDEN', 'Resource not accessible by integration');
  };
  return {
    viewer: () => ({ login: access.account.login.replace('[bot]', ''), databaseId: access.account.id }),
    repository({ owner, name }: { owner: string; name: string }) {
      const found = stub.repositories.find(({ fullName }) => fullName === `${owner}/${name}`);
      if (!found) return null;
      return {
        pullRequest: ({ number }: { number: number }) =>
          shown(
            found,
            found.pulls.find((each) => each.number === number),
          ),
      };
    },
    markPullRequestReadyForReview({ input }: { input: { pullRequestId: string } }) {
      const [repository, pull] = byNode(input.pullRequestId);
      mayWrite(repository, 'pull_requests');
      pull.draft = false;
      return { pullRequest: { isDraft: false } };
    },
    async enqueuePullRequest({ input }: { input: { pullRequestId: string; expectedHeadOid?: string } }) {
      const [repository, pull] = byNode(input.pullRequestId);
      mayWrite(repository, 'contents');
      const { head, state } = await stateOf(stub, repository, pull, { read: true });
      const refuse = (message: string) => new GraphqlRefusal('UNPROCESSABLE', message);
      if (input.expectedHeadOid && input.expectedHeadOid !== head)
        throw refuse('Head sha does not match the expected head oid');
      if (pull.queue) throw refuse('Pull request is already in the merge queue');
      if (pull.draft || state === 'dirty') throw refuse('Pull request is not mergeable');
      if (!repository.rules.get(pull.base)?.some(({ type }) => type === 'merge_queue'))
        throw refuse('The merge queue is not enabled');
      pull.queue = { position: repository.pulls.filter(({ queue }) => queue).length + 1, state: 'QUEUED' };
      return { mergeQueueEntry: pull.queue };
    },
  };
}

const shown = (repository: StubRepository, pull: Pull | undefined) => {
  if (!pull) return null;
  const removed =
    pull.removed === undefined ? [] : [{ __typename: 'RemovedFromMergeQueueEvent', reason: pull.removed }];
  const wanted = repository.protections.get(pull.base)?.approvals ?? 0;
  return {
    isDraft: pull.draft,
    mergeQueueEntry: pull.queue ?? null,
    timelineItems: { nodes: removed },
    reviewDecision: pull.changesRequested
      ? 'CHANGES_REQUESTED'
      : wanted === 0
        ? null
        : pull.approvals >= wanted
          ? 'APPROVED'
          : 'REVIEW_REQUIRED',
  };
};
