import path from 'node:path';
import type { Change } from '../../../workflows/contracts/change.ts';
import { foldersOf, safeName } from '../files/folders.ts';
import { Trash } from '../files/trash.ts';
import type { Exclusively } from '../processes/exclusive.ts';
import { draftOf, makeCheckout, type Equipping, type Onto } from './checkout.ts';
import { commitId, commitOf } from './commits.ts';
import { git, type Repository } from './door.ts';
import { despiteLocks } from './locks.ts';
import { branchesOf } from './mirror.ts';
import { headOf, known } from './refs.ts';
import { fetchFrom } from './transfer.ts';

/**
 * A repository as its forge finds it. It has one canonical name, however it was given, and all its records use that name.
 */
export interface Source {
  name: string;
}

/**
 * Works on the repositories of one forge, in bare copies of our own. Each forge implements how a repository is found and
 * read, and how its branches move.
 */
export abstract class GitWorkspace<Of extends Source = Source> {
  protected readonly folders;

  constructor(
    root: string,
    protected readonly exclusively: Exclusively,
    private readonly trash = new Trash(root),
  ) {
    this.folders = foldersOf(root);
  }

  /** Finds a repository that existed before. If it cannot be found now, that is a transient failure. */
  abstract source(repository: string): Promise<Of>;
  /** Updates our bare copy. Only one process at a time does so. */
  protected abstract refresh(copy: Repository, source: Of): Promise<void>;
  /** A repository that our git can read and that is up to date with the source. */
  protected abstract current(source: Of, copy: Repository): Promise<Repository>;
  /** Moves a branch at the source from one commit to another. Returns false if it is no longer at the first. */
  abstract move(repository: string, branch: string, next: string, before: string): Promise<boolean>;
  /** Deletes a branch at the source if it is still at this commit. */
  abstract remove(repository: string, branch: string, commit: string): Promise<void>;

  /** The repository's canonical name. */
  path = async (repository: string): Promise<string> => (await this.source(repository)).name;

  /** Updates our bare copy, and returns its path. */
  async fetch(repository: string): Promise<string> {
    const source = await this.source(repository);
    const copy = this.copyOf(source.name);
    await this.update({ gitDir: copy }, source);
    return copy;
  }

  /** Updates our bare copy. */
  protected update(copy: Repository, source: Of): Promise<void> {
    return this.alone(source, copy, () => this.refresh(copy, source));
  }

  /** Works on the refs of our copy while no other process does. */
  protected alone<T>(source: Of, copy: Repository, work: () => Promise<T>): Promise<T> {
    return this.exclusively(copyLease(source.name), () => despiteLocks(copy, work));
  }

  /** Fetches a commit that was made in another git folder into our copy, where it can be merged and published. */
  async bringBack(repository: string, folder: string, commit: string): Promise<string> {
    const copy = await this.fetch(repository);
    await fetchFrom({ gitDir: copy }, folder, [commitId(commit)]);
    return copy;
  }

  /** A branch's head, read at the source: our copy may not have it yet. */
  async headOf(repository: string, branch: string): Promise<string | undefined> {
    const source = await this.source(repository);
    return headOf(await this.current(source, { gitDir: this.copyOf(source.name) }), branch);
  }

  /** Both heads of a change in our copy. Throws if the base is gone, because it may come back. */
  async headsIn(copy: Repository, { repository, branch, base }: Omit<Change, 'basis'>) {
    const refs = await branchesOf(copy, [branch, base]);
    const [head, baseHead] = [known(refs, `refs/heads/${branch}`), known(refs, `refs/heads/${base}`)];
    if (!baseHead) throw new Error(`The base branch ${base} of ${repository} does not exist.`);
    return { head, baseHead };
  }

  /**
   * The contents of a file in a commit. Undefined if the commit does not have the file. Throws if the commit does not exist.
   */
  async fileAt(repository: string, commit: string, file: string): Promise<string | undefined> {
    const where = await this.holding(repository, commit);
    const { stdout, code } = await git(where, ['cat-file', 'blob', `${commit}:${file}`], { okCodes: [0, 128] });
    return code === 0 ? stdout : undefined;
  }

  async existsAt(repository: string, commit: string, file: string): Promise<boolean> {
    const where = await this.holding(repository, commit);
    const args = ['cat-file', '-e', `${commit}:${path.posix.normalize(file)}`];
    return (await git(where, args, { okCodes: [0, 1, 128] })).code === 0;
  }

  /** The repository that has this commit. Our copy keeps commits that its owner has rewritten and collected. */
  private async holding(repository: string, commit: string): Promise<Repository> {
    const source = await this.source(repository);
    const copy = { gitDir: this.copyOf(source.name) };
    if (await commitOf(copy, commit).catch(() => undefined)) return copy;
    const current = await this.current(source, copy);
    if ((await commitOf(current, commit)) || (await this.sought?.(source, copy, commit))) return current;
    throw new Error(`The commit ${commit} is no longer in ${repository}.`);
  }

  /** Looks elsewhere for a commit that no branch of the source has. Returns whether our copy has it now. */
  protected sought?(source: Of, copy: Repository, commit: string): Promise<boolean>;
  /** Brings what a checkout of the commit needs besides our copy: some before it is made, some into it before its first use. */
  protected equip?(repository: string, copy: Repository, commit: string, onto: Onto): Promise<Equipping>;

  /**
   * Makes a clean, complete, working checkout of a commit, on the given branch or on none. The remains of an attempt that
   * died are moved out of the way.
   */
  async checkout(repository: string, commit: string, folder: string, onto: Onto = {}): Promise<void> {
    const draft = draftOf(folder);
    for (const left of [folder, draft]) await this.trash.take(left);
    try {
      const copy = { gitDir: await this.fetch(repository) };
      // A commit of a fork is on no branch, and another worker may have fetched it.
      if (this.sought && !(await commitOf(copy, commit).catch(() => undefined))) {
        await this.sought(await this.source(repository), copy, commit);
      }
      const equip = await this.equip?.(repository, copy, commit, onto);
      await makeCheckout(copy, commit, folder, { ...onto, equip });
    } finally {
      await this.trash.take(draft);
    }
  }

  /** The path of our copy of the repository with this name. */
  copyOf = (name: string): string => path.join(this.folders.repositories, `${safeName(name)}.git`);
}

/** The lease under which our copy of the repository with this name is updated. */
export const copyLease = (name: string): string => `copy ${name}`;

/** The change with its repository's canonical name, under which its record is kept. */
export const withPath = async <Of extends { repository: string }>(
  workspace: Pick<GitWorkspace, 'path'>,
  change: Of,
): Promise<Of> => ({ ...change, repository: await workspace.path(change.repository) });
