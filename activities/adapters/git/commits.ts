import { git, GitFailed, type Call, type Repository } from './door.ts';
import { signature } from './signing.ts';

/** Requires a full commit id before git gets it as an argument, because a name could be read as an option, or could move. */
export function commitId(text: string): string {
  if (isCommitId(text)) return text;
  throw new Error(`${JSON.stringify(text.slice(0, 80))} is not a commit id.`);
}

/** Whether the text is a full commit id, in either of git's two formats. */
export const isCommitId = (text: string): boolean => /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);

/** The id of the commit with this name. Undefined if there is none. */
export async function commitOf(where: Repository, name: string, call: Call = {}): Promise<string | undefined> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  const { stdout, code } = await git(where, args, { ...call, okCodes: [0, 1, 128] });
  return code === 0 ? stdout : undefined;
}

export async function isAncestor(where: Repository, older: string, newer: string, call: Call = {}): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', commitId(older), commitId(newer)];
  const { code } = await git(where, args, { ...call, okCodes: [0, 1] });
  return code === 0;
}

/** The root commits of this commit's history. Empty if we do not have the commit. */
export async function rootsOf(where: Repository, commit: string): Promise<string[]> {
  const { stdout } = await git(where, ['rev-list', '--max-parents=0', commitId(commit)], { okCodes: [0, 128] });
  return stdout.split('\n').filter(isCommitId);
}

export type TreeMerge = { is: 'clean'; tree: string } | { is: 'conflicted'; files: string[] };

/**
 * Merges two commits without a checkout (git-merge-tree(1), git 2.38 or later). It is a conflict only if git names a tree
 * and files: for a missing commit git ends with the same exit code, and then this throws.
 */
export async function mergeTree(where: Repository, ours: string, theirs: string, call: Call = {}): Promise<TreeMerge> {
  const args = ['merge-tree', '--write-tree', '--name-only', '-z', '--no-messages', commitId(ours), commitId(theirs)];
  const { stdout, code } = await git(where, args, { kind: 'write', ...call, okCodes: [0, 1] });
  const [tree = '', ...names] = stdout.split('\0');
  const files = [...new Set(names.filter(Boolean))];
  if (!isCommitId(tree) || (code === 1 && files.length === 0)) {
    throw new GitFailed(args, `It names ${isCommitId(tree) ? 'no file in conflict' : 'no tree'}.`, code);
  }
  return code === 0 ? { is: 'clean', tree } : { is: 'conflicted', files };
}

/** Commits a tree, in the name that our copy has on record. Removes NUL characters from the message, because git refuses them and a task's title may contain them. */
export async function commitTree(
  where: Repository,
  tree: string,
  parents: readonly string[],
  message: string,
): Promise<string> {
  const args = ['commit-tree', commitId(tree), ...parents.flatMap((parent) => ['-p', commitId(parent)])];
  const input = `${message.replaceAll('\0', '')}\n`;
  return (await git(where, args, { kind: 'write', input, env: await signature(where) })).stdout;
}

/** Stands for the commit of a branch that does not exist yet. */
export const NOTHING = '0'.repeat(40);
export const isNothing = (commit: string): boolean => /^0+$/.test(commit);
