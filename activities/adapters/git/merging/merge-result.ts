import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Expected } from '../../../ports.ts';
import { safeName } from '../../files/folders.ts';
import { commitOf, commitTree, mergeTree } from '../commits.ts';
import { git, GitFailed, type Repository } from '../door.ts';

/**
 * The ref that keeps a tested merge in our copy: one per work branch, so that git does not collect the merge and merges do
 * not accumulate.
 */
const refOf = ({ branch }: Pick<Change, 'branch'>) => `refs/results/${safeName(branch)}`;
const NONE = '';

/**
 * The merge of a head into its base, as a commit in our copy that is on no branch. Calling again returns the same commit, in
 * any worker. Undefined if the two conflict.
 */
export async function mergeResultOf(
  copy: Repository,
  change: Change,
  { head, baseHead, message }: Expected,
): Promise<string | undefined> {
  const ref = refOf(change);
  const kept = await commitOf(copy, ref);
  if (kept !== undefined && (await parentsOf(copy, kept)) === `${baseHead} ${head}`) return kept;

  const merge = await mergeTree(copy, baseHead, head);
  if (merge.is === 'conflicted') return undefined;
  const made = await commitTree(copy, merge.tree, [baseHead, head], message);
  try {
    await git(copy, ['update-ref', ref, made, kept ?? NONE], { kind: 'write' });
    return made;
  } catch (failure) {
    // Another worker was faster. Its merge is the one to test.
    if (!(failure instanceof GitFailed) || (await commitOf(copy, ref)) === kept) throw failure;
    return mergeResultOf(copy, change, { head, baseHead, message });
  }
}

/** The branch was merged or given up, so its tested merge is no longer needed. */
export async function forgetResult(copy: Repository, change: Pick<Change, 'branch'>): Promise<void> {
  await git(copy, ['update-ref', '-d', refOf(change)], { kind: 'write' });
}

const parentsOf = async (copy: Repository, commit: string): Promise<string> =>
  (await git(copy, ['rev-parse', `${commit}^@`])).stdout.split('\n').join(' ');
