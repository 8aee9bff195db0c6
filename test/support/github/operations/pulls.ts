import { pullOf } from '../answers.ts';
import { mergePull, stateOf } from '../merging.ts';
import type { Pull, StubRepository } from '../repository.ts';
import { notFound, operation, page, Refusal, type Call } from '../routing.ts';

export const pullIn = (repository: StubRepository, number: string | undefined): Pull => {
  const found = repository.pulls.find((pull) => String(pull.number) === number);
  if (!found) throw notFound();
  return found;
};

const shown = async ({ stub, repository }: Call, pull: Pull, schema?: string) => {
  const { head, baseHead, mergeable, state } = await stateOf(stub, repository, pull, { read: schema === undefined });
  return pullOf(stub, repository, pull, { head, baseHead, mergeable, state, ...(schema && { schema }) });
};

export const pulls = [
  operation('GET /repos/{owner}/{repo}/pulls', 'pull_requests: read', async (call) => {
    const { repository, query } = call;
    const [owner, branch] = (query.get('head') ?? '').split(':');
    const wanted = repository.pulls.filter(
      (pull) =>
        [pull.state, 'all'].includes(query.get('state') ?? 'open') &&
        (!branch || (pull.branch === branch && (pull.fork ?? repository.owner) === owner)) &&
        [pull.base, null].includes(query.get('base')),
    );
    const newest = query.get('direction') === 'asc' ? wanted : wanted.reverse();
    const { items, headers } = page(call, `/repos/${repository.fullName}/pulls`, newest);
    return { body: await Promise.all(items.map((pull) => shown(call, pull, 'pull-request-simple'))), headers };
  }),
  operation('POST /repos/{owner}/{repo}/pulls', 'pull_requests: write', async (call) => {
    const { stub, repository, body, access } = call;
    const { head: branch, base, title, body: text = '', draft = false } = body;
    const invalid = (message: string) =>
      new Refusal(422, 'Validation Failed', { errors: [{ resource: 'PullRequest', code: 'custom', message }] });
    const [head, baseHead] = [await repository.headOf(branch), await repository.headOf(base)];
    if (!head || !baseHead)
      throw new Refusal(422, 'Validation Failed', {
        errors: [{ resource: 'PullRequest', field: head ? 'base' : 'head', code: 'invalid' }],
      });
    const same = (pull: Pull) => pull.branch === branch && pull.base === base && pull.state === 'open' && !pull.fork;
    if (repository.pulls.some(same)) throw invalid(`A pull request already exists for ${repository.owner}:${branch}.`);
    if (await repository.isAncestor(head, baseHead)) throw invalid(`No commits between ${base} and ${branch}`);
    const pull = newPull(repository, {
      branch,
      base,
      title,
      body: text,
      draft,
      head,
      author: access.account,
      updatedAt: stub.iso(),
    });
    await stub.deliver(repository, 'pull_request', {
      action: 'opened',
      number: pull.number,
      pull_request: { number: pull.number, head: { ref: branch, sha: head } },
    });
    return { status: 201, body: await shown(call, pull) };
  }),
  operation('GET /repos/{owner}/{repo}/pulls/{pull_number}', 'pull_requests: read', async (call) => ({
    body: await shown(call, pullIn(call.repository, call.params['pull_number'])),
  })),
  operation('PATCH /repos/{owner}/{repo}/pulls/{pull_number}', 'pull_requests: write', async (call) => {
    const pull = pullIn(call.repository, call.params['pull_number']);
    Object.assign(pull, call.body, { updatedAt: call.stub.iso() });
    if (pull.state === 'closed') pull.closedAt ??= call.stub.iso();
    return { body: await shown(call, pull) };
  }),
  operation('PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge', 'contents: write', async (call) => {
    const pull = pullIn(call.repository, call.params['pull_number']);
    const sha = await mergePull(call.stub, call.repository, pull, call.body);
    return { body: { sha, merged: true, message: 'Pull Request successfully merged' } };
  }),
];

/** Adds a pull request with the next number of the repository. */
export function newPull(
  repository: StubRepository,
  given: Pick<Pull, 'branch' | 'base' | 'title' | 'head' | 'author' | 'updatedAt'> & Partial<Pull>,
): Pull {
  const numbers = [...repository.pulls.map(({ number }) => number), 0];
  const pull: Pull = {
    number: Math.max(...numbers) + 1,
    body: '',
    draft: false,
    state: 'open',
    merged: false,
    approvals: 0,
    changesRequested: false,
    computed: new Map(),
    ...given,
  };
  repository.pulls.push(pull);
  return pull;
}
