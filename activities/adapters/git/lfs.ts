import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Repository } from './door.ts';

const NOTE = 'gatehouse-lfs';

/**
 * Records in our copy where git-lfs stores the contents of its repository, or that checkouts do not have them. Files that
 * agents add are stored there too, by hash, so the owner's git finds them after the merge.
 */
export async function noteLfs({ gitDir }: Repository, storage: string | undefined): Promise<void> {
  const file = path.join(gitDir, NOTE);
  if (storage === undefined) await rm(file, { force: true });
  else await writeFile(file, storage);
}

/**
 * The configuration that makes git-lfs work in a checkout of our copy, or an empty text if the settings do not enable it.
 */
export async function lfsConfig({ gitDir }: Repository): Promise<string> {
  const storage = await readFile(path.join(gitDir, NOTE), 'utf8').catch(() => undefined);
  if (storage === undefined) return '';
  const filter = '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\trequired = true\n';
  return `${filter}[lfs]\n\tstorage = ${quoted(storage)}\n`;
}

/** Quotes a value for git's configuration files. */
export const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
