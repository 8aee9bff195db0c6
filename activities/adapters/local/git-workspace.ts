import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Change } from '../../../workflows/contracts/change.ts';
import { draftOf, makeCheckout, type Onto } from '../git/checkout.ts';
import { commitId, commitOf, rootsOf } from '../git/commits.ts';
import { git, type Repository } from '../git/door.ts';
import { locate, type Found, type Located } from '../git/locating.ts';
import { branchesOf, refresh } from '../git/mirror.ts';
import { headOf, known } from '../git/refs.ts';
import { fetchFrom } from '../git/transfer.ts';
import { foldersOf, safeName, withLock } from './folders.ts';
import { BlockedByOwner } from './blocked-by-owner.ts';
import { freeWorktrees, Moving } from './moving.ts';
import { FILE, parseSettings, type RepositorySettings } from './settings.ts';
import { Trash } from './trash.ts';

/**
 * Where we work on people's repositories: in bare copies of our own. In theirs only branches move, by compare and swap:
 * no configuration, no hooks, no worktree registrations, no other refs.
 */
export class GitWorkspace {
  private readonly folders;
  private readonly moving;
  private readonly located = new Map<string, { found: Found; mark: string }>();

  constructor(
    root: string,
    private readonly trash = new Trash(root),
  ) {
    this.folders = foldersOf(root);
    this.moving = new Moving(this.folders.moves);
  }

  /** The repository that an absolute path or file:// URL names, or why there is none. */
  async locate(repository: string): Promise<Located> {
    const before = this.located.get(repository);
    if (before && before.mark === (await markOf(before.found))) return before.found;
    const found = await locate(repository);
    if (found.is === 'found') this.located.set(repository, { found, mark: await markOf(found) });
    else this.located.delete(repository);
    return found;
  }

  /** Brings along checkouts of owners whose branch was moved when a worker died. */
  finishMoves = (): Promise<void> => this.moving.finishAll();

  /** As `locate`, for a repository that was there before: not to be found is bad weather now. */
  async source(repository: string): Promise<Found> {
    const found = await this.locate(repository);
    if (found.is === 'found') return found;
    throw new Error(`${repository} is not to be found: ${found.because ?? 'is it still a git repository?'}`);
  }

  /** What a run goes by for as long as it lives: the repository's one name where that leads to it, else what was given. */
  async lasting({ name, at }: Found, given: string): Promise<string> {
    const named = await this.locate(name);
    return named.is === 'found' && named.at.commonDir === at.commonDir ? name : given;
  }

  /** Whether it holds a commit that it once held, or any that this was built on: its owner may have rewritten the rest. */
  async isKin({ name, at }: Found, commit: string): Promise<boolean> {
    if (await commitOf(at, commit)) return true;
    const copy = { gitDir: this.copyOf(name) };
    const roots = (await stat(copy.gitDir).catch(() => undefined)) ? await rootsOf(copy, commit) : [];
    for (const root of roots) if (await commitOf(at, root)) return true;
    return false;
  }

  /** The repository's one name, under which everything of ours about it is kept. */
  path = async (repository: string): Promise<string> => (await this.source(repository)).name;

  /** Brings our bare copy up to date, and returns its path. */
  async fetch(repository: string): Promise<string> {
    const { name, at } = await this.source(repository);
    const copy = this.copyOf(name);
    await withLock(this.lockOf(`copy ${name}`), () => refresh({ gitDir: copy }, at));
    return copy;
  }

  /** Fetches a commit that was made in another checkout into our copy, where it can be merged and published. */
  async bringBack(repository: string, folder: string, commit: string): Promise<string> {
    const copy = await this.fetch(repository);
    await fetchFrom({ gitDir: copy }, folder, [commitId(commit)]);
    return copy;
  }

  /** A branch's head, read from the repository itself: our copy may not have it yet. */
  async headOf(repository: string, branch: string): Promise<string | undefined> {
    return headOf((await this.source(repository)).at, branch);
  }

  /** Both heads of a change as our copy has them. A base that is gone is an error: it may come back. */
  async headsIn(copy: Repository, { repository, branch, base }: Omit<Change, 'basis'>) {
    const refs = await branchesOf(copy, [branch, base]);
    const [head, baseHead] = [known(refs, `refs/heads/${branch}`), known(refs, `refs/heads/${base}`)];
    if (!baseHead) throw new Error(`The base branch ${base} of ${repository} is not there.`);
    return { head, baseHead };
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

  /** What a file holds in a commit, or nothing when it is not in it. A commit that is not there is an error. */
  async fileAt(repository: string, commit: string, file: string): Promise<string | undefined> {
    const where = await this.holding(repository, commit);
    const { stdout, code } = await git(where, ['cat-file', 'blob', `${commit}:${file}`], { okCodes: [0, 128] });
    return code === 0 ? stdout : undefined;
  }

  /** The settings a change was begun with: read from the base branch's commit of then, and never from the change. */
  async settingsOf({ repository, basis }: Pick<Change, 'repository' | 'basis'>): Promise<RepositorySettings> {
    const read = parseSettings((await this.fileAt(repository, basis, FILE)) ?? '');
    if ('settings' in read) return read.settings;
    throw new Error(`${FILE} of ${basis} cannot be read: ${read.fields.map(({ path }) => path).join(', ')}`);
  }

  async existsAt(repository: string, commit: string, file: string): Promise<boolean> {
    const where = await this.holding(repository, commit);
    const args = ['cat-file', '-e', `${commit}:${path.posix.normalize(file)}`];
    return (await git(where, args, { okCodes: [0, 1, 128] })).code === 0;
  }

  /** Where this commit is: our copy keeps what its owner has rewritten and collected. */
  private async holding(repository: string, commit: string): Promise<Repository> {
    const { name, at } = await this.source(repository);
    const copy = { gitDir: this.copyOf(name) };
    if (await commitOf(copy, commit).catch(() => undefined)) return copy;
    if (await commitOf(at, commit)) return at;
    throw new Error(`The commit ${commit} is not in ${repository} any more.`);
  }

  /**
   * A clean, complete checkout of a commit, in which git works, on a branch of its own name or on none. What an attempt
   * that died has left there is put out of the way.
   */
  async checkout(repository: string, commit: string, folder: string, onto: Onto = {}): Promise<void> {
    const draft = draftOf(folder);
    for (const left of [folder, draft]) await this.trash.take(left);
    try {
      await makeCheckout({ gitDir: await this.fetch(repository) }, commit, folder, onto);
    } finally {
      await this.trash.take(draft);
    }
  }

  /**
   * Moves a branch of the user's repository from one commit to another, or fails because it is no longer there. Where
   * its owner has the branch checked out, a clean checkout is brought along, and a dirty one is in the way.
   */
  async move(repository: string, branch: string, next: string, before: string): Promise<boolean> {
    const { name, at } = await this.source(repository);
    await fetchFrom(at, this.copyOf(name), [commitId(next)]);
    return this.moving.move(at, { branch, before, next });
  }

  /** Deletes a branch where it still stands at this commit. One that its owner works on stays. */
  async remove(repository: string, branch: string, commit: string): Promise<void> {
    const { at } = await this.source(repository);
    const isFree = await freeWorktrees(at, branch).then(
      (found) => found.length === 0,
      (failure: unknown) => !(failure instanceof BlockedByOwner),
    );
    if (!isFree) return;
    await git(at, ['update-ref', '-d', `refs/heads/${branch}`, commit], { kind: 'write', okCodes: [0, 1, 128] });
  }

  lockOf = (text: string): string => path.join(this.folders.locks, `${safeName(text)}.lock`);

  private copyOf = (name: string): string => path.join(this.folders.repositories, `${safeName(name)}.git`);
}

/**
 * By what a repository is known again without asking git: its folders, and what was given, are the same ones, of the same
 * user.
 */
async function markOf({ given, folder, at }: Found): Promise<string> {
  const marks = [given, folder, at.gitDir, at.commonDir].map(async (place) => {
    const found = await stat(place).catch(() => undefined);
    return found ? `${found.dev}:${found.ino}:${found.uid}` : randomUUID();
  });
  return (await Promise.all(marks)).join(' ');
}

/** A change with its repository named by its folder, under which its record is kept. */
export const withPath = async <Of extends { repository: string }>(workshop: GitWorkspace, change: Of): Promise<Of> => ({
  ...change,
  repository: await workshop.path(change.repository),
});
