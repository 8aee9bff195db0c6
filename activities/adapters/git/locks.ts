import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { GitFailed, type Repository } from './door.ts';

/** How old a lock must be before it counts as left behind, in milliseconds. Our git holds one for a moment only. */
const LEFT_MS = 60_000;

/**
 * Runs work on a copy of ours. Git that was killed with its machine or container leaves its lock files, which would block
 * every later git: these are removed once, and the work is tried again. Only one process at a time may call this.
 */
export async function despiteLocks<T>(copy: Repository, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (failure) {
    const isLocked = failure instanceof GitFailed && /\.lock': File exists/.test(failure.stderr);
    if (!isLocked || (await sweepLocks(copy, LEFT_MS)) === 0) throw failure;
    return work();
  }
}

/** Removes lock files of refs and configuration that are at least this old, in milliseconds. Returns how many. */
export async function sweepLocks({ gitDir }: Repository, ageMs: number): Promise<number> {
  const own = await readdir(gitDir).catch((): string[] => []);
  const ofRefs = await readdir(path.join(gitDir, 'refs'), { recursive: true }).catch((): string[] => []);
  const locks = [...own, ...ofRefs.map((name) => path.join('refs', name))].filter((name) => name.endsWith('.lock'));
  let removed = 0;
  for (const name of locks) {
    const found = await stat(path.join(gitDir, name)).catch(() => undefined);
    if (!found?.isFile() || Date.now() - found.mtimeMs < ageMs) continue;
    await rm(path.join(gitDir, name), { force: true });
    removed += 1;
  }
  return removed;
}
