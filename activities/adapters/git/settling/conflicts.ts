import { readlink } from 'node:fs/promises';
import { readBounded } from '../../files/reading.ts';
import { commitId } from '../commits.ts';
import { ask, entriesAt, lookAtName, partsOf, type Checkout, type Conflicts, type Stage } from './checkout.ts';
import { holdsMarks, sizesOf, textOf, USUAL } from './marks.ts';
import { placeIn, shownName, type Name } from './names.ts';

/** The merge of two commits by git: its conflicts, and the tree that git leaves for them. */
export interface Merge {
  conflicts: Conflicts;
  tree?: string | undefined;
}

/** The paths that are unmerged in the agent's index, and those that were unmerged until the agent staged them. */
export async function conflictsInIndex(checkout: Checkout): Promise<{ unmerged: Conflicts; staged: Conflicts }> {
  const list = async (what: string) =>
    conflictsIn(partsOf(await ask(checkout, ['ls-files', what, '-z'], { bytes: true })));
  return { unmerged: await list('--unmerged'), staged: await list('--resolve-undo') };
}

/** Repeats the merge of two commits. Reports no conflicts if git cannot do the merge by itself. */
export async function mergeOf(checkout: Checkout, ours: string, theirs: string): Promise<Merge> {
  const args = ['merge-tree', '--write-tree', '-z', '--no-messages', commitId(ours), commitId(theirs)];
  const { stdout, code } = await ask(checkout, args, { kind: 'checkout', okCodes: [0, 1, 128], bytes: true });
  if (code !== 1) return { conflicts: new Map() };
  const [tree, ...entries] = stdout.split('\0');
  return { conflicts: conflictsIn(entries.filter(Boolean)), tree };
}

function conflictsIn(entries: readonly string[]): Conflicts {
  const found: Conflicts = new Map();
  for (const entry of entries) {
    const [, mode, id, stage, name] = /^(\d+) ([0-9a-f]+) ([123])\t([^]+)$/.exec(entry) ?? [];
    if (name === undefined) continue;
    found.set(name, (found.get(name) ?? new Map<number, Stage>()).set(Number(stage), { mode: mode!, id: id! }));
  }
  return found;
}

/**
 * Unresolved paths: their files are as git left them, or still contain conflict marks. A path that the agent staged, changed
 * or deleted counts as resolved. `merge` is the open merge, repeated by git.
 */
export async function undecided(checkout: Checkout, unmerged: Conflicts, merge: Merge): Promise<string[]> {
  const sizes = await sizesOf(checkout, [...unmerged.keys()]);
  const merged = merge.tree === undefined ? new Map() : await entriesAt(checkout, merge.tree, [...unmerged.keys()]);
  const open: string[] = [];
  for (const [name, stages] of unmerged) {
    const left = merged.get(name) ?? stages.get(2) ?? stages.get(3);
    const now = await entryNow(checkout, name);
    // The old name of a renamed file. It is resolved under its new names.
    if (left === undefined && now === undefined) continue;
    const untouched = now !== undefined && left !== undefined && now.id === left.id && sameKind(now.mode, left.mode);
    if (untouched || (now?.mode.startsWith('100') && (await isMarked(checkout, name, stages, sizes.get(name))))) {
      open.push(shownName(name));
    }
  }
  return open;
}

/** Changing the executable bit does not resolve a conflict. */
const sameKind = (a: string, b: string) => a.slice(0, 3) === b.slice(0, 3);

async function isMarked(checkout: Checkout, name: Name, stages: Map<number, Stage>, size = USUAL): Promise<boolean> {
  const found = await readBounded(placeIn(checkout.tree, name), 10_000_000);
  if (found.is !== 'read') return false;
  const sides = await Promise.all([...stages.values()].map(({ id }) => textOf(checkout, id)));
  return holdsMarks(found.bytes.toString('utf8'), size, sides);
}

/** The entry that git would store for the file at a path. Undefined if there is none. */
async function entryNow(checkout: Checkout, name: Name): Promise<Stage | undefined> {
  const { is } = await lookAtName(checkout, name);
  if (is === 'link') {
    const target = await readlink(placeIn(checkout.tree, name), 'latin1');
    const { stdout } = await ask(checkout, ['hash-object', '--stdin'], { input: target, bytes: true });
    return { mode: '120000', id: stdout };
  }
  if (is !== 'file') return undefined;
  const args = ['hash-object', '--stdin-paths'];
  const { stdout } = await ask(checkout, args, { kind: 'checkout', input: `${quoted(name)}\n`, bytes: true });
  return { mode: '100644', id: stdout };
}

/** Quotes a name for git's line-based input. */
const quoted = (name: Name) => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
