import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { commitId } from './commits.ts';
import { git, initialize, type Repository } from './door.ts';
import { lfsConfig, quoted } from './lfs.ts';
import { machineSettings } from './machine.ts';
import { CheckoutRefused, isRefusal } from './refusals.ts';

/** A checkout whose git folder is its own, in the usual place. */
export const checkoutAt = (tree: string): Repository => ({ gitDir: path.join(tree, '.git'), workTree: tree });

/**
 * A clean, complete checkout of a commit, in which git works, on a branch of its own name or on none. It has a git folder
 * of its own and shares objects with our copy: what is committed in it is in it alone. The base, all other branches and
 * the tags are there as in any clone: an agent wants to see what it changed. Neither the folder nor its draft is there yet.
 * Throws `CheckoutRefused` where git will not write what is in the commit.
 */
export async function makeCheckout(copy: Repository, commit: string, folder: string, branch?: string): Promise<void> {
  const draft = draftOf(folder);
  await mkdir(draft, { recursive: true });
  const made = checkoutAt(draft);
  await initialize(made.gitDir, [`--object-format=${await formatOf(copy)}`, '--initial-branch=none']);
  await writeFile(path.join(made.gitDir, 'objects', 'info', 'alternates'), `${path.join(copy.gitDir, 'objects')}\n`);
  await writeFile(path.join(made.gitDir, 'packed-refs'), await packedRefs(copy));
  await appendFile(path.join(made.gitDir, 'config'), `${await configFor(copy.gitDir)}${await lfsConfig(copy)}`);

  const onto = branch === undefined ? ['--detach'] : ['-B', branch];
  try {
    await git(made, ['checkout', '--quiet', '--force', ...onto, commitId(commit)], { kind: 'checkout' });
  } catch (failure) {
    if (!isRefusal(failure)) throw failure;
    throw new CheckoutRefused(
      `Git refuses a checkout of ${commit.slice(0, 8)}: ${failure.stderr.trim().slice(-1_000)}`,
    );
  }
  await rename(draft, folder);
}

/** Where a checkout is while it is being made. */
export const draftOf = (folder: string): string => `${folder}.draft`;

export const formatOf = async (where: Repository): Promise<string> =>
  (await git(where, ['rev-parse', '--show-object-format'])).stdout;

/** Our copy's branches and tags, as git keeps them in one file. */
async function packedRefs(copy: Repository): Promise<string> {
  const args = ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/remotes/origin', 'refs/tags'];
  const { stdout } = await git(copy, args);
  return stdout === '' ? '' : `${stdout}\n`;
}

/** An agent may commit by itself, also on a machine where nobody has told git who they are. */
async function configFor(copy: string): Promise<string> {
  const remote = `[remote "origin"]\n\turl = ${quoted(copy)}\n\tfetch = +refs/remotes/origin/*:refs/remotes/origin/*\n`;
  const named = (await machineSettings(/^user\.email$/)).length > 0;
  return named ? remote : `${remote}[user]\n\tname = gatehouse\n\temail = gatehouse@localhost\n`;
}
