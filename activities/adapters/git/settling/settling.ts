import { chmod, lstat } from 'node:fs/promises';
import path from 'node:path';
import { clear, isFolder } from '../../files/clearing.ts';
import { openUp } from '../../files/clearing.ts';
import { DiskFull, roomFor } from '../../files/disk.ts';
import { plain } from '../../processes/text.ts';
import { commitId, commitTree } from '../commits.ts';
import { differencesIn } from '../differences.ts';
import { GitFailed, type Repository } from '../door.ts';
import { fetchFrom } from '../transfer.ts';
import { NotACheckout, viewOf } from '../viewing.ts';
import type { Begun } from './checkout.ts';
import { ask, listed, Refusal, type Checkout } from './checkout.ts';
import { collect, type Collected } from './collecting.ts';
import { readGitState, type GitState } from './git-state.ts';
import { ignoredFiles, notesOnIgnored } from './ignored.ts';
import { kept, keptHistory, leftBehind, notesOnLeft, type Keep } from './left-behind.ts';
import { salvaged } from './salvaging.ts';
import { snapshotOf, usableIndex } from './snapshot.ts';

/**
 * How long settling one job may take, in milliseconds: as long as the default policy lets a job be silent. After that the
 * job fails, and reports this limit as the reason.
 */
export const SETTLING_LIMIT_MS = 600_000;

/** The result of settling a writing job. `notes`: what else people should know. */
export type Settled = { notes: string[] } & (
  { is: 'made'; commit: string } | { is: 'nothing' } | { is: 'refused'; because: string }
);

export interface Settling {
  tree: string;
  begun: Begun;
  /** Our copy of the repository, just updated. Afterwards it contains the result. */
  copy: Repository;
  /** A temporary folder of ours, next to the checkout. */
  scratch: string;
  keep: Keep;
  signal?: AbortSignal | undefined;
  limitMs?: number;
}

/**
 * Settles a writing job: reaches a result from every state in which an agent can leave its checkout, in bounded time.
 *
 * | What the agent left | What happens |
 * |---|---|
 * | changed, new or removed files, staged or not | committed by us on top of the agent's own commits |
 * | commits that descend from the start, on any branch that HEAD is on | the result |
 * | HEAD back at the start, a clean checkout, and one branch ahead of it | that branch is the result |
 * | several such branches, stashes, tags, commits that nothing names | reported, and kept as a bundle |
 * | ignored files only | no result; reported, and kept in the bundle if they are few and small |
 * | commits that do not descend from the start, or HEAD without a commit | refused, and kept as a bundle |
 * | a merge without conflicts, or with all of them resolved | a merge commit |
 * | a merge with an unresolved conflict, or with git's marks | refused; the message names the files |
 * | an unfinished rebase or series of patches | refused; an unfinished bisect does not matter |
 * | sparse checkouts, split and sparse indexes | as with the agent's own git |
 * | locks, hooks, filters, settings, alternates of the agent's git | ignored |
 * | a missing or broken index | replaced by one made from HEAD |
 * | `.git` removed, or a file, a link, bare, or another repository's | refused |
 * | unreadable refs, HEAD or objects | refused; commits found among the objects are kept, or else `.git` itself |
 * | a nested repository, with commits or without | its files become part of the change, its history is kept |
 * | a nested clone, or a submodule link that `.gitmodules` does not name | refused; the message names it |
 * | a nested worktree | not part of the change; its commits are reported as those of any branch |
 * | pipes, sockets, devices | ignored if they are new, refused in place of a tracked file |
 * | symbolic links | committed as links; none is followed |
 * | files and folders without permissions for their owner | permissions are restored |
 * | files of more than 1 GiB | refused; the message names them |
 * | only line ends that git's own conversions change | no result |
 * | a checkout folder that was removed or replaced by a link | refused |
 *
 * Everything else that git or the file system refuses is refused with their message, and so is settling that exceeds the
 * limit. Only a problem with our own copy or the machine throws, because a retry can succeed.
 */
export async function settle(settling: Settling, message: string): Promise<Settled> {
  return withinLimits(settling, async (checkout, state) => {
    const { copy, keep, scratch } = settling;
    const { commit, notes, takenIn } = await collect(checkout, state, message);
    if (commit !== undefined) {
      // The transfer checks every object, so broken or invalid objects do not reach our copy.
      const settings = ['fetch.fsckObjects=true'];
      await fetchFrom(copy, scratch, [commitId(commit)], { ...checkout.limits, settings });
    }
    const all = [...notes, ...(await historiesOf(settling, checkout, takenIn))];
    const left = await leftBehind(checkout, state, commit);
    const ignored = commit === undefined ? await ignoredFiles(checkout) : { names: [], kept: [], without: 0 };
    const file = await kept(checkout, [...left, ...ignored.kept], keep);
    all.push(...notesOnLeft(left, file), ...notesOnIgnored(ignored, file));
    return commit === undefined ? { is: 'nothing', notes: all } : { is: 'made', commit, notes: all };
  });
}

/**
 * Keeps the commits of a failed job, and returns notes that say where. An error in this does not matter, because the job is
 * over.
 */
export async function keepCommits(settling: Settling): Promise<string[]> {
  const kept = await withinLimits(settling, async (checkout, state) => ({
    is: 'nothing',
    notes: await everything(checkout, state, settling.keep, { files: false }),
  })).catch(() => undefined);
  return kept?.notes ?? [];
}

/** The names of everything that a reading job changed or committed although it must not. */
export async function discarded(settling: Settling): Promise<string[]> {
  let names: string[] = [];
  const work: Work = async (checkout, { head }) => {
    const { start } = checkout.begun;
    const at = head ?? start;
    await usableIndex(checkout, at);
    const { changes, takenIn } = await snapshotOf(checkout, at);
    const args = ['diff-tree', '-r', '--raw', '--no-renames', '-z', start, at];
    const committed = differencesIn((await ask(checkout, args, { kind: 'checkout' })).stdout.split('\0'));
    names = [...changes, ...committed].map(({ path }) => path).concat(takenIn.map(({ name }) => name));
    return { is: 'nothing', notes: [] };
  };
  const { is } = await withinLimits(settling, work, async () => []); // nothing of it is kept
  const all = [...new Set(names)].map(plain).slice(0, DISCARDED);
  return is === 'refused' ? ['.git'] : all;
}
const DISCARDED = 20;

type Work = (checkout: Checkout, state: GitState) => Promise<Settled>;

/** Runs the work on the checkout, and returns a refusal by git or the file system as a value. */
async function withinLimits(settling: Settling, work: Work, rescue = rescued): Promise<Settled> {
  const { tree, begun, copy, scratch, signal, limitMs = SETTLING_LIMIT_MS } = settling;
  const limits = { signal, deadline: Date.now() + limitMs };
  let seen: [Checkout, GitState] | undefined;
  try {
    return await roomFor(scratch, async () => {
      const checkout = { tree, begun, copy, limits, view: await openedView(settling) };
      const state = await readGitState(checkout);
      seen = [checkout, state];
      return await work(checkout, state);
    });
  } catch (failure) {
    if (await isOurs(failure, settling)) throw failure;
    const isLate = Date.now() >= limits.deadline;
    const because = isLate ? `Settling what it left took more than ${limitMs / 1_000} s.` : becauseOf(failure);
    return { is: 'refused', because, notes: isLate ? [] : await rescue(settling, limits, seen) };
  } finally {
    await clear(scratch);
  }
}

/** Keeps the work of a refused job. An error in this does not matter, because the job is over. */
async function rescued(settling: Settling, limits: Checkout['limits'], seen?: [Checkout, GitState]): Promise<string[]> {
  const { tree, begun, copy, scratch, keep } = settling;
  const notes = seen ? await everything(...seen, keep, { files: true }).catch(() => []) : [];
  if (notes.length > 0) return notes;
  return salvaged({ tree, begun, copy, limits, scratch, keep }).catch(() => []);
}

/** The checkout through a git folder of our own. Restores permissions first if the agent has removed them. */
async function openedView({ tree, scratch, copy }: Settling): Promise<Repository> {
  if (!(await isFolder(tree))) throw new NotACheckout('The checkout is gone: its folder was removed or replaced.');
  for (const folder of [tree, path.join(tree, '.git')]) {
    if (await isFolder(folder)) await chmod(folder, 0o755).catch(() => undefined);
  }
  try {
    return await viewOf(tree, scratch, copy);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== 'EACCES') throw failure;
    await openUp(path.join(tree, '.git'));
    return viewOf(tree, scratch, copy);
  }
}

/** Keeps everything that the agent has made, committed or not, as far as git can still read it. */
async function everything(
  checkout: Checkout,
  state: GitState,
  keep: Keep,
  { files }: { files: boolean },
): Promise<string[]> {
  const left = await leftBehind(checkout, state);
  const work = files ? await uncommitted(checkout, state).catch(() => undefined) : undefined;
  if (work) left.push({ ref: 'files', commit: work, called: 'the files as they were' });
  return notesOnLeft(left, await kept(checkout, left, keep));
}

async function uncommitted(checkout: Checkout, { head = checkout.begun.start }: GitState): Promise<string | undefined> {
  await usableIndex(checkout, head);
  const { changes, tree } = await snapshotOf(checkout, head);
  if (changes.length === 0) return undefined;
  return commitTree(checkout.view, tree, [head], 'The files as they were left');
}

async function historiesOf(settling: Settling, checkout: Checkout, takenIn: Collected['takenIn']): Promise<string[]> {
  const { keep } = settling;
  const files: string[] = [];
  const lost: string[] = [];
  for (const [index, { name, git }] of takenIn.entries()) {
    try {
      const file = await keptHistory(checkout, git, { ...keep, name: `${keep.name}-${index + 1}` });
      if (file) files.push(file);
    } catch (failure) {
      if (await isOurs(failure, settling)) throw failure;
      lost.push(`The history of ${name} could not be kept. ${becauseOf(failure)}`);
    }
  }
  return [...(files.length > 0 ? [`Their own history is kept in ${listed(files)}.`] : []), ...lost];
}

/**
 * Whether the agent did not cause the failure: a full disk, a machine that is out of processes or files, or a broken copy of
 * ours.
 */
async function isOurs(failure: unknown, { copy, signal }: Settling): Promise<boolean> {
  if (signal?.aborted || failure instanceof DiskFull) return true;
  const { code = '', syscall = '' } = failure as NodeJS.ErrnoException;
  if (syscall.startsWith('spawn') || ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EIO'].includes(code)) return true;
  const there = await lstat(path.join(copy.gitDir, 'HEAD')).catch(() => undefined);
  return there === undefined;
}

function becauseOf(failure: unknown): string {
  if (failure instanceof NotACheckout || failure instanceof Refusal) return plain(failure.message);
  const text = plain(failure instanceof GitFailed ? failure.stderr : (failure as Error).message).trim();
  const by = failure instanceof GitFailed ? 'Git' : 'The file system';
  return `${by} refuses what it left: ${text.slice(-1_000) || 'without a reason'}`;
}
