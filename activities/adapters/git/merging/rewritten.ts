import { commitOf, isAncestor } from '../commits.ts';
import { git, type Repository } from '../door.ts';

/** How many commits are named. */
const MOST = 5;

/**
 * Commits, by id and subject, that a merge would bring back: the base had them when the run began and lost them since to a
 * rewritten history, and the head is still built on them.
 */
export async function restoredBy(
  copy: Repository,
  { basis, head, baseHead }: { basis: string; head: string; baseHead: string },
): Promise<string[]> {
  if (basis === baseHead || (await commitOf(copy, basis)) === undefined) return [];
  if (await isAncestor(copy, basis, baseHead)) return [];
  const { stdout: common } = await git(copy, ['merge-base', basis, head], { okCodes: [0, 1] });
  if (common === '') return [];
  const args = ['log', '-z', `--max-count=${MOST}`, '--format=%h %s', common, `^${baseHead}`];
  return (await git(copy, args)).stdout.split('\0').filter(Boolean);
}
