import type { MergeReport } from '../../../../workflows/contracts/activities.ts';
import { isIn } from '../../git/merging/merged.ts';
import { ForgeUnavailable } from '../failures.ts';
import { keyOf, pause } from '../parts.ts';
import type { Case, Merging } from './case.ts';

/** What is known of a merge. `ours`: it was we who asked for it, just now. */
interface Merged {
  commit?: string | undefined;
  note?: string | undefined;
  ours?: boolean;
}

/**
 * Reads back that the pull request is merged and that the base holds it, records it, and deletes the work branch if we made
 * it. A forge may need a moment to show its own merge.
 */
export async function finish(
  parts: Merging,
  found: Case,
  { commit, note, ours = false }: Merged = {},
): Promise<MergeReport> {
  const { api, store, times } = parts;
  const { change, repository, pullRequest } = found;
  let merged = pullRequest.state === 'merged' ? pullRequest : undefined;
  let held: { mergeCommit: string; inBase: boolean } | undefined;
  for (const until = Date.now() + times.settleMs; ; await pause(times.pauseMs)) {
    merged ??= await mergedNow();
    held = merged && (await heldBy(parts, found, merged.mergeCommit ?? commit));
    if (held?.inBase) break;
    if (Date.now() < until) continue;
    if (!merged || !held) throw new ForgeUnavailable(`The forge does not show the merge of ${change.branch} yet`);
    break;
  }
  const { mergeCommit, inBase } = held;
  const effect = { effect: 'merged', key: `${change.repository} ${found.wish.head}`, mergeCommit } as const;
  if (ours) parts.ledger?.note(effect);
  const key = await keyOf(parts, change);
  const { hosted } = await store.change(key, (record) => ({ ...record, state: 'merged', mergeCommit }));
  const head = merged!.head || found.wish.head;
  const notes = [
    note,
    inBase
      ? undefined
      : `${api.vendor} says that it is merged as ${mergeCommit.slice(0, 8)}, but ${change.base} does not contain that.`,
    hosted?.made ? await deleteBranch(parts, found, head) : undefined,
  ].filter((each) => each !== undefined);
  return { is: 'merged', mergeCommit, head, ...(notes.length > 0 && { note: notes.join(' ') }) };

  async function mergedNow() {
    const now = await api.pullRequest(repository, pullRequest.number);
    return now?.state === 'merged' ? now : undefined;
  }
}

/** Whether the base holds the merge. A forge that does not name its commit is believed: the base's head stands for it. */
async function heldBy(
  { workspace }: Merging,
  { change }: Case,
  commit: string | undefined,
): Promise<{ mergeCommit: string; inBase: boolean }> {
  const copy = { gitDir: await workspace.fetch(change.repository) };
  const { baseHead } = await workspace.headsIn(copy, change);
  if (commit === undefined) return { mergeCommit: baseHead, inBase: true };
  return { mergeCommit: commit, inBase: await isIn(copy, commit, baseHead) };
}

/** Deletes the work branch if it is still at the merged head. A refusal is a note, and changes nothing else. */
async function deleteBranch(
  { workspace }: Merging,
  { change, pullRequest }: Case,
  head: string,
): Promise<string | undefined> {
  if (pullRequest.fork) return undefined;
  try {
    const now = await workspace.headOf(change.repository, change.branch);
    if (now === head) await workspace.remove(change.repository, change.branch, head);
    return now === undefined || now === head ? undefined : `${change.branch} has new commits, so it stays.`;
  } catch (failure) {
    return `The branch ${change.branch} could not be deleted: ${(failure as Error).message}`;
  }
}
