import { stat } from 'node:fs/promises';

/**
 * Whoever is not ours to see says that it lives by touching a file: this often, in milliseconds. One whose file was not
 * touched for so long is dead. That is far longer than a busy machine, or a short freeze, holds anybody up.
 */
export const TOUCH_MS = 5_000;
export const LEASE_MS = 60_000;

/** The files that were looked at: how they were seen, and since when they are so, by our clock. Theirs may be another. */
const seen = new Map<string, { mark: string; since: number }>();

/** Whether a file's owner has touched it within the lease, as far as we have looked. None is there: then it has none. */
export async function isRenewed(file: string, mark = ''): Promise<boolean> {
  const touched = await stat(file).catch(() => undefined);
  if (!touched) {
    seen.delete(file);
    return false;
  }
  const now = `${touched.mtimeMs} ${touched.ino} ${mark}`;
  const before = seen.get(file);
  if (before?.mark !== now) seen.set(file, { mark: now, since: Date.now() });
  return before?.mark !== now || Date.now() - before.since < LEASE_MS;
}
