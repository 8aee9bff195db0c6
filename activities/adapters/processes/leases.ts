import { stat } from 'node:fs/promises';

/**
 * A process that we cannot see proves that it is alive by touching a file this often, in milliseconds. A file that was not
 * touched within the lease means that its owner is dead. The lease is far longer than any delay of a busy machine.
 */
export const TOUCH_MS = 5_000;
export const LEASE_MS = 60_000;

/** What we saw of each file, and since when, by our own clock: the owner's clock may differ. */
const seen = new Map<string, { mark: string; since: number }>();

/** Whether the owner has touched the file within the lease, as far as we have seen. A missing file has no owner. */
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
