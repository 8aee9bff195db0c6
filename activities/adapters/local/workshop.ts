import { mkdir, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { foldersOf, safeName, withLock } from './folders.ts';
import type { Change } from '../../../workflows/contracts/change.ts';
import { commitId, commitOf, git, GitFailed } from './git.ts';
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

  /** The repository's folder, for an absolute path or a file:// URL; none when it is no git repository. */
  async locate(repository: string): Promise<string | undefined> {
    const given = repository.startsWith('file://') ? pathOfUrl(repository) : repository;
    if (given === undefined || !path.isAbsolute(given)) return undefined;
    try {
      const folder = await realpath(given);
      const { stdout } = await git(['rev-parse', '--is-bare-repository', '--absolute-git-dir'], { cwd: folder });
      const [bare, dir] = stdout.split('\n');
      if (bare === 'true') return (await realpath(dir!)) === folder ? folder : undefined;
      const top = await git(['rev-parse', '--show-toplevel'], { cwd: folder });
      return (await realpath(top.stdout)) === folder ? folder : undefined;
    } catch {
      return undefined;
    }
  }

  /** As `locate`, for a repository that was there before: not to be found is bad weather now. */
  async path(repository: string): Promise<string> {
    const found = await this.locate(repository);
    if (!found) throw new Error(`${repository} is not to be found: is it still a git repository?`);
    return found;
  }

  /** Brings our bare copy up to date, and answers its path. The branches are there as `refs/remotes/origin/*`. */
  async fetch(repository: string): Promise<string> {
    const source = await this.path(repository);
    const copy = path.join(this.folders.repositories, `${safeName(source)}.git`);
    return withLock(this.lockOf(`copy ${source}`), async () => {
      if ((await git(['rev-parse', '--git-dir'], { cwd: copy, okCodes: [0] }).catch(() => undefined)) === undefined) {
        await this.create(copy);
      }
      const refs = '+refs/heads/*:refs/remotes/origin/*';
      await git(['fetch', '--quiet', '--prune', '--no-tags', '--no-write-fetch-head', source, refs], { cwd: copy });
      return copy;
    });
  }

  /** A branch's head, read from the repository itself. */
  async headOf(repository: string, branch: string): Promise<string | undefined> {
    return commitOf(await this.path(repository), `refs/heads/${branch}`);
  }

  /** The branch that its HEAD names; where that is detached, the usual one, or the only one. */
  async defaultBranch(repository: string): Promise<string | undefined> {
    const cwd = await this.path(repository);
    const { stdout, code } = await git(['symbolic-ref', '--quiet', '--short', 'HEAD'], { cwd, okCodes: [0, 1] });
    if (code === 0) return stdout;
    const heads = await git(['for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads'], { cwd });
    const branches = heads.stdout.split('\n').filter(Boolean);
    return (
      ['main', 'master'].find((name) => branches.includes(name)) ?? (branches.length === 1 ? branches[0] : undefined)
    );
  }

  async fileAt(repository: string, commit: string, file: string): Promise<string | undefined> {
    const cwd = await this.path(repository);
    const { stdout, code } = await git(['cat-file', 'blob', `${commit}:${file}`], { cwd, okCodes: [0, 128] });
    return code === 0 ? stdout : undefined;
  }

  /** The settings a change was begun with: read from the base branch's commit of then, and never from the change. */
  async settingsOf({ repository, basis }: Pick<Change, 'repository' | 'basis'>): Promise<RepositorySettings> {
    const read = parseSettings((await this.fileAt(repository, basis, FILE)) ?? '');
    if ('settings' in read) return read.settings;
    throw new Error(`${FILE} of ${basis} cannot be read: ${read.fields.map(({ path }) => path).join(', ')}`);
  }

  async existsAt(repository: string, commit: string, file: string): Promise<boolean> {
    const cwd = await this.path(repository);
    const { code } = await git(['cat-file', '-e', `${commit}:${path.posix.normalize(file)}`], {
      cwd,
      okCodes: [0, 1, 128],
    });
    return code === 0;
  }

  /** A clean, complete checkout of a commit, in which git works, on a branch of its own name or on none. */
  async checkout(repository: string, commit: string, folder: string, branch?: string): Promise<void> {
    const copy = await this.fetch(repository);
    await rm(folder, { recursive: true, force: true });
    const draft = `${folder}.draft`;
    await rm(draft, { recursive: true, force: true });
    await mkdir(path.dirname(folder), { recursive: true });
    await git(['clone', '--quiet', '--shared', '--no-checkout', '--no-tags', copy, draft], { cwd: this.folders.root });
    const onto = branch === undefined ? ['--detach'] : ['-B', branch];
    await git(['checkout', '--quiet', '--force', ...onto, commitId(commit)], { cwd: draft });
    // The base and all other branches are there as in any clone: an agent wants to see what it changed.
    await git(['fetch', '--quiet', '--no-tags', 'origin', '+refs/remotes/origin/*:refs/remotes/origin/*'], {
      cwd: draft,
    });
    await introduce(draft);
    await rename(draft, folder);
  }

  /** Brings what was committed in a checkout into our copy, where it can be merged and published. */
  async bringBack(repository: string, folder: string, commit: string): Promise<string> {
    const copy = await this.fetch(repository);
    await git(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', folder, commitId(commit)], { cwd: copy });
    return copy;
  }

  /**
   * Moves a branch of the user's repository from one commit to another, or fails because it is no longer there. Where
   * its owner has the branch checked out, a clean checkout is brought along, and a dirty one is in the way.
   */
  async move(repository: string, branch: string, next: string, before: string): Promise<boolean> {
    const target = await this.path(repository);
    const copy = path.join(this.folders.repositories, `${safeName(target)}.git`);
    const quiet = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance'];
    await git(['fetch', ...quiet, copy, next], { cwd: target });

    const checkout = await this.checkoutOf(target, branch);
    if (checkout) await bringAlong(checkout, branch, before, next);
    const update = ['update-ref', '-m', 'gatehouse', `refs/heads/${branch}`, next, before];
    try {
      await git(update, { cwd: target });
      return true;
    } catch (failure) {
      if (!(failure instanceof GitFailed)) throw failure;
      if (checkout) await git(['read-tree', '-m', '-u', next, before], { cwd: checkout });
      if ((await commitOf(target, `refs/heads/${branch}`)) !== (before === NOTHING ? undefined : before)) return false;
      throw failure;
    }
  }

  /** Deletes a branch where it still stands at this commit. One that its owner has checked out stays. */
  async remove(repository: string, branch: string, at: string): Promise<void> {
    const target = await this.path(repository);
    if (await this.checkoutOf(target, branch)) return;
    await git(['update-ref', '-d', `refs/heads/${branch}`, at], { cwd: target, okCodes: [0, 1, 128] });
  }

  lockOf = (text: string): string => path.join(this.folders.locks, `${safeName(text)}.lock`);

  private async create(copy: string): Promise<void> {
    await rm(copy, { recursive: true, force: true });
    await mkdir(copy, { recursive: true });
    await git(['init', '--quiet', '--bare', copy], { cwd: copy });
    // Commits are handed on by their id, and must not be collected while only a run knows of them.
    await git(['config', 'uploadpack.allowAnySHA1InWant', 'true'], { cwd: copy });
    await git(['config', 'gc.auto', '0'], { cwd: copy });
  }

  /** The folder in which the owner has this branch checked out, if any. */
  private async checkoutOf(target: string, branch: string): Promise<string | undefined> {
    const { stdout } = await git(['worktree', 'list', '--porcelain'], { cwd: target });
    const entries = stdout.split('\n\n').map((entry) => entry.split('\n'));
    const found = entries.find((lines) => lines.includes(`branch refs/heads/${branch}`) && !lines.includes('bare'));
    return found?.find((line) => line.startsWith('worktree '))?.slice('worktree '.length);
  }
}

/** Brings a clean checkout along, as git's `receive.denyCurrentBranch=updateInstead` does. */
async function bringAlong(checkout: string, branch: string, before: string, next: string): Promise<void> {
  const dirty = new Held(`The owner's checkout of ${branch} in ${checkout} is dirty: commit or stash there.`);
  await git(['update-index', '-q', '--refresh'], { cwd: checkout, okCodes: [0, 1] });
  if (before === NOTHING) throw dirty;
  const { code } = await git(['diff-index', '--quiet', before, '--'], { cwd: checkout, okCodes: [0, 1] });
  if (code !== 0) throw dirty;
  try {
    await git(['read-tree', '-m', '-u', before, next], { cwd: checkout });
  } catch (failure) {
    if (failure instanceof GitFailed) throw dirty; // an untracked file that the commit would overwrite
    throw failure;
  }
}

/** An agent may commit by itself, also on a machine where nobody has told git who they are. */
async function introduce(checkout: string): Promise<void> {
  const { code } = await git(['config', '--get', 'user.email'], { cwd: checkout, okCodes: [0, 1] });
  if (code === 0) return;
  await git(['config', 'user.name', 'gatehouse'], { cwd: checkout });
  await git(['config', 'user.email', 'gatehouse@localhost'], { cwd: checkout });
}

function pathOfUrl(url: string): string | undefined {
  try {
    return fileURLToPath(url);
  } catch {
    return undefined;
  }
}

/** A change with its repository named by its folder, under which its record is kept. */
export const withPath = async <Of extends { repository: string }>(workshop: Workshop, change: Of): Promise<Of> => ({
  ...change,
  repository: await workshop.path(change.repository),
});
