import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';
import { commitOf, isCommitId } from '../commits.ts';
import { readRefs } from '../refs.ts';
import { textAt, type Checkout } from './checkout.ts';

/** The state in which an agent left its git, read as data from a git folder of our own. */
export interface GitState {
  /** The commit of HEAD. Undefined if HEAD names a branch without a commit, or a commit that does not exist. */
  head?: string | undefined;
  /** The branch of HEAD. Undefined if HEAD is detached. */
  branch?: string | undefined;
  /** Local branches and tags. */
  branches: { name: string; commit: string }[];
  tags: { name: string; commit: string }[];
  /** Newest first. */
  stashes: string[];
  /** The heads of worktrees that the agent added. */
  worktrees: { name: string; commit: string }[];
  /** The former values of HEAD, newest first. */
  past: string[];
  /** The other parents of an unfinished merge. */
  merging: string[];
  /** The kind of an unfinished rebase or patch series. */
  underway?: 'rebase' | 'series of patches' | undefined;
}

/** The maximum number of former values of HEAD that are considered. */
const PAST = 500;

export async function readGitState(checkout: Checkout): Promise<GitState> {
  const { tree, view } = checkout;
  const theirs = (name: string) => path.join(tree, '.git', name);
  const ours = (name: string) => textAt(path.join(view.gitDir, name), 16_000_000);
  const isThere = async (name: string) => (await lstat(theirs(name)).catch(() => undefined)) !== undefined;
  const { at } = await readRefs(view, [], checkout.limits);
  const below = (prefix: string) =>
    [...at].flatMap(([name, commit]) => (name.startsWith(prefix) ? [{ name: name.slice(prefix.length), commit }] : []));
  const stash = at.get('refs/stash');

  const rebasing = await isThere('rebase-merge');
  const applying = await isThere('rebase-apply');
  const mergeHeads = ((await ours('MERGE_HEAD')) ?? '').split('\n').map((line) => line.trim());
  return {
    head: await commitOf(view, 'HEAD', checkout.limits),
    branch: /^ref: refs\/heads\/(.+)\n?$/.exec((await textAt(theirs('HEAD'))) ?? '')?.[1],
    branches: below('refs/heads/'),
    tags: below('refs/tags/'),
    stashes: [...new Set([...(stash ? [stash] : []), ...newest(await ours('logs/refs/stash'))])],
    worktrees: await worktreesOf(theirs('worktrees')),
    past: newest(await ours('logs/HEAD')),
    merging: mergeHeads.filter(isCommitId),
    underway: rebasing ? 'rebase' : applying ? 'series of patches' : undefined,
  };
}

/** The commits of a reflog, newest first. */
const newest = (log = ''): string[] =>
  log
    .split('\n')
    .map((line) => line.split(' ', 2)[1] ?? '')
    .filter((id) => isCommitId(id) && !/^0+$/.test(id))
    .reverse()
    .slice(0, PAST);

async function worktreesOf(folder: string): Promise<GitState['worktrees']> {
  const names = await readdir(folder).catch(() => []);
  const heads = await Promise.all(
    names.slice(0, 100).map(async (name) => {
      const commit = ((await textAt(path.join(folder, name, 'HEAD'), 1_000)) ?? '').trim();
      return isCommitId(commit) ? [{ name, commit }] : [];
    }),
  );
  return heads.flat();
}
