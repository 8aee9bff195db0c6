import { commitOf, isAncestor, mergeTree } from '../commits.ts';
import { git, GitFailed, type Repository } from '../door.ts';

/** The commit that merged a head into its base: the first one on the path from the head to the base, or the head itself. */
export async function mergeOf(copy: Repository, head: string, base: string): Promise<string> {
  const { stdout } = await git(copy, ['rev-list', '--reverse', '--ancestry-path', `${head}..${base}`]);
  return stdout.split('\n')[0] || base;
}

/**
 * The commit of the base with all changes of this head, if the base does not contain the head itself, as after a squash or
 * rebase by hand. Undefined if the head still has changes that the base lacks, or has none at all.
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

/** `broughtBy` with a memory, because every poll asks about the same two heads again. */
export function rememberingBroughtBy(): typeof broughtBy {
  const known = new Map<string, { base: string; by: string | undefined }>();
  return async (copy, head, base) => {
    const asked = `${copy.gitDir} ${head}`;
    const before = known.get(asked);
    if (before?.base === base) return before.by;
    const by = await broughtBy(copy, head, base);
    if (known.size > 1_000) known.clear();
    known.set(asked, { base, by });
    return by;
  };
}

/** The commit since `from` on the base that has the same patch as the whole change. */
async function sameChange(copy: Repository, from: string, head: string, base: string): Promise<string | undefined> {
  // Fixed dates produce the same commit each time.
  const env = { GIT_AUTHOR_DATE: '1970-01-01T00:00:00Z', GIT_COMMITTER_DATE: '1970-01-01T00:00:00Z' };
  const whole = ['commit-tree', `${head}^{tree}`, '-p', from, '-m', 'the whole change'];
  const one = (await git(copy, whole, { kind: 'write', env })).stdout;
  const args = ['rev-list', '--left-right', '--cherry-mark', '--no-merges', `${base}...${one}`];
  try {
    const { stdout } = await git(copy, args);
    const same = stdout.split('\n').filter((line) => line.startsWith('='));
    return same.map((line) => line.slice(1)).find((commit) => commit !== one);
  } catch (failure) {
    // Comparing patches takes too long if the base has moved very far. Then the trees decide.
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

/** Whether the base contains this commit. False if our copy does not have the commit. */
export const isIn = async (copy: Repository, commit: string, base: string): Promise<boolean> =>
  commit === base || ((await commitOf(copy, commit)) !== undefined && (await isAncestor(copy, commit, base)));
