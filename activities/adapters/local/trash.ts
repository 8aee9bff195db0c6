import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { foldersOf } from './folders.ts';

/** Removals that are under way in this process, so that who stops it can wait for them. */
const underWay = new Set<Promise<void>>();

/**
 * Takes a folder away at once and deletes it in the background: a large checkout takes long, and nobody waits for it. One
 * that is not there is fine. What a worker leaves behind is swept by the next (`sweepTrash`).
 */
export async function discard(root: string, folder: string): Promise<void> {
  const { trash } = foldersOf(root);
  await mkdir(trash, { recursive: true });
  const away = path.join(trash, randomUUID());
  try {
    await rename(folder, away);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return;
    await rm(folder, { recursive: true, force: true }); // it is on another file system, say
    return;
  }
  remove(away);
}

/** Deletes what earlier workers did not come to. */
export async function sweepTrash(root: string): Promise<void> {
  const { trash } = foldersOf(root);
  for (const name of await readdir(trash).catch((): string[] => [])) remove(path.join(trash, name));
}

/** Answers once nothing is being deleted any more. */
export const trashEmptied = async (): Promise<void> => void (await Promise.all(underWay));

function remove(away: string): void {
  // What cannot be deleted now is there for the next worker.
  const removal = rm(away, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  underWay.add(removal);
  void removal.finally(() => underWay.delete(removal));
}
