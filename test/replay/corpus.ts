import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const HISTORIES = fileURLToPath(new URL('./histories', import.meta.url));

/** The generations of the corpus, oldest first. Each was recorded by one build, and never changes. */
export async function generationsOf(folder = HISTORIES): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The cases that are recorded in any of these folders. A case may have several files; the first has its name. */
export async function recordedIn(folders: readonly string[]): Promise<Set<string>> {
  const names = await Promise.all(folders.map((folder) => readdir(folder).catch(() => [])));
  return new Set(names.flat().map((name) => name.split('.')[0]!));
}

export const folderOf = (generation: number, folder = HISTORIES): string => path.join(folder, String(generation));
