import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { commitId } from './commits.ts';
import { git, initialize, type Repository } from './door.ts';
import { lfsConfig, quoted } from './lfs.ts';
import { machineSettings } from './machine.ts';
import { readRefs } from './refs.ts';
import { CheckoutRefused, isRefusal } from './refusals.ts';
import { identityOf } from './signing.ts';

/** A checkout with its own git folder at `.git`. */
export const checkoutAt = (tree: string): Repository => ({ gitDir: path.join(tree, '.git'), workTree: tree });

/** The branch that a checkout is on, if any, and the branch that it is compared with. */
export interface Onto {
  branch?: string | undefined;
  base?: string | undefined;
  /** Whether the commit is of a fork, whose author may not read what we may. */
  fork?: boolean | undefined;
}

/** Adds to a checkout what its repository alone does not have, before it gets its name. */
export type Equipping = ((checkout: Repository) => Promise<void>) | undefined;

/**
 * Makes a clean, complete, working checkout of a commit, on the given branch or on none. It has its own git folder and
 * shares objects with our copy, so commits made in it stay in it. It looks like any clone: default branch, branches of
 * `origin`, tags, and a remote to fetch and pull from. Neither the folder nor its draft may exist yet. Throws
 * `CheckoutRefused` where git refuses to write a file of the commit.
 */
export async function makeCheckout(
  copy: Repository,
  commit: string,
  folder: string,
  { branch, base, equip }: Onto & { equip?: Equipping } = {},
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
  await equip?.(made);
  await rename(draft, folder);
}

/** The folder of a checkout while it is being made. */
export const draftOf = (folder: string): string => `${folder}.draft`;

export const formatOf = async (where: Repository): Promise<string> =>
  (await git(where, ['rev-parse', '--show-object-format'])).stdout;

/**
 * Writes the refs of a clone of our copy, packed in one file as git keeps them. `base` gets a local branch, because people
 * and agents type `git diff main...`. The checkout itself makes `branch`.
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

/**
 * Lets an agent commit: in the name that our copy has on record, or as the machine's user even if the agent has a home of its
 * own, and also where git knows no user.
 */
async function configFor(copy: string): Promise<string> {
  const remote = `[remote "origin"]\n\turl = ${quoted(copy)}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`;
  const identity = await identityOf({ gitDir: copy });
  const known = identity
    ? [`user.name=${identity.name}`, `user.email=${identity.email}`]
    : await machineSettings(/^user\.(?:name|email)$/);
  const isNamed = known.some((setting) => setting.startsWith('user.email='));
  const user = isNamed ? known : ['user.name=gatehouse', 'user.email=gatehouse@localhost'];
  const lines = user.map((setting) => /^user\.(\w+)=(.*)$/.exec(setting) ?? []);
  return `${remote}[user]\n${lines.map(([, name, value = '']) => (name ? `\t${name} = ${quoted(value)}\n` : '')).join('')}`;
}
