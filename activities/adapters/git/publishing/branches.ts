import type { ChangeReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Forge } from '../../../ports.ts';
import { commitId, commitTree, isAncestor, mergeTree } from '../commits.ts';
import { git, type Repository } from '../door.ts';
import { isIn, mergeOf } from '../merging/merged.ts';
import { restoredBy } from '../merging/rewritten.ts';
import { withPath, type GitWorkspace } from '../workspace.ts';
import type { ChangeStore } from './change-store.ts';
import type { Publishing } from './publishing.ts';

/** Both heads of a change, read at the same time, and our copy, which has them. Later commits are seen by the next poll. */
export interface Heads {
  copy: Repository;
  head: string | undefined;
  baseHead: string;
}

export async function headsOf(workspace: GitWorkspace, change: Omit<Change, 'basis'>): Promise<Heads> {
  const copy: Repository = { gitDir: await workspace.fetch(change.repository) };
  return { copy, ...(await workspace.headsIn(copy, change)) };
}

interface Parts {
  workspace: GitWorkspace;
  store: ChangeStore;
  publishing: Publishing;
  /** The commit of the base with all changes of a head, as of a squash by hand. */
  broughtBy(copy: Repository, head: string, base: string): Promise<string | undefined>;
}

/** The state of a change as its branches tell it: open, merged, also by hand, or given up. */
export async function branchReport(
  { workspace, store, publishing, broughtBy }: Parts,
  change: Change,
  known?: string,
): Promise<ChangeReport> {
  const { copy, head, baseHead } = await headsOf(workspace, change);
  const place = await withPath(workspace, change);
  const record = await store.read(place);
  const merged = (mergeCommit: string, at = known): ChangeReport => ({
    state: 'merged',
    ...(at && { head: at }),
    baseHead,
    mergeCommit,
    foreign: [],
  });
  if (record.state === 'merged') return merged(record.mergeCommit ?? baseHead);

  const isAhead = head !== undefined && !(await isAncestor(copy, head, baseHead));
  if (isAhead && record.ahead !== head) await store.change(place, (each) => ({ ...each, ahead: head }));
  // The last head that was ahead of the base counts: a branch may be reset, or gone.
  const last = isAhead ? head : record.ahead;
  if (last !== undefined && !isAhead && (await isIn(copy, last, baseHead))) {
    return merged(await mergeOf(copy, last, baseHead), last);
  }
  const brought = last !== undefined && (await broughtBy(copy, last, baseHead));
  if (brought)
    return { ...merged(brought, last), note: `${change.base} contains its changes as ${brought.slice(0, 8)}.` };
  if (head !== undefined && (isAhead || last === undefined))
    return openReport(publishing, change, { copy, head, baseHead }, known);
  if (last === undefined && known === undefined) return { state: 'open', baseHead, foreign: [] };
  const became =
    head === undefined ? 'was deleted' : `was set back to ${head.slice(0, 8)}, which ${change.base} contains`;
  const note = `The branch ${change.branch} ${became}; its changes are not in ${change.base}.`;
  return { state: 'closed', ...(head && { head }), baseHead, foreign: [], note };
}

/** The report of a change that is open: its head, and what others have done since the known one. */
export async function openReport(
  publishing: Publishing,
  change: Change,
  { copy, head, baseHead }: Heads & { head: string },
  known?: string,
): Promise<ChangeReport> {
  const there = known === undefined || (await isIn(copy, known, head));
  const foreign = await publishing.foreignSince(change, known, head);
  return { state: 'open', head, baseHead, foreign, ...(!there && { descends: false }) };
}

/** Whether a change merges into its base, as git sees it. */
export async function mergeabilityIn(
  { basis }: Pick<Change, 'basis'>,
  { copy, head, baseHead }: Heads,
): ReturnType<Forge['mergeability']> {
  if (head === undefined) return { is: 'nothing' };
  const merge = await mergeTree(copy, baseHead, head);
  if (merge.is === 'conflicted') return { is: 'conflicted', head, baseHead, files: merge.files };
  const behind = !(await isAncestor(copy, baseHead, head));
  const restores = await restoredBy(copy, { basis, head, baseHead });
  return {
    is: 'mergeable',
    head,
    baseHead,
    ...(behind && { behind }),
    ...(restores.length > 0 && { restores }),
  };
}

/** Merges the base into the work branch and publishes it. A conflict changes nothing. */
export async function updateFromBase(
  { workspace, publishing }: Pick<Parts, 'workspace' | 'publishing'>,
  change: Change,
): ReturnType<Forge['updateFromBase']> {
  const { copy, head, baseHead } = await headsOf(workspace, change);
  if (head === undefined) return { is: 'refused', because: `there is no branch ${change.branch}` };
  if (await isAncestor(copy, baseHead, head)) return { is: 'current', head };

  const merge = await mergeTree(copy, head, baseHead);
  if (merge.is === 'conflicted') return { is: 'conflict', head, files: merge.files };
  const message = await publishing.signed(change, `Merge ${change.base} into ${change.branch}`);
  const commit = await commitTree(copy, merge.tree, [head, baseHead], message);
  const end = await publishing.publish(change, commit, head);
  return end.is === 'refused' ? end : { is: 'merged', head: end.head };
}

/** All paths that differ between the merge base and this head. */
export async function changedPaths({ copy, baseHead }: Omit<Heads, 'head'>, head: string): Promise<string[]> {
  const args = ['diff', '--name-only', '-z', '--no-renames', `${baseHead}...${commitId(head)}`];
  return (await git(copy, args)).stdout.split('\0').filter(Boolean);
}
