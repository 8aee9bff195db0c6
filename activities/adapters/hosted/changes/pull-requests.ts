import type { Change } from '../../../../workflows/contracts/change.ts';
import type { HostedRepository, PullRequest } from '../api.ts';
import { NotThere } from '../failures.ts';
import { keyOf, type Parts } from '../parts.ts';

/** A change at its forge: with its repository, and its pull request if it has one. */
export interface AtForge {
  repository: HostedRepository;
  pullRequest?: PullRequest | undefined;
  /** The change with the base that its pull request has now. */
  change: Change;
}

/**
 * The change as the forge has it now. A pull request that was given another base is followed at once: verdicts about the
 * earlier base are void. With `maybeOld`, as it was a moment ago.
 */
export async function atForge(parts: Parts, change: Change, { maybeOld = true } = {}): Promise<AtForge> {
  const repository = await parts.lookup.repository(change.repository);
  const number = change.pullRequest ?? (await parts.store.read(await keyOf(parts, change))).number;
  if (number === undefined) return { repository, change: await withBase(parts, repository, change) };
  const pullRequest = await parts.lookup.pullRequest(repository, number, { maybeOld });
  if (!pullRequest)
    throw new NotThere(`${parts.api.vendor} shows us no pull request ${number} of ${change.repository}`);
  return { repository, pullRequest, change: { ...change, base: pullRequest.base } };
}

/** A base that was renamed has its new name, if the forge still leads from the old one. */
async function withBase({ lookup }: Parts, repository: HostedRepository, change: Change): Promise<Change> {
  const base = await lookup.branch(repository, change.base);
  return base && base.name !== change.base ? { ...change, base: base.name } : change;
}

/**
 * Makes the change's pull request, or finds it: in our records, by its branch if the answer to an earlier request was lost,
 * or one that a person made.
 */
export async function ensurePullRequest(
  parts: Parts,
  change: Change,
  { title, body }: { title: string; body: string },
): Promise<number> {
  const { api, store, lookup } = parts;
  const key = await keyOf(parts, change);
  const { number: known, state } = await store.read(key);
  if (known !== undefined && state === 'open') return known;
  const repository = await lookup.repository(change.repository);
  const { branch, base } = change;
  const before = await api.pullRequestOf(repository, { branch, base });
  const there =
    before?.state === 'open' ? before : await api.openPullRequest(repository, { branch, base, title, body });
  const { number } = there;
  await store.change(key, (record) => ({ ...record, number, title, body, state: 'open' }));
  if (there !== before) parts.log({ repository: repository.canonical, number }, 'opened a pull request');
  return number;
}
