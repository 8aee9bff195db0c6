import type { Pull, StubRepository } from './repository.ts';
import { Refusal } from './routing.ts';
import type { GithubStub } from './stub.ts';

interface State {
  head: string;
  baseHead: string;
  mergeable: boolean | null;
  state: string;
}

/** What a pull request says of itself. Reading it makes GitHub compute whether it is mergeable, which is known later. */
export async function stateOf(
  stub: GithubStub,
  repository: StubRepository,
  pull: Pull,
  { read }: { read: boolean },
): Promise<State> {
  const present = pull.state === 'open' && !pull.fork ? await repository.headOf(pull.branch) : undefined;
  pull.head = present ?? pull.head;
  const { head } = pull;
  const baseHead = (await repository.headOf(pull.base)) ?? head;
  if (pull.state === 'closed') return { head, baseHead, mergeable: null, state: 'unknown' };
  const key = `${head} ${baseHead}`;
  const reads = pull.computed.get(key) ?? 0;
  if (read) pull.computed.set(key, reads + 1);
  if (reads < stub.slowMergeability) return { head, baseHead, mergeable: null, state: 'unknown' };
  if ((await repository.mergeTree(baseHead, head)) === undefined)
    return { head, baseHead, mergeable: false, state: 'dirty' };
  const of = (state: string) => ({ head, baseHead, mergeable: true, state });
  if (pull.draft) return of('draft');
  if (isStrict(repository, pull) && !(await repository.isAncestor(baseHead, head))) return of('behind');
  if (brokenRules(repository, pull, head).length > 0) return of('blocked');
  return of(hasRed(repository, head) ? 'unstable' : 'clean');
}

/** Merges, or refuses in GitHub's words. Returns the commit. */
export async function mergePull(
  stub: GithubStub,
  repository: StubRepository,
  pull: Pull,
  wish: { sha?: string; merge_method?: 'merge' | 'squash' | 'rebase'; commit_title?: string; commit_message?: string },
): Promise<string> {
  const { merge_method: method = 'merge' } = wish;
  const { head, baseHead, mergeable, state } = await stateOf(stub, repository, pull, { read: true });
  if (pull.state === 'closed') throw new Refusal(405, 'Pull Request is not mergeable');
  if (wish.sha !== undefined && wish.sha !== head)
    throw new Refusal(409, 'Head branch was modified. Review and try the merge again.');
  if (pull.draft) throw new Refusal(405, 'Pull Request is still a draft');
  if (!repository.methods[method]) throw new Refusal(405, NOT_ALLOWED[method]);
  if (mergeable !== true) throw new Refusal(405, 'Pull Request is not mergeable');
  const broken = brokenRules(repository, pull, head, method);
  if (state === 'behind') broken.unshift('The head branch is not up to date with the base branch.');
  if (broken.length > 0) {
    const byRules = repository.rules.has(pull.base) ? `Repository rule violations found\n\n` : '';
    throw new Refusal(405, `${byRules}${broken.join('\n\n')}`);
  }
  if (stub.baseMoves > 0) {
    stub.baseMoves -= 1;
    throw new Refusal(405, 'Base branch was modified. Review and try the merge again.');
  }
  const message = [wish.commit_title ?? `Merge pull request #${pull.number}`, wish.commit_message]
    .filter(Boolean)
    .join('\n\n');
  const tree = (await repository.mergeTree(baseHead, head))!;
  const parents = method === 'merge' ? ['-p', baseHead, '-p', head] : ['-p', baseHead];
  const commit = await repository.git('commit-tree', tree, ...parents, '-m', message);
  await repository.git('update-ref', `refs/heads/${pull.base}`, commit, baseHead);
  await closeMerged(stub, repository, pull, commit);
  return commit;
}

export async function closeMerged(
  stub: GithubStub,
  repository: StubRepository,
  pull: Pull,
  commit: string,
): Promise<void> {
  Object.assign(pull, {
    state: 'closed',
    merged: true,
    mergeCommit: commit,
    closedAt: stub.iso(),
    updatedAt: stub.iso(),
  });
  stub.merges.push(`${repository.fullName}#${pull.number}`);
  const { number, branch, head } = pull;
  await stub.deliver(repository, 'pull_request', {
    action: 'closed',
    number,
    pull_request: { number, merged: true, head: { ref: branch, sha: head } },
  });
}

const NOT_ALLOWED = {
  merge: 'Merge commits are not allowed on this repository.',
  squash: 'Squash merges are not allowed on this repository.',
  rebase: 'Rebase merges are not allowed on this repository.',
};

interface Required {
  context: string;
  app?: number | undefined;
}

function requiredOf(repository: StubRepository, base: string): Required[] {
  const byRules = (repository.rules.get(base) ?? []).flatMap(({ parameters }) => {
    const { required_status_checks: checks = [] } = (parameters ?? {}) as {
      required_status_checks?: { context: string; integration_id?: number }[];
    };
    return checks.map(({ context, integration_id: app }) => ({ context, app }));
  });
  return [...byRules, ...(repository.protections.get(base)?.checks ?? [])];
}

const ruleOf = (repository: StubRepository, base: string, type: string) =>
  repository.rules.get(base)?.find((rule) => rule.type === type)?.parameters as Record<string, any> | undefined;
const hasRule = (repository: StubRepository, base: string, type: string) =>
  repository.rules.get(base)?.some((rule) => rule.type === type) ?? false;

const isStrict = (repository: StubRepository, { base }: Pull): boolean =>
  repository.protections.get(base)?.strict === true ||
  ruleOf(repository, base, 'required_status_checks')?.['strict_required_status_checks_policy'] === true;

/** What the rules of the base lack, in GitHub's words. */
function brokenRules(repository: StubRepository, pull: Pull, head: string, method?: string): string[] {
  const { base } = pull;
  const classic = repository.protections.get(base) ?? {};
  const broken: string[] = [];
  if (hasRule(repository, base, 'merge_queue')) broken.push('Changes must be made through the merge queue');
  for (const { context, app } of requiredOf(repository, base)) {
    const how = resultOf(repository, head, context, app);
    if (how !== 'success') broken.push(`Required status check "${context}" is ${how}.`);
  }
  const approvals =
    classic.approvals ??
    (ruleOf(repository, base, 'pull_request')?.['required_approving_review_count'] as number | undefined) ??
    0;
  if (pull.changesRequested) broken.push('Changes were requested by reviewers with write access.');
  if (pull.approvals < approvals)
    broken.push(`At least ${approvals} approving review is required by reviewers with write access.`);
  const linear = classic.linear || hasRule(repository, base, 'required_linear_history');
  if (method === 'merge' && linear) broken.push('This branch must not contain merge commits.');
  if ((classic.signatures || hasRule(repository, base, 'required_signatures')) && method !== 'squash') {
    broken.push('Commits must have verified signatures.');
  }
  return broken;
}

/** How a required check stands on this commit. One that is pinned to an App counts from that App only. */
function resultOf(repository: StubRepository, head: string, context: string, app: number | undefined): string {
  const runs = repository.checkRuns.filter(
    (run) => run.sha === head && run.name === context && (!app || run.app.id === app),
  );
  const statuses = repository.statuses.filter(
    (status) => status.sha === head && status.context === context && (!app || status.by.app?.id === app),
  );
  const results = [
    ...runs.slice(-1).map(({ status, conclusion }) => (status === 'completed' ? (conclusion ?? 'null') : 'pending')),
    ...statuses.slice(-1).map(({ state }) => state),
  ];
  if (results.length === 0) return 'expected';
  const good = ['success', 'neutral', 'skipped'];
  if (results.every((each) => good.includes(each))) return 'success';
  return results.some((each) => !good.includes(each) && each !== 'pending') ? 'failing' : 'expected';
}

const hasRed = ({ checkRuns, statuses }: StubRepository, head: string) =>
  checkRuns.some(({ sha, conclusion }) => sha === head && conclusion === 'failure') ||
  statuses.some(({ sha, state }) => sha === head && state === 'failure');
