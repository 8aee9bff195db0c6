import { lstat, rm } from 'node:fs/promises';
import path from 'node:path';
import { openUp } from '../../files/clearing.ts';
import type { Difference } from '../differences.ts';
import { GitFailed } from '../door.ts';
import { ask, changesSince, listed, lookAt, lookAtName, partsOf, Refusal, type Checkout } from './checkout.ts';
import { shownName, type Name } from './names.ts';
import { flattened, type Nested } from './nested.ts';
import { keptAsTheyWere } from './normalising.ts';

/** A checkout's files as a tree, and how the tree differs from the commit that HEAD names. */
export interface Snapshot extends Nested {
  tree: string;
  changes: Difference[];
}

/** The largest file that a change may have, in bytes. Forges accept much less: GitHub at most 100 MB. */
const MOST_BYTES = 1_024 ** 3;

/**
 * Adds a checkout's files to our own objects and index, as `git add --all` would. Reads the folder itself and ignores the
 * settings of the agent's git. Throws `Refusal` for files that cannot be added.
 */
export async function snapshotOf(checkout: Checkout, head: string): Promise<Snapshot> {
  await unhide(checkout);
  const nested = await flattened(checkout);
  const changed = await changedFiles(checkout);
  await mustBeFiles(checkout, changed, nested.others);
  const isAsStaged = changed.length === 0 && nested.others.length === 0;
  try {
    return { ...nested, ...(await treeOf(checkout, head, isAsStaged)) };
  } catch (failure) {
    if (!(failure instanceof GitFailed) || failure.timedOut) throw failure;
    await newIndex(checkout, head); // the agent's index is not usable for that
    return { ...nested, ...(await treeOf(checkout, head, false)) };
  }
}

/** Adds unstaged changes and writes the tree. Each git call is slow on a large repository, so none is made needlessly. */
async function treeOf(
  checkout: Checkout,
  head: string,
  isAsStaged: boolean,
): Promise<Pick<Snapshot, 'tree' | 'changes'>> {
  const staged = await changesSince(checkout, head);
  if (isAsStaged && staged.length === 0) {
    return { tree: (await ask(checkout, ['rev-parse', `${head}^{tree}`])).stdout, changes: [] };
  }
  await addAll(checkout);
  const added = await changesSince(checkout, head);
  const changes = (await keptAsTheyWere(checkout, staged, added)) ? await changesSince(checkout, head) : added;
  return { tree: (await ask(checkout, ['write-tree'], { kind: 'write' })).stdout, changes };
}

/**
 * Makes git inspect every tracked file in the checkout, even those that the agent has hidden from its git
 * (`update-index --assume-unchanged`, `--skip-worktree`). Files that a sparse checkout omits stay omitted.
 */
async function unhide(checkout: Checkout): Promise<void> {
  const entries = partsOf(await ask(checkout, ['ls-files', '-v', '-z'], { bytes: true }));
  const assumed = entries.filter((entry) => /^[a-z]/.test(entry)).map((entry) => entry.slice(2));
  const isSparse = (await lookAt(checkout, '.git/info/sparse-checkout')).is !== 'nothing';
  const skipped: Name[] = [];
  for (const entry of entries) {
    const isSkipped = entry.startsWith('S ') || entry.startsWith('s ');
    if (!isSkipped) continue;
    const isThere = !isSparse || (await lookAtName(checkout, entry.slice(2))).is !== 'nothing';
    if (isThere) skipped.push(entry.slice(2));
  }
  const options = [
    ['--no-assume-unchanged', assumed],
    ['--no-skip-worktree', skipped],
  ] as const;
  for (const [option, names] of options) {
    if (names.length === 0) continue;
    const input = names.map((name) => `${name}\0`).join('');
    await ask(checkout, ['update-index', option, '-z', '--stdin'], { kind: 'write', input, bytes: true });
  }
}

/** Tracked files that differ, or may differ, from the index. */
const changedFiles = async (checkout: Checkout): Promise<Name[]> =>
  partsOf(await ask(checkout, ['diff-files', '--name-only', '-z'], { kind: 'checkout', bytes: true }));

/** Makes sure that there is an index which git can read. Returns whether it is the agent's. */
export async function usableIndex(checkout: Checkout, head: string): Promise<boolean> {
  const there = await lstat(path.join(checkout.view.gitDir, 'index')).catch(() => undefined);
  const args = ['ls-files', '--unmerged', '-z'];
  const { code } = there ? await ask(checkout, args, { okCodes: [0, 128, 129] }) : { code: 128 };
  if (code === 0) return true;
  await newIndex(checkout, head);
  return false;
}

async function newIndex(checkout: Checkout, head: string): Promise<void> {
  if ((await lookAt(checkout, '.git/info/sparse-checkout')).is !== 'nothing') {
    throw new Refusal(
      'Its index cannot be read, and only the index of a sparse checkout shows which files were left out.',
    );
  }
  await rm(path.join(checkout.view.gitDir, 'index'), { force: true });
  await ask(checkout, ['read-tree', head], { kind: 'write' });
  await ask(checkout, ['update-index', '-q', '--refresh'], { kind: 'checkout', okCodes: [0, 1] });
}

async function addAll(checkout: Checkout): Promise<void> {
  const add = () => ask(checkout, ['add', '--all'], { kind: 'checkout' });
  const isClosed = (text: string) => /permission denied/i.test(text);
  try {
    if (!isClosed((await add()).stderr)) return;
  } catch (failure) {
    if (!(failure instanceof GitFailed) || !isClosed(failure.stderr)) throw failure;
  }
  await openUp(checkout.tree, checkout.limits);
  const { stderr } = await add();
  if (isClosed(stderr)) throw new Refusal(`Some of its files cannot be read: ${stderr.trim().slice(-500)}`);
}

/** Refuses anything that has replaced a tracked file and is not a file, and files that are too large. */
async function mustBeFiles(checkout: Checkout, tracked: readonly Name[], others: readonly Name[]): Promise<void> {
  const odd: string[] = [];
  const large: string[] = [];
  for (const name of new Set(tracked)) {
    if ((await lookAtName(checkout, name)).is === 'other') odd.push(shownName(name));
  }
  for (const name of new Set([...tracked, ...others])) {
    const { is, size } = await lookAtName(checkout, name);
    if (is === 'file' && size > MOST_BYTES) large.push(`${shownName(name)} (${(size / MOST_BYTES).toFixed(1)} GiB)`);
  }
  if (odd.length > 0) throw new Refusal(`These files were replaced by pipes, sockets or devices: ${listed(odd)}.`);
  if (large.length > 0) throw new Refusal(`A change may not contain files of more than 1 GiB: ${listed(large)}.`);
}
