import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A longer path leaves no room for the names of sockets in it (unix(7)), in characters. */
const LONGEST_TMPDIR = 60;

/** A folder for temporary files, for programs that may not write into the machine's. */
export async function temporaryFolder(scratch: string): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = path.join(scratch, 'tmp');
  const isLong = folder.length > LONGEST_TMPDIR;
  if (!isLong) await mkdir(folder, { recursive: true });
  const used = isLong ? await mkdtemp(path.join(tmpdir(), 'gatehouse-')) : folder;
  return { folder: used, remove: () => rm(used, { recursive: true, force: true }) };
}
