import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';

const LIMIT_MS = 300_000;

/**
 * Removes a folder in which an agent has worked, including closed and deeply nested folders. A failure, such as another
 * user's file or a mount, blocks nobody: the next worker's sweep tries again.
 */
export async function clear(folder: string): Promise<void> {
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 2 });
  try {
    await remove();
  } catch {
    await openUp(folder, { deadline: Date.now() + LIMIT_MS });
    // rm(1) goes down step by step, so it can remove paths that are too long for any system call.
    await execa('rm', ['-rf', '--', folder], { reject: false, stdio: 'ignore', timeout: LIMIT_MS });
  }
}

export const isThere = async (place: string): Promise<boolean> =>
  (await lstat(place).catch(() => undefined)) !== undefined;

export const isFolder = async (place: string): Promise<boolean> =>
  (await lstat(place).catch(() => undefined))?.isDirectory() === true;

/** How long a walk through a folder may take, and the signal that ends it early. */
interface Limits {
  deadline?: number | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Restores our own permissions on files and folders from which an agent has removed them, so that we can read and remove
 * them. Links are left alone.
 */
export async function openUp(folder: string, limits: Limits = {}): Promise<void> {
  const folders = [folder];
  for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
    limits.signal?.throwIfAborted();
    if (Date.now() > (limits.deadline ?? Infinity)) return;
    await chmod(at, 0o755).catch(() => undefined);
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      const name = path.join(at, entry.name);
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile()) await readable(name);
    }
  }
}

async function readable(file: string): Promise<void> {
  const found = await lstat(file).catch(() => undefined);
  if (found?.isFile() && (found.mode & 0o400) === 0) await chmod(file, found.mode | 0o600).catch(() => undefined);
}
