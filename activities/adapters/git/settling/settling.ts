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
 * How long settling what one job has left may take, in milliseconds: as long as the default policy lets a job be silent.
 * After that the job has failed, for this reason.
 */
export const SETTLING_LIMIT_MS = 600_000;

/** What became of what a writing job left. `notes`: what people should know besides. */
export type Settled = { notes: string[] } & (
  { is: 'made'; commit: string } | { is: 'nothing' } | { is: 'refused'; because: string }
);

export interface Settling {
  tree: string;
  begun: Begun;
  /** Our copy of the repository, just updated. It has the result afterwards. */
  copy: Repository;
  /** A temporary folder of ours, beside the checkout. */
  scratch: string;
  keep: Keep;
  signal?: AbortSignal | undefined;
  limitMs?: number;
}

/**
 * Settles a writing job: from every state in which an agent can leave its checkout to an end, in bounded time.
 *
 * | What was left | What it becomes |
 * |---|---|
 * | files, changed, new, removed, staged or not | a commit of ours on what the agent committed |
 * | commits that descend from the start, on whatever branch HEAD is | the result |
 * | HEAD back at the start, all clean, and one branch ahead of it | that branch is the result |
 * | several such branches, stashes, tags, commits that nothing names | told, and kept as a bundle |
 * | ignored files only | nothing, and told; kept in the bundle as far as they are few and small |
 * | commits that do not descend from the start, or HEAD without a commit | refused, and kept as a bundle |
 * | a merge without conflicts, or with all of them decided | a merge commit |
 * | a merge with a conflict that nobody decided, or with git's marks | refused, by the files' names |
 * | a rebase or a series of patches half-way | refused; a bisect is nothing |
 * | sparse checkouts, split and sparse indexes | as with the agent's own git |
 * | locks, hooks, filters, settings, alternates of the agent's git | not looked at |
 * | an index that is missing or broken | one made from HEAD |
 * | `.git` removed, or a file, a link, bare, or another repository's | refused |
 * | refs, HEAD or objects that cannot be read | refused; commits are looked for among the objects, or `.git` itself is kept |
 * | a repository in it, with commits or without | its files are taken in as files, its history is kept |
 * | a clone in it, or a link that `.gitmodules` does not name | refused, by name |
 * | a worktree in it | left out; what it committed is told, as any branch |
 * | pipes, sockets, devices | nothing where they are new, refused in a tracked file's place |
 * | links | links: none is followed |
 * | files and folders closed to their owner | opened up |
 * | files of more than 1 GiB | refused, by name |
 * | only what git's own conversions make of line ends | nothing |
 * | the checkout itself removed, or a link | refused |
 *
 * Everything else that git or the file system refuses there is refused with their words, and so is what takes longer than
 * the limit. Only what is wrong with our own copy or the machine throws: that can be tried again.
 */
export async function settle(settling: Settling, message: string): Promise<Settled> {
  return withinLimits(settling, async (checkout, state) => {
    const { copy, keep, scratch } = settling;
    const { commit, notes, takenIn } = await collect(checkout, state, message);
    if (commit !== undefined) {
      // The transfer looks at every object: what is broken or has no business in a repository does not come across.
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

/** Keeps what a job has committed that came to no good end, and says where. Whatever goes wrong with that, it is over. */
export async function keepCommits(settling: Settling): Promise<string[]> {
  const kept = await withinLimits(settling, async (checkout, state) => ({
    is: 'nothing',
    notes: await everything(checkout, state, settling.keep, { files: false }),
  })).catch(() => undefined);
  return kept?.notes ?? [];
}

/** The names of what a reading job changed or committed all the same. */
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

/** Does the work on the checkout, and turns what git or the file system refuses there into an answer. */
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

/** What of a refused job is kept all the same. Whatever goes wrong with that, the job is over. */
async function rescued(settling: Settling, limits: Checkout['limits'], seen?: [Checkout, GitState]): Promise<string[]> {
  const { tree, begun, copy, scratch, keep } = settling;
  const notes = seen ? await everything(...seen, keep, { files: true }).catch(() => []) : [];
  if (notes.length > 0) return notes;
  return salvaged({ tree, begun, copy, limits, scratch, keep }).catch(() => []);
}

/** The checkout through a git folder of our own, opened up first where the agent has closed it. */
async function openedView({ tree, scratch, copy }: Settling): Promise<Repository> {
  if (!(await isFolder(tree)))
    throw new NotACheckout('The checkout is gone: where its folder was there is none any more.');
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

/** Keeps all that the agent has made, committed or not, as far as git can still be had to. */
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

/** What is no fault of what was left: a full disk, a machine without processes or files to spare, our own copy gone. */
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
  return `${by} refuses what it left: ${text.slice(-1_000) || 'without a word'}`;
}
