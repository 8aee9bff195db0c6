import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { safeName } from '../../files/folders.ts';
import { readJson, writeJson } from '../../files/records.ts';
import { isNothing } from '../../git/commits.ts';
import { git, GitFailed } from '../../git/door.ts';
import { machineSettings } from '../../git/machine.ts';
import { headOf } from '../../git/refs.ts';
import type { Exclusively } from '../../processes/exclusive.ts';
import { BlockedByOwner } from './blocked-by-owner.ts';
import { stateSince, take } from './following.ts';
import { worktreesOf, type Target, type Worktree } from './worktrees.ts';

/** The record of a move that has begun. After a crash, the next worker finishes the move. */
const Move = z.object({
  branch: z.string(),
  before: z.string(),
  next: z.string(),
  worktrees: z.array(z.object({ gitDir: z.string(), commonDir: z.string(), workTree: z.string() })),
});
type Move = z.output<typeof Move>;

/**
 * Moves branches in people's repositories: first the ref, by compare and swap, and then the owner's clean checkout. Each
 * move is recorded before it begins.
 */
export class Moving {
  constructor(
    private readonly folder: string,
    private readonly exclusively: Exclusively,
  ) {}

  /**
   * Moves a branch from one commit to another. The repository must have both. Returns false if the branch is no longer at
   * the first one. Throws `BlockedByOwner`, before anything has moved, if work of the owner is in the way.
   */
  move(target: Target, { branch, before, next }: { branch: string; before: string; next: string }): Promise<boolean> {
    const file = this.fileOf(target.commonDir, branch);
    return this.exclusively.everywhere(leaseOf(file), async () => {
      await this.finish(file);
      const standsAt = async () => (await headOf(target, branch)) === (isNothing(before) ? undefined : before);
      if (!(await standsAt())) return false;
      const worktrees = await freeWorktrees(target, branch);
      for (const worktree of worktrees) {
        try {
          await mustFollow(worktree, branch, before, next);
        } catch (failure) {
          if (!(await standsAt())) return false; // the difference is a commit that came in meanwhile
          throw failure;
        }
      }
      await writeJson(file, { branch, before, next, worktrees } satisfies Move);
      const at = isNothing(before) ? '' : before; // zeros would have the length of one of git's two formats
      try {
        await git(target, ['update-ref', '-m', 'gatehouse', `refs/heads/${branch}`, next, at], { kind: 'write' });
      } catch (failure) {
        await rm(file, { force: true });
        if (!(failure instanceof GitFailed)) throw failure;
        if (!(await standsAt())) return false;
        throw inTheWay(failure, branch) ?? failure;
      }
      await this.finish(file);
      return true;
    });
  }

  /** Finishes the moves of workers that died. */
  async finishAll(): Promise<void> {
    for (const name of await readdir(this.folder).catch((): string[] => [])) {
      if (!name.endsWith('.json')) continue;
      const file = path.join(this.folder, name);
      await this.exclusively.everywhere(leaseOf(file), () => this.finish(file)).catch(() => undefined); // retried with the next move
    }
  }

  /**
   * Updates each checkout that is still at the commit where the branch was before the move, because its owner has not
   * touched it since.
   */
  private async finish(file: string): Promise<void> {
    const move = await readJson(file, Move);
    if (!move) return;
    for (const worktree of move.worktrees) {
      if (await isLeftBehind(worktree, move)) await follow(worktree, move.before, move.next);
    }
    await rm(file, { force: true });
  }

  private fileOf = (commonDir: string, branch: string) =>
    path.join(this.folder, `${safeName(`${commonDir} ${branch}`)}.json`);
}

/** Workers with other data folders move the same branches, so the lease is theirs too. */
const leaseOf = (file: string): string => `move ${path.basename(file)}`;

/** The checkouts that have this branch. Throws if its owner is in the middle of a rebase, bisect or merge with it. */
export async function freeWorktrees(target: Target, branch: string): Promise<Worktree[]> {
  const found = await worktreesOf(target, branch);
  const busy = found.find((each) => each.busy !== undefined);
  if (!busy) return found.map(({ worktree }) => worktree);
  throw new BlockedByOwner(`${branch} is being ${busy.busy} in ${busy.worktree.workTree}: finish or abort that first.`);
}

/** Throws unless the checkout can follow as with `git merge --ff-only`, because its owner has changed nothing in it. */
async function mustFollow(worktree: Worktree, branch: string, before: string, next: string): Promise<void> {
  const dirty = new BlockedByOwner(
    `The owner's checkout of ${branch} in ${worktree.workTree} is dirty: commit or stash there.`,
  );
  if (isNothing(before)) throw dirty;
  const settings = await contentSettings();
  await withScratch(async (scratch) => {
    const state = await stateSince(worktree, before, { settings, scratch });
    if (!state.isUnchanged) throw dirty;
    try {
      await take(worktree, { before, next, settings, scratch, converted: state.converted }, ['--dry-run']);
    } catch (failure) {
      if (failure instanceof GitFailed && !failure.timedOut) throw dirty; // an untracked file would be overwritten
      throw failure;
    }
  });
}

/** Whether the branch has moved while this checkout and its index are still at the commit from before. */
async function isLeftBehind(worktree: Worktree, { branch, before, next }: Move): Promise<boolean> {
  const { gitDir, commonDir, workTree } = worktree;
  const at = { gitDir, commonDir, ...(gitDir === commonDir && { checkout: workTree }) };
  const found = (await worktreesOf(at, branch)).find((each) => each.worktree.workTree === worktree.workTree);
  if (!found || found.busy !== undefined || (await headOf(worktree, branch)) !== next) return false;
  const { code } = await git(worktree, ['diff-index', '--cached', '--quiet', before, '--'], {
    kind: 'checkout',
    okCodes: [0, 1],
  });
  return code === 0;
}

/** Updates the checkout's files from one commit to the next. Changes that the owner made meanwhile stay, as with git. */
async function follow(worktree: Worktree, before: string, next: string): Promise<void> {
  const settings = await contentSettings();
  await withScratch(async (scratch) => {
    const { converted } = await stateSince(worktree, before, { settings, scratch });
    await take(worktree, { before, next, settings, scratch, converted });
  });
}

/** The person's git settings for their checkout, because these decide what a file looks like there. */
const contentSettings = () =>
  machineSettings(/^(?:filter\..*|core\.(?:autocrlf|eol|symlinks|ignorecase|attributesfile))$/);

async function withScratch<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-moving-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Git stores branches as files and folders, so `a` and `a/b` exclude each other. */
function inTheWay({ stderr }: GitFailed, branch: string): BlockedByOwner | undefined {
  const other = /'refs\/heads\/([^']+)' exists; cannot create/.exec(stderr)?.[1];
  return other === undefined
    ? undefined
    : new BlockedByOwner(`Git cannot have the branch ${branch} while it has ${other}.`);
}
