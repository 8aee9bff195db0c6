import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { formatOf } from '../checkout.ts';
import { commitId } from '../commits.ts';
import { git, type Repository } from '../door.ts';
import { viewOfFolder } from '../viewing.ts';
import { ask, commitsOf, LINK, listed, partsOf, short, textAt, type Checkout } from './checkout.ts';
import { pathsIn } from './nested.ts';

/** Problems with the links to other repositories (submodules) in a job's commits. */
export interface Links {
  /** Why the result cannot be published: its tree has a link that leads nowhere. */
  refused?: string;
  /** Links in earlier commits of the job that the result does not have. */
  between: string[];
}

/**
 * Checks the links that are new since the start and not in our copy: `.gitmodules` must name them, and the submodule's own
 * remote must have the commit.
 */
export async function linksOf(checkout: Checkout, result: string): Promise<Links> {
  const made = await commitsOf(checkout, { from: [result], without: [checkout.begun.start] });
  const brought = await broughtIn(checkout, made);
  if (brought.size === 0) return { between: [] };

  const names = [...brought.keys()];
  const tree = new Map(
    partsOf(await ask(checkout, ['ls-tree', '-z', '--full-tree', result, '--', ...names])).map((line) => {
      const [mode, , id] = line.split(/[ \t]/, 3);
      return [line.slice(line.indexOf('\t') + 1), mode === LINK ? id : undefined];
    }),
  );
  const named = await pathsIn(checkout, ['--blob', `${result}:.gitmodules`]);
  const tracked = names.filter((name) => tree.get(name) !== undefined);
  const unnamed = tracked.filter((name) => !named.has(name));
  if (unnamed.length > 0) {
    const because = `.gitmodules does not name these links to other repositories: ${listed(unnamed)}`;
    return { refused: `${because}. Nobody could fetch them: nothing was pushed.`, between: [] };
  }
  const unknown: string[] = [];
  for (const name of tracked) {
    const id = tree.get(name)!;
    if (!(await isPublished(checkout, name, id))) unknown.push(`${name} (${short(id)})`);
  }
  if (unknown.length > 0) {
    const because = `Submodules are at commits that their remotes are not known to have: ${listed(unknown)}`;
    return { refused: `${because}. Nothing was pushed.`, between: [] };
  }
  return { between: names.filter((name) => !named.has(name)) };
}

/** The links that these commits add to all of their parents, as paths and commits. */
async function broughtIn(checkout: Checkout, commits: readonly string[]): Promise<Map<string, string>> {
  const args = ['diff-tree', '--stdin', '--root', '-r', '-c', '--raw', '--no-renames', '--no-commit-id', '-z'];
  const parts = partsOf(await ask(checkout, args, { input: commits.map((id) => `${id}\n`).join('') }));
  const found = new Map<string, string>();
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const parents = /^:+/.exec(parts[at]!)![0].length;
    const fields = parts[at]!.slice(parents).split(' ');
    if (fields[parents] === LINK) found.set(parts[at + 1]!, fields[2 * parents + 1]!);
  }
  return found;
}

/** Whether a remote of the submodule has the commit, according to the agent's clone of it. */
async function isPublished(checkout: Checkout, name: string, commit: string): Promise<boolean> {
  const { tree, view, copy, limits } = checkout;
  try {
    const folder = await gitFolderOf(tree, name);
    if (folder === undefined) return false;
    const scratch = path.join(view.gitDir, 'submodule');
    const submodule: Repository = await viewOfFolder(folder, scratch, { format: await formatOf(copy) });
    const args = ['for-each-ref', '--count=1', `--contains=${commitId(commit)}`, 'refs/remotes', 'refs/tags'];
    const { stdout, code } = await git(submodule, args, { ...limits, okCodes: [0, 128, 129] });
    return code === 0 && stdout !== '';
  } catch (failure) {
    if (checkout.limits.signal?.aborted) throw failure;
    return false;
  }
}

/** The git folder of a submodule: its own, or the one below the checkout's `.git` that it names. */
async function gitFolderOf(tree: string, name: string): Promise<string | undefined> {
  const at = path.join(tree, name, '.git');
  if ((await lstat(at).catch(() => undefined))?.isDirectory()) return at;
  const named = /^gitdir: (.+?)\s*$/.exec((await textAt(at, 10_000)) ?? '')?.[1];
  if (named === undefined) return undefined;
  const folder = await realpath(path.resolve(tree, name, named));
  const modules = path.join(await realpath(tree), '.git', 'modules');
  return folder.startsWith(`${modules}${path.sep}`) ? folder : undefined;
}
