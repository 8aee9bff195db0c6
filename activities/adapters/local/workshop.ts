import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Change } from '../../../workflows/contracts/change.ts';
import { formatOf, makeCheckout } from '../git/checkout.ts';
import { commitId, commitOf } from '../git/commits.ts';
import { git, GitFailed, initialize, type Repository } from '../git/door.ts';
import { locate, type Found, type Located } from '../git/locating.ts';
import { fetchFrom } from '../git/transfer.ts';
import { foldersOf, safeName, withLock } from './folders.ts';
import { FILE, parseSettings, type RepositorySettings } from './settings.ts';

/** Something of the repository's owner is in the way, and only its owner can move it: asked again later. */
export class Held extends Error {
  override readonly name = 'Held';
}

export const NOTHING = '0'.repeat(40);

/**
 * Where we work on people's repositories: in bare copies of our own. In theirs only branches move, by compare and swap:
 * no configuration, no hooks, no worktree registrations, no other refs.
 */
export class Workshop {
  private readonly folders;

  constructor(root: string) {
    this.folders = foldersOf(root);
  }

  /** The repository that an absolute path or file:// URL names, or why there is none. */
  locate = (repository: string): Promise<Located> => locate(repository);

  /** As `locate`, for a repository that was there before: not to be found is bad weather now. */
  async source(repository: string): Promise<Found> {
    const found = await this.locate(repository);
    if (found.is === 'found') return found;
    throw new Error(`${repository} is not to be found: ${found.because ?? 'is it still a git repository?'}`);
  }

  /** The repository's one name, under which everything of ours about it is kept. */
  path = async (repository: string): Promise<string> => (await this.source(repository)).name;

  /** Brings our bare copy up to date, and answers its path. The branches are there as `refs/remotes/origin/*`. */
  async fetch(repository: string): Promise<string> {
    const { name, at } = await this.source(repository);
    const copy = this.copyOf(name);
    return withLock(this.lockOf(`copy ${name}`), async () => {
      const here = { gitDir: copy };
      if ((await formatOf(here).catch(() => undefined)) === undefined) await this.create(copy, await formatOf(at));
      const refs = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];
      await fetchFrom(here, at.commonDir, refs, { prune: true });
      return copy;
    });
  }

  /** A branch's head, read from the repository itself. */
  async headOf(repository: string, branch: string): Promise<string | undefined> {
    return commitOf((await this.source(repository)).at, `refs/heads/${branch}`);
  }

  /** The branch that its HEAD names; where that is detached, the usual one, or the only one. */
  async defaultBranch(repository: string): Promise<string | undefined> {
    const { at } = await this.source(repository);
    const { stdout, code } = await git(at, ['symbolic-ref', '--quiet', '--short', 'HEAD'], { okCodes: [0, 1] });
    if (code === 0) return stdout;
    const heads = await git(at, ['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads']);
    const branches = heads.stdout.split('\n').filter(Boolean);
    return (
      ['main', 'master'].find((name) => branches.includes(name)) ?? (branches.length === 1 ? branches[0] : undefined)
    );
  }

  async fileAt(repository: string, commit: string, file: string): Promise<string | undefined> {
    const { at } = await this.source(repository);
    const { stdout, code } = await git(at, ['cat-file', 'blob', `${commit}:${file}`], { okCodes: [0, 128] });
    return code === 0 ? stdout : undefined;
  }

  /** The settings a change was begun with: read from the base branch's commit of then, and never from the change. */
  async settingsOf({ repository, basis }: Pick<Change, 'repository' | 'basis'>): Promise<RepositorySettings> {
    const read = parseSettings((await this.fileAt(repository, basis, FILE)) ?? '');
    if ('settings' in read) return read.settings;
    throw new Error(`${FILE} of ${basis} cannot be read: ${read.fields.map(({ path }) => path).join(', ')}`);
  }

  async existsAt(repository: string, commit: string, file: string): Promise<boolean> {
    const { at } = await this.source(repository);
    const args = ['cat-file', '-e', `${commit}:${path.posix.normalize(file)}`];
    return (await git(at, args, { okCodes: [0, 1, 128] })).code === 0;
  }

  /** A clean, complete checkout of a commit, in which git works, on a branch of its own name or on none. */
  async checkout(repository: string, commit: string, folder: string, branch?: string): Promise<void> {
    await makeCheckout({ gitDir: await this.fetch(repository) }, commit, folder, branch);
  }

  /** Brings what was committed in a checkout into our copy, where it can be merged and published. */
  async bringBack(repository: string, folder: string, commit: string): Promise<string> {
    const copy = await this.fetch(repository);
    await fetchFrom({ gitDir: copy }, folder, [commitId(commit)]);
    return copy;
  }

  /**
   * Moves a branch of the user's repository from one commit to another, or fails because it is no longer there. Where
   * its owner has the branch checked out, a clean checkout is brought along, and a dirty one is in the way.
   */
  async move(repository: string, branch: string, next: string, before: string): Promise<boolean> {
    const { name, at } = await this.source(repository);
    await fetchFrom(at, this.copyOf(name), [commitId(next)]);

    const checkout = await this.checkoutOf(at, branch);
    if (checkout) await bringAlong(checkout, branch, before, next);
    const update = ['update-ref', '-m', 'gatehouse', `refs/heads/${branch}`, next, before];
    try {
      await git(at, update, { kind: 'write' });
      return true;
    } catch (failure) {
      if (!(failure instanceof GitFailed)) throw failure;
      if (checkout) await git(checkout, ['read-tree', '-m', '-u', next, before], { kind: 'checkout' });
      if ((await commitOf(at, `refs/heads/${branch}`)) !== (before === NOTHING ? undefined : before)) return false;
      throw failure;
    }
  }

  /** Deletes a branch where it still stands at this commit. One that its owner has checked out stays. */
  async remove(repository: string, branch: string, at: string): Promise<void> {
    const source = (await this.source(repository)).at;
    if (await this.checkoutOf(source, branch)) return;
    await git(source, ['update-ref', '-d', `refs/heads/${branch}`, at], { kind: 'write', okCodes: [0, 1, 128] });
  }

  lockOf = (text: string): string => path.join(this.folders.locks, `${safeName(text)}.lock`);

  private copyOf = (name: string): string => path.join(this.folders.repositories, `${safeName(name)}.git`);

  private async create(copy: string, format: string): Promise<void> {
    await rm(copy, { recursive: true, force: true });
    await mkdir(path.dirname(copy), { recursive: true });
    await initialize(copy, ['--bare', `--object-format=${format}`]);
  }

  /** The checkout in which the owner has this branch, if any. */
  private async checkoutOf(at: Found['at'], branch: string): Promise<Repository | undefined> {
    const { stdout } = await git(at, ['worktree', 'list', '--porcelain', '-z']);
    const entries = stdout.split('\0\0').map((entry) => entry.split('\0'));
    const found = entries.find((lines) => lines.includes(`branch refs/heads/${branch}`) && !lines.includes('bare'));
    const workTree = found?.find((line) => line.startsWith('worktree '))?.slice('worktree '.length);
    if (workTree === undefined) return undefined;
    if (found === entries[0]) return { gitDir: at.commonDir, workTree };
    const link = await readFile(path.join(workTree, '.git'), 'utf8');
    return { gitDir: path.resolve(workTree, link.trim().replace(/^gitdir: /, '')), workTree, commonDir: at.commonDir };
  }
}

/** Brings a clean checkout along, as git's `receive.denyCurrentBranch=updateInstead` does. */
async function bringAlong(checkout: Repository, branch: string, before: string, next: string): Promise<void> {
  const dirty = new Held(`The owner's checkout of ${branch} in ${checkout.workTree} is dirty: commit or stash there.`);
  await git(checkout, ['update-index', '-q', '--refresh'], { kind: 'checkout', okCodes: [0, 1] });
  if (before === NOTHING) throw dirty;
  const { code } = await git(checkout, ['diff-index', '--quiet', before, '--'], { kind: 'checkout', okCodes: [0, 1] });
  if (code !== 0) throw dirty;
  try {
    await git(checkout, ['read-tree', '-m', '-u', before, next], { kind: 'checkout' });
  } catch (failure) {
    if (failure instanceof GitFailed) throw dirty; // an untracked file that the commit would overwrite
    throw failure;
  }
}

/** A change with its repository named by its folder, under which its record is kept. */
export const withPath = async <Of extends { repository: string }>(workshop: Workshop, change: Of): Promise<Of> => ({
  ...change,
  repository: await workshop.path(change.repository),
});
