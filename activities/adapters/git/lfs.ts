import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { git, GitFailed, type Repository } from './door.ts';

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

/** Where git-lfs stores contents, if the settings enable it. */
export const lfsStorage = ({ gitDir }: Repository): Promise<string | undefined> =>
  readFile(path.join(gitDir, NOTE), 'utf8').catch(() => undefined);

/** Why git-lfs does not work on this machine. Undefined: it does. */
export async function lfsLacks(where: Repository): Promise<string | undefined> {
  try {
    await git(where, ['lfs', 'version']);
    return undefined;
  } catch (failure) {
    if (!(failure instanceof GitFailed) || failure.timedOut) throw failure;
    return failure.stderr.trim();
  }
}

/**
 * The configuration that makes git-lfs work in a checkout of our copy, or an empty text if the settings do not enable it.
 */
export async function lfsConfig(copy: Repository): Promise<string> {
  const storage = await lfsStorage(copy);
  if (storage === undefined) return '';
  const filter = '[filter "lfs"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\trequired = true\n';
  return `${filter}[lfs]\n\tstorage = ${quoted(storage)}\n`;
}

/** Quotes a value for git's configuration files. */
export const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
