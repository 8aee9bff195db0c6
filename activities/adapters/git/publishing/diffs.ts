import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Diff } from '../../../forge.ts';
import { commitOf, isAncestor, isCommitId } from '../commits.ts';
import { git, GitFailed, type Repository } from '../door.ts';
import type { GitWorkspace } from '../workspace.ts';
import { headsOf } from './branches.ts';

/** Plain text, whatever the attributes of the repository say. */
const PLAIN = ['--no-color', '--no-ext-diff', '--no-textconv', '--find-renames'];

/**
 * What the change's head has and its base lacks. Once it was merged, what the merge has brought. Undefined if there are no
 * commits to compare.
 */
export async function diffOf(
  workspace: GitWorkspace,
  change: Omit<Change, 'basis'>,
  known: { head?: string | undefined; mergeCommit?: string | undefined },
): Promise<Diff | undefined> {
  const { copy, head: now, baseHead } = await headsOf(workspace, change);
  const merge = await commitIn(copy, known.mergeCommit);
  const before = merge && (await commitOf(copy, `${merge}^1`));
  if (merge && before) return between(copy, before, merge);
  const head = now ?? (await commitIn(copy, known.head));
  if (head === undefined || (await isAncestor(copy, head, baseHead))) return undefined;
  const { stdout } = await git(copy, ['merge-base', baseHead, head], { okCodes: [0, 1] });
  const from = stdout.split('\n')[0];
  return from ? between(copy, from, head) : undefined;
}

const commitIn = async (copy: Repository, commit: string | undefined): Promise<string | undefined> =>
  commit !== undefined && isCommitId(commit) ? commitOf(copy, commit) : undefined;

async function between(copy: Repository, base: string, head: string): Promise<Diff> {
  const read = async (how: readonly string[]) =>
    Buffer.from(`${(await git(copy, ['diff', ...how, base, head, '--'], { bytes: true })).stdout}\n`, 'latin1');
  try {
    const bytes = await read(PLAIN);
    return { bytes: bytes.length === 1 ? Buffer.alloc(0) : bytes, truncated: false, base, head };
  } catch (failure) {
    // More than a program may print: then only how much it is.
    if (!(failure instanceof GitFailed) || !failure.stderr.startsWith('It printed more than')) throw failure;
    return { bytes: await read([...PLAIN, '--shortstat']), truncated: true, base, head };
  }
}
