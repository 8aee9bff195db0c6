import { commitOf, isAncestor } from '../commits.ts';
import { git, type Repository } from '../door.ts';

/** The maximum number of commits in the answer. */
const MOST = 5;

/**
 * The commits, by id and subject, that a merge would restore. The base had them when the run began, but has lost them
 * since, because its history was rewritten. The head still contains them.
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
