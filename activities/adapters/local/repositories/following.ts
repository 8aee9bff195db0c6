import { constants } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { differencesIn } from '../../git/differences.ts';
import { git } from '../../git/door.ts';
import { asTheyWere } from '../../git/settling/normalising.ts';
import type { Worktree } from './worktrees.ts';

interface With {
  settings: string[];
  /** A temporary folder of ours. */
  scratch: string;
}

/**
 * Compares a person's checkout with a commit. Files that differ only by git's own conversions are not changes, although git
 * reports them as such: these are `converted`.
 */
export async function stateSince(
  worktree: Worktree,
  commit: string,
  { settings, scratch }: With,
): Promise<{ isUnchanged: boolean; converted: string[] }> {
  const call = { kind: 'checkout', settings } as const;
  await git(worktree, ['update-index', '-q', '--refresh'], { ...call, okCodes: [0, 1] });
  const raw = await git(worktree, ['diff-index', '--raw', '--no-renames', '-z', commit, '--'], call);
  const changed = differencesIn(raw.stdout.split('\0'));
  if (changed.length === 0) return { isUnchanged: true, converted: [] };
  const staged = await git(
    worktree,
    ['diff-index', '--cached', '--name-only', '--no-renames', '-z', commit, '--'],
    call,
  );
  const byOwner = new Set(staged.stdout.split('\0'));
  const entries = changed.flatMap(({ path, from, to }) =>
    from.mode === to.mode && !byOwner.has(path) ? [{ path, was: from }] : [],
  );
  const same = await asTheyWere(worktree, entries, path.join(scratch, 'as-checked-out'), call);
  return { isUnchanged: same.length === changed.length, converted: same.map((entry) => entry.path) };
}

/**
 * Moves a checkout's files and index from one commit to the next. Throws git's error if something is in the way. Git
 * mistakes converted files for changed ones, so it gets an index with these files as git would store them.
 */
export async function take(
  worktree: Worktree,
  { before, next, settings, scratch, converted }: With & { before: string; next: string; converted: string[] },
  options: readonly string[] = [],
): Promise<void> {
  const read = ['read-tree', '-m', '-u', ...options];
  const call = { kind: 'checkout', settings } as const;
  const differing = await git(worktree, ['diff-tree', '-r', '--name-only', '--no-renames', '-z', before, next]);
  const moving = new Set(differing.stdout.split('\0'));
  const input = converted.flatMap((file) => (moving.has(file) ? [`${file}\0`] : [])).join('');
  if (input === '') return void (await git(worktree, [...read, before, next], call));

  // Git itself uses a file with this name to lock the index and to replace it.
  const index = path.join(worktree.gitDir, 'index.lock');
  await copyFile(path.join(worktree.gitDir, 'index'), index, constants.COPYFILE_EXCL);
  try {
    const objects = path.join(scratch, 'objects');
    await mkdir(objects, { recursive: true });
    const env = {
      GIT_INDEX_FILE: index,
      GIT_OBJECT_DIRECTORY: objects,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: path.join(worktree.commonDir, 'objects'),
    };
    const add = ['update-index', '-z', '--stdin'];
    await git(worktree, add, { ...call, settings: [...settings, 'core.safecrlf=false'], input, env });
    const from = (await git(worktree, ['write-tree'], { kind: 'write', env })).stdout;
    await git(worktree, [...read, from, next], { ...call, env });
    if (options.length === 0) await rename(index, path.join(worktree.gitDir, 'index'));
  } finally {
    await rm(index, { force: true });
  }
}
