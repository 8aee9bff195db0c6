import type { ChangeReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { branchReport, headsOf, openReport } from '../../git/publishing/branches.ts';
import type { PullRequest } from '../api.ts';
import { ForgeUnavailable } from '../failures.ts';
import { keyOf, type Parts } from '../parts.ts';
import { atForge } from './pull-requests.ts';

/** When each pull request was first seen closed, in milliseconds since 1970. */
export type SeenClosed = Map<string, number>;

/**
 * The state of a change. With a pull request, the forge decides what is merged or closed, also after a squash, a rebase or a
 * merge queue. Without one, the branches do.
 */
export async function look(
  parts: Parts & { seenClosed: SeenClosed },
  before: Change,
  known?: string,
): Promise<ChangeReport> {
  const { repository, pullRequest, change } = await atForge(parts, before);
  const moved = change.base !== before.base && { base: change.base };
  if (!pullRequest) return { ...(await branchReport(parts, change, known)), ...moved };

  const seen = `${repository.canonical} ${pullRequest.number}`;
  if (pullRequest.state !== 'closed') parts.seenClosed.delete(seen);
  if (pullRequest.state === 'closed') {
    const since = parts.seenClosed.get(seen) ?? Date.now();
    parts.seenClosed.set(seen, since);
    const left = closedFor(pullRequest, { since, now: Date.now(), closedMs: parts.times.closedMs });
    if (left > 0) throw reopening(pullRequest, left);
    return { ...(await ended(parts, change, pullRequest, known)), state: 'closed', note: closedNote(pullRequest) };
  }
  if (pullRequest.state === 'merged') {
    const report = await ended(parts, change, pullRequest, known);
    return { ...report, state: 'merged', mergeCommit: pullRequest.mergeCommit ?? report.baseHead };
  }

  const { copy, head, baseHead } = await headsOf(parts.workspace, change);
  if (head === undefined) return withoutBranch(parts, change, { pullRequest, baseHead }, known);
  const key = await keyOf(parts, change);
  await parts.store.change(key, (record) => (record.ahead === head ? record : { ...record, ahead: head }));
  return { ...(await openReport(parts.publishing, change, { copy, head, baseHead }, known)), ...moved };
}

/** How long it takes until a close counts, in milliseconds. A pull request that is reopened meanwhile was never closed. */
export function closedFor(
  { closedAt }: Pick<PullRequest, 'closedAt'>,
  { since, now, closedMs }: { since: number; now: number; closedMs: number },
): number {
  const at = closedAt === undefined ? Infinity : Date.parse(closedAt);
  return Math.max(0, Math.min(at || Infinity, since) + closedMs - now);
}

const reopening = ({ number }: PullRequest, left: number) =>
  new ForgeUnavailable(
    `The pull request ${number} was closed. That counts in ${Math.ceil(left / 1_000)} s, unless it is reopened`,
    { retryAfterMs: left },
  );

const closedNote = ({ number }: PullRequest): string => `The pull request ${number} was closed at the forge.`;

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

/** The pull request is open and its branch is gone. Forges close it for that, a moment later. */
function withoutBranch(
  { seenClosed, times }: Parts & { seenClosed: SeenClosed },
  { repository, branch, base }: Change,
  { pullRequest, baseHead }: { pullRequest: PullRequest; baseHead: string },
  known: string | undefined,
): ChangeReport {
  const seen = `${repository} ${pullRequest.number} ${branch}`;
  const since = seenClosed.get(seen) ?? Date.now();
  seenClosed.set(seen, since);
  const left = closedFor({}, { since, now: Date.now(), closedMs: times.closedMs });
  if (left > 0)
    throw new ForgeUnavailable(`The branch ${branch} is gone. That counts in ${Math.ceil(left / 1_000)} s`, {
      retryAfterMs: left,
    });
  const note = `The branch ${branch} was deleted; its changes are not in ${base}.`;
  return { state: 'closed', ...(known && { head: known }), baseHead, foreign: [], note };
}
