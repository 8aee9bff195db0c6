import type { ChangeWish } from '../../../ports.ts';
import type { HostedBranch, HostedRepository, PullRequest } from '../api.ts';
import { named, shown } from '../names.ts';
import type { Parts } from '../parts.ts';

/** A part of the input that is refused: its path, and what was expected. */
export interface Refusal {
  path: string;
  expected: string;
}

export const refusal = (path: string, expected: string): Refusal => ({ path, expected: `expected ${expected}` });

/** What the run is about, at the forge. */
export interface Place {
  repository: HostedRepository;
  base: string;
  branch: string;
  pullRequest?: PullRequest | undefined;
  /** Whether the input names the pull request. Otherwise it was found by its branch. */
  given: boolean;
  /** Whether it comes from a fork. Its branch has the name under which this repository shows it then. */
  fork: boolean;
}

/** Finds the repository, and the pull request if the input names one. */
export async function placeOf(parts: Parts, wish: ChangeWish): Promise<Place | Refusal> {
  const { api, lookup } = parts;
  const read = named(wish.repository, api.address);
  if (read.is !== 'place')
    return refusal(
      'change.repository',
      `${read.is === 'wrong' ? read.because : api.address}, found ${shown(wish.repository)}`,
    );
  const repository = await lookup.find(wish.repository);
  const unusable = unfit(repository, { wish, vendor: api.vendor });
  if (unusable || !repository) return unusable!;

  const number = wish.pullRequest ?? read.pullRequest;
  if (number === undefined) {
    const base = wish.base ?? repository.defaultBranch;
    const found = await api.pullRequestOf(repository, { branch: wish.branch, base });
    const open = found?.state === 'open' && !found.fork ? found : undefined;
    return { repository, base, branch: wish.branch, pullRequest: open, given: false, fork: false };
  }
  if (read.pullRequest !== undefined && number !== read.pullRequest)
    return refusal('change.pullRequest', `${read.pullRequest}, as in ${shown(wish.repository)}, found ${number}`);
  const pullRequest = await api.pullRequest(repository, number);
  const bad = unfitPullRequest(pullRequest, { wish, repository, number });
  if (bad || !pullRequest) return bad!;
  const { base, fork } = pullRequest;
  return { repository, base, branch: branchOf(pullRequest), pullRequest, given: true, fork };
}

/** The work branch. Two forks may have branches of the same name, which our repository may have too. */
const branchOf = ({ number, branch, fork }: PullRequest): string => (fork ? `pull/${number}/head` : branch);

/** Why we cannot work on a repository. */
export function unfit(
  repository: HostedRepository | undefined,
  { wish, vendor }: { wish: Pick<ChangeWish, 'repository' | 'lookOnly'>; vendor: string },
): Refusal | undefined {
  const at = 'change.repository';
  if (!repository) return refusal(at, `a repository that ${vendor} shows us, found none at ${shown(wish.repository)}`);
  const { canonical, archived, may, empty } = repository;
  if (archived) return refusal(at, `a repository that takes commits, found that ${canonical} is archived`);
  if (!may.write && !wish.lookOnly)
    return refusal(at, `a repository to which we may write, found that we may only read ${canonical}`);
  return empty ? refusal('change.base', `a branch of ${canonical} with a commit, found that it is empty`) : undefined;
}

/** Why we cannot gate a pull request. */
export function unfitPullRequest(
  found: PullRequest | undefined,
  { wish, repository, number }: { wish: ChangeWish; repository: HostedRepository; number: number },
): Refusal | undefined {
  const at = 'change.pullRequest';
  const { canonical } = repository;
  if (!found) return refusal(at, `an open pull request of ${canonical}, found none with the number ${number}`);
  if (found.state !== 'open') return refusal(at, `an open pull request, found that ${number} is ${found.state}`);
  if (wish.base !== undefined && wish.base !== found.base)
    return refusal(at, `a pull request into ${wish.base}, found that ${number} is into ${found.base}`);
  if (wish.branchGiven && wish.branch !== found.branch && wish.branch !== branchOf(found))
    return refusal(at, `a pull request of ${wish.branch}, found that ${number} is of ${found.branch}`);
  return undefined;
}

/** Why we cannot push to a work branch, by the rules that hold on it. */
export function unfitBranch(branch: HostedBranch | undefined, name: string): Refusal | undefined {
  const at = 'change.branch';
  if (branch?.mayPush === false)
    return refusal(at, `a branch to which we may push, found that ${name} is protected against us`);
  return branch?.signed
    ? refusal(at, `a branch that takes commits without a signature, found that ${name} demands signed ones`)
    : undefined;
}
