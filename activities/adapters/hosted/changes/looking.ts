import type { ChangeReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { branchReport, headsOf, openReport } from '../../git/publishing/branches.ts';
import type { PullRequest } from '../api.ts';
import { ForgeUnavailable } from '../failures.ts';
import { keyOf, type Parts } from '../parts.ts';
import { atForge } from './pull-requests.ts';

/** Since when each pull request has been closed, in milliseconds since 1970. */
export type SeenClosed = Map<string, number>;

type Looking = Parts & { seenClosed: SeenClosed };

/**
 * The state of a change. With a pull request, the forge decides what is merged or closed, also after a squash, a rebase or a
 * merge queue. Without one, the branches do.
 */
export async function look(parts: Looking, before: Change, known?: string): Promise<ChangeReport> {
  const { repository, pullRequest, change } = await atForge(parts, before, { maybeOld: false });
  const moved = change.base !== before.base && { base: change.base };
  if (!pullRequest) return { ...(await branchReport(parts, change, known)), ...moved };

  const { number } = pullRequest;
  const seen = `${repository.canonical} ${number}`;
  if (pullRequest.state === 'closed') {
    mustHaveLasted(parts, { seen, closedAt: pullRequest.closedAt, what: `The pull request ${number} was closed` });
    const note = `The pull request ${number} was closed at the forge.`;
    return { ...(await ended(parts, change, pullRequest, known)), state: 'closed', note };
  }
  if (pullRequest.state === 'merged') {
    const report = await ended(parts, change, pullRequest, known);
    return { ...report, state: 'merged', mergeCommit: pullRequest.mergeCommit ?? report.baseHead };
  }

  const { copy, head, baseHead } = await headsOf(parts.workspace, change);
  if (head === undefined) {
    // Forges close a pull request whose branch is gone, a moment later.
    mustHaveLasted(parts, { seen, what: `The branch ${change.branch} was deleted` });
    const note = `The branch ${change.branch} was deleted; its changes are not in ${change.base}.`;
    return { state: 'closed', ...(known && { head: known }), baseHead, foreign: [], note };
  }
  parts.seenClosed.delete(seen);
  const key = await keyOf(parts, change);
  await parts.store.change(key, (record) => (record.ahead === head ? record : { ...record, ahead: head }));
  return { ...(await openReport(parts.publishing, change, { copy, head, baseHead }, known)), ...moved };
}

/** Throws while an end is too young to count, because a pull request that is reopened meanwhile was never closed. */
function mustHaveLasted(
  { seenClosed, times }: Looking,
  { seen, closedAt, what }: { seen: string; closedAt?: string | undefined; what: string },
): void {
  const since = seenClosed.get(seen) ?? Date.now();
  seenClosed.set(seen, since);
  const left = closedFor({ closedAt }, { since, now: Date.now(), closedMs: times.closedMs });
  if (left === 0) return;
  const because = `${what}. That counts in ${Math.ceil(left / 1_000)} s, unless it comes back`;
  throw new ForgeUnavailable(because, { retryAfterMs: left });
}

/** How long it takes until a close counts, in milliseconds. A pull request that is reopened meanwhile was never closed. */
export function closedFor(
  { closedAt }: Pick<PullRequest, 'closedAt'>,
  { since, now, closedMs }: { since: number; now: number; closedMs: number },
): number {
  const at = closedAt === undefined ? Infinity : Date.parse(closedAt);
  return Math.max(0, Math.min(at || Infinity, since) + closedMs - now);
}

/** What is left to say of a pull request that has ended. The base may be gone with it. */
async function ended(
  { workspace }: Parts,
  change: Change,
  pullRequest: PullRequest,
  known: string | undefined,
): Promise<Pick<ChangeReport, 'head' | 'baseHead' | 'foreign'>> {
  const baseHead = (await workspace.headOf(change.repository, change.base)) ?? change.basis;
  const head = pullRequest.head || known;
  return { ...(head && { head }), baseHead, foreign: [] };
}
