import { stat } from 'node:fs/promises';

/**
 * A process that we cannot see proves that it is alive by touching a file at this interval, in milliseconds. If the file was
 * not touched within the lease, its owner counts as dead. The lease is far longer than any delay of a busy machine.
 */
export const TOUCH_MS = 5_000;
export const LEASE_MS = 60_000;

/** The last observed state of each file, and since when, by our own clock, because the owner's clock may differ. */
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
