import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { commitId } from './commits.ts';
import { git, initialize, type Repository } from './door.ts';
import { lfsConfig, quoted } from './lfs.ts';
import { machineSettings } from './machine.ts';
import { readRefs } from './refs.ts';
import { CheckoutRefused, isRefusal } from './refusals.ts';

/** A checkout whose git folder is its own, in the usual place. */
export const checkoutAt = (tree: string): Repository => ({ gitDir: path.join(tree, '.git'), workTree: tree });

/** The branch that a checkout is on, if any, and the branch that it is compared with. */
export interface Onto {
  branch?: string | undefined;
  base?: string | undefined;
}

/**
 * A clean, complete checkout of a commit, in which git works, on a branch of its own name or on none. It has a git folder
 * of its own and shares objects with our copy: what is committed in it is in it alone. Everything else is as in any clone:
 * the default branch, all branches of `origin`, the tags, and a remote that can be fetched and pulled from. Neither the
 * folder nor its draft is there yet. Throws `CheckoutRefused` where git will not write what is in the commit.
 */
export async function makeCheckout(
  copy: Repository,
  commit: string,
  folder: string,
  { branch, base }: Onto = {},
): Promise<void> {
  const draft = draftOf(folder);
  await mkdir(draft, { recursive: true });
  const made = checkoutAt(draft);
  await initialize(made.gitDir, [`--object-format=${await formatOf(copy)}`, '--initial-branch=none']);
  await writeFile(path.join(made.gitDir, 'objects', 'info', 'alternates'), `${path.join(copy.gitDir, 'objects')}\n`);
  await writeRefs(made.gitDir, copy, { branch, base });
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

/**
 * Writes the refs of a clone of our copy: packed in one file, as git keeps them. Locally there is `base`, beside `branch`,
 * which the checkout itself makes: `git diff main...` is what everybody types.
 */
async function writeRefs(gitDir: string, copy: Repository, { branch, base }: Onto): Promise<void> {
  const { at } = await readRefs(copy, ['refs/heads', 'refs/tags']);
  const lines = [...at].map(
    ([name, commit]) => `${commit} ${name.replace(/^refs\/heads\//, 'refs/remotes/origin/')}\n`,
  );
  const local = base !== undefined && base !== branch && at.get(`refs/heads/${base}`);
  if (local) lines.unshift(`${local} refs/heads/${base}\n`);
  await writeFile(path.join(gitDir, 'packed-refs'), lines.join(''));

  const { stdout } = await git(copy, ['symbolic-ref', '--quiet', 'HEAD'], { okCodes: [0, 1] });
  if (!at.has(stdout)) return;
  const origin = path.join(gitDir, 'refs', 'remotes', 'origin');
  await mkdir(origin, { recursive: true });
  await writeFile(path.join(origin, 'HEAD'), `ref: ${stdout.replace(/^refs\/heads\//, 'refs/remotes/origin/')}\n`);
}

/** An agent may commit by itself, also on a machine where nobody has told git who they are. */
async function configFor(copy: string): Promise<string> {
  const remote = `[remote "origin"]\n\turl = ${quoted(copy)}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`;
  const named = (await machineSettings(/^user\.email$/)).length > 0;
  return named ? remote : `${remote}[user]\n\tname = gatehouse\n\temail = gatehouse@localhost\n`;
}
