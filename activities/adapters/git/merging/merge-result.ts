import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Expected } from '../../../ports.ts';
import { commitOf, commitTree, mergeTree } from '../commits.ts';
import { git, GitFailed, type Repository } from '../door.ts';
import { safeName } from '../../files/folders.ts';

/**
 * Where our copy keeps the merge of a work branch that is being tested: one each, so that none is collected or kept for
 * ever.
 */
const refOf = ({ branch }: Pick<Change, 'branch'>) => `refs/results/${safeName(branch)}`;
const NONE = '';

/**
 * The merge of a head into its base, as a commit of our copy that is on no branch. It is made once: whoever asks again, also
 * in another worker, is given the same. Nothing where the two conflict.
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
    // Another worker was faster: what it made is the one that is tested.
    if (!(failure instanceof GitFailed) || (await commitOf(copy, ref)) === kept) throw failure;
    return mergeResultOf(copy, change, { head, baseHead, message });
  }
}

/** Merged or not, nobody asks for it any more. */
export async function forgetResult(copy: Repository, change: Pick<Change, 'branch'>): Promise<void> {
  await git(copy, ['update-ref', '-d', refOf(change)], { kind: 'write' });
}

const parentsOf = async (copy: Repository, commit: string): Promise<string> =>
  (await git(copy, ['rev-parse', `${commit}^@`])).stdout.split('\n').join(' ');
