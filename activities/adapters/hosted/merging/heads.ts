import type { MergeReport } from '../../../../workflows/contracts/activities.ts';
import { isAncestor, mergeTree } from '../../git/commits.ts';
import { headsOf } from '../../git/publishing/branches.ts';
import type { MergeAnswer } from '../api.ts';
import type { Case, Merging } from './case.ts';

/** Where head and base are now, if they are no longer what was judged. */
export async function movedFrom({ workspace }: Merging, { change, wish }: Case): Promise<MergeReport | undefined> {
  const { head, baseHead } = await headsOf(workspace, change);
  if (head === wish.head && baseHead === wish.baseHead) return undefined;
  return { is: 'moved', ...(head && { head }), baseHead };
}

/** Whether the base has commits that the head does not contain. */
export async function isBehind({ workspace }: Merging, { change }: Case): Promise<boolean> {
  const { copy, head, baseHead } = await headsOf(workspace, change);
  return head !== undefined && !(await isAncestor(copy, baseHead, head));
}

/** The files in which head and base conflict, if the forge's answer is about that. */
export async function conflictsIn({ workspace }: Merging, { change }: Case, answer: MergeAnswer): Promise<string[]> {
  // A forge may say "not yet" to a conflict for ever.
  if (!['conflicted', 'base-modified', 'not-yet'].includes(answer.is)) return [];
  const { copy, head, baseHead } = await headsOf(workspace, change);
  const merged = head === undefined ? undefined : await mergeTree(copy, baseHead, head);
  return merged?.is === 'conflicted' ? merged.files : [];
}
