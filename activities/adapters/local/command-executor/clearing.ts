import { lstat, rm } from 'node:fs/promises';
import { execa } from 'execa';
import { openUp } from './snapshot.ts';

const LIMIT_MS = 300_000;

/**
 * Removes a folder that an agent has worked in, whatever it has closed or nested in it. What cannot be removed all the same
 * (what belongs to another user, or is mounted there) holds nobody up: it is tried again by the next worker's sweep.
 */
export async function clear(folder: string): Promise<void> {
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 2 });
  try {
    await remove();
  } catch {
    await openUp(folder, { deadline: Date.now() + LIMIT_MS });
    // Paths that are longer than any call takes are no trouble for rm(1), which goes down step by step.
    await execa('rm', ['-rf', '--', folder], { reject: false, stdio: 'ignore', timeout: LIMIT_MS });
  }
}

export const isThere = async (place: string): Promise<boolean> =>
  (await lstat(place).catch(() => undefined)) !== undefined;

export const isFolder = async (place: string): Promise<boolean> =>
  (await lstat(place).catch(() => undefined))?.isDirectory() === true;
