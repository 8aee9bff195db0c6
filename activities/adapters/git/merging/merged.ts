import { commitOf, isAncestor, mergeTree } from '../commits.ts';
import { git, GitFailed, type Repository } from '../door.ts';

/** The commit that brought a head into its base: the first after it on the way there, or itself when it is the base. */
export async function mergeOf(copy: Repository, head: string, base: string): Promise<string> {
  const { stdout } = await git(copy, ['rev-list', '--reverse', '--ancestry-path', `${head}..${base}`]);
  return stdout.split('\n')[0] || base;
}

/**
 * The commit of the base that holds everything this head would bring, where the base does not hold the head itself: as
 * after a squash or a rebase by hand. Nothing where the head brings something, or never had anything to bring.
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
  // Its dates are fixed: asked again, it is the same commit.
  const env = { GIT_AUTHOR_DATE: '1970-01-01T00:00:00Z', GIT_COMMITTER_DATE: '1970-01-01T00:00:00Z' };
  const whole = ['commit-tree', `${head}^{tree}`, '-p', from, '-m', 'the whole change'];
  const one = (await git(copy, whole, { kind: 'write', env })).stdout;
  const args = ['rev-list', '--left-right', '--cherry-mark', '--no-merges', `${base}...${one}`];
  try {
    const { stdout } = await git(copy, args);
    const same = stdout.split('\n').filter((line) => line.startsWith('='));
    return same.map((line) => line.slice(1)).find((commit) => commit !== one);
  } catch (failure) {
    // A base that has moved by very much takes too long to be looked through: the trees decide.
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

/** Whether the base holds this commit. One that our copy does not have is held by nobody. */
export const isIn = async (copy: Repository, commit: string, base: string): Promise<boolean> =>
  commit === base || ((await commitOf(copy, commit)) !== undefined && (await isAncestor(copy, commit, base)));
