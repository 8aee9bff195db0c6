import { rm } from 'node:fs/promises';

/** Removes a test's folder. Retries, because processes that are ending may still write to it. */
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 20 });
