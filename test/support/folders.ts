import { rm } from 'node:fs/promises';

/** Removes the folder of a test, in which processes that are ending may still write. */
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 20 });
