import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Trash } from '../../files/trash.ts';
import { commitId, commitOf, rootsOf } from '../../git/commits.ts';
import { git, type Repository } from '../../git/door.ts';
import { refresh } from '../../git/mirror.ts';
import { fetchFrom } from '../../git/transfer.ts';
import { GitWorkspace } from '../../git/workspace.ts';
import type { Exclusively } from '../../processes/exclusive.ts';
import type { Sights } from '../../processes/sights.ts';
import { BlockedByOwner } from './blocked-by-owner.ts';
import { locate, type Found, type Located } from './locating.ts';
import { freeWorktrees, Moving } from './moving.ts';

/**
 * Works on people's repositories on this machine. In these, we only move branches, by compare and swap. We touch no
 * configuration, hooks, worktree registrations or other refs.
 */
export class LocalWorkspace extends GitWorkspace<Found> {
  private readonly moving;
  private readonly located = new Map<string, { found: Found; mark: string }>();

  constructor(
    root: string,
    exclusively: Exclusively,
    trash?: Trash,
    /** Which workers have which repositories. Without this, there is only this worker. */
    private readonly sights?: Sights,
  ) {
    super(root, exclusively, trash);
    this.moving = new Moving(this.folders.moves, exclusively);
  }

  /**
   * Finds the repository at an absolute path or file:// URL, or returns why there is none. Throws `HeldElsewhere` or
   * `HolderSilent` if it is for another worker.
   */
  async locate(repository: string): Promise<Located> {
    const before = this.located.get(repository);
    if (before && before.mark === (await markOf(before.found))) return before.found;
    const found = await locate(repository);
    if (found.is === 'found') {
      await this.sights?.seen(repository);
      this.located.set(repository, { found, mark: await markOf(found) });
      return found;
    }
    this.located.delete(repository);
    const machines = (await this.sights?.missing(repository)) ?? [];
    if (machines.length === 0) return found;
    const because = `no worker that runs now has it; it was last seen on ${machines.join(', ')}`;
    return { is: 'none', because: found.because ?? because };
  }

  /** Updates checkouts whose branch was moved before a worker died. */
  finishMoves = (): Promise<void> => this.moving.finishAll();

  async source(repository: string): Promise<Found> {
    const found = await this.locate(repository);
    if (found.is === 'found') return found;
    throw new Error(`${repository} cannot be found: ${found.because ?? 'is it still a git repository?'}`);
  }

  protected refresh(copy: Repository, { at }: Found): Promise<void> {
    return refresh(copy, at);
  }

  protected async current({ at }: Found): Promise<Repository> {
    return at;
  }

  /**
   * The name that a run uses for its whole life: the repository's canonical name if that leads to it, otherwise the given
   * name.
   */
  async lasting({ name, at }: Found, given: string): Promise<string> {
    const named = await this.locate(name);
    return named.is === 'found' && named.at.commonDir === at.commonDir ? name : given;
  }

  /**
   * Whether this is the repository of an earlier commit: it has that commit or, if its history was rewritten since, one of
   * the commit's roots.
   */
  async isKin({ name, at }: Found, commit: string): Promise<boolean> {
    if (await commitOf(at, commit)) return true;
    const copy = { gitDir: this.copyOf(name) };
    const roots = (await stat(copy.gitDir).catch(() => undefined)) ? await rootsOf(copy, commit) : [];
    for (const root of roots) if (await commitOf(at, root)) return true;
    return false;
  }

  /** The branch that HEAD names. If HEAD is detached: `main`, `master`, or the only branch. */
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

  /** A clean checkout of the branch follows the move. A dirty one blocks it. */
  async move(repository: string, branch: string, next: string, before: string): Promise<boolean> {
    const { name, at } = await this.source(repository);
    await fetchFrom(at, this.copyOf(name), [commitId(next)]);
    return this.moving.move(at, { branch, before, next });
  }

  /** Keeps a branch that its owner has checked out. */
  async remove(repository: string, branch: string, commit: string): Promise<void> {
    const { at } = await this.source(repository);
    const isFree = await freeWorktrees(at, branch).then(
      (found) => found.length === 0,
      (failure: unknown) => !(failure instanceof BlockedByOwner),
    );
    if (!isFree) return;
    await git(at, ['update-ref', '-d', `refs/heads/${branch}`, commit], { kind: 'write', okCodes: [0, 1, 128] });
  }
}

/** Identifies a repository without calling git: by its folders, the given path, and their owner. */
async function markOf({ given, folder, at }: Found): Promise<string> {
  const marks = [given, folder, at.gitDir, at.commonDir].map(async (place) => {
    const found = await stat(place).catch(() => undefined);
    return found ? `${found.dev}:${found.ino}:${found.uid}` : randomUUID();
  });
  return (await Promise.all(marks)).join(' ');
}
