import { commitOf, isAncestor, mergeTree } from '../commits.ts';
import { git, GitFailed, type Repository } from '../door.ts';

/** The commit that brought a head into its base: the first one after the head on the way there, or the head itself. */
export async function mergeOf(copy: Repository, head: string, base: string): Promise<string> {
  const { stdout } = await git(copy, ['rev-list', '--reverse', '--ancestry-path', `${head}..${base}`]);
  return stdout.split('\n')[0] || base;
}

/**
 * The commit of the base that already has everything this head would bring, although the base does not contain the head:
 * after a squash or rebase by hand. Nothing where the head still brings something, or never did.
 */
export async function broughtBy(copy: Repository, head: string, base: string): Promise<string | undefined> {
  const from = await mergeBase(copy, head, base);
  if (from === undefined || from === base || from === head) return undefined;
  if ((await treeOf(copy, from)) === (await treeOf(copy, head))) return undefined;
  const squashed = await sameChange(copy, from, head, base);
  if (squashed !== undefined) return squashed;
  const merge = await mergeTree(copy, base, head);
  return merge.is === 'clean' && merge.tree === (await treeOf(copy, base)) ? base : undefined;
}

/** The commit since `from` on the base whose patch is that of the whole change. */
async function sameChange(copy: Repository, from: string, head: string, base: string): Promise<string | undefined> {
  // Fixed dates make it the same commit each time.
  const env = { GIT_AUTHOR_DATE: '1970-01-01T00:00:00Z', GIT_COMMITTER_DATE: '1970-01-01T00:00:00Z' };
  const whole = ['commit-tree', `${head}^{tree}`, '-p', from, '-m', 'the whole change'];
  const one = (await git(copy, whole, { kind: 'write', env })).stdout;
  const args = ['rev-list', '--left-right', '--cherry-mark', '--no-merges', `${base}...${one}`];
  try {
    const { stdout } = await git(copy, args);
    const same = stdout.split('\n').filter((line) => line.startsWith('='));
    return same.map((line) => line.slice(1)).find((commit) => commit !== one);
  } catch (failure) {
    // Comparing patches with a base that has moved very far takes too long. Then the trees decide.
    if (failure instanceof GitFailed && failure.timedOut) return undefined;
    throw failure;
  }
}

async function mergeBase(copy: Repository, head: string, base: string): Promise<string | undefined> {
  const { stdout, code } = await git(copy, ['merge-base', head, base], { okCodes: [0, 1] });
  return code === 0 ? stdout : undefined;
}

const treeOf = async (copy: Repository, commit: string): Promise<string> =>
  (await git(copy, ['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`])).stdout;

/** Whether the base contains this commit. A commit that our copy does not have is not in it. */
export const isIn = async (copy: Repository, commit: string, base: string): Promise<boolean> =>
  commit === base || ((await commitOf(copy, commit)) !== undefined && (await isAncestor(copy, commit, base)));
