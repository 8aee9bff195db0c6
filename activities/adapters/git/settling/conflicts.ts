import { readlink } from 'node:fs/promises';
import { commitId } from '../commits.ts';
import { ask, entriesAt, lookAtName, partsOf, type Checkout, type Conflicts, type Stage } from './checkout.ts';
import { holdsMarks, sizesOf, textOf, USUAL } from './marks.ts';
import { placeIn, shownName, type Name } from './names.ts';
import { readBounded } from '../../files/reading.ts';

/** A merge as git does it today: what conflicts in it, and the tree with what git leaves in those places. */
export interface Merge {
  conflicts: Conflicts;
  tree?: string | undefined;
}

/** The paths that the agent's index has unmerged, and those that it had so until the agent staged them. */
export async function conflictsInIndex(checkout: Checkout): Promise<{ unmerged: Conflicts; staged: Conflicts }> {
  const list = async (what: string) =>
    conflictsIn(partsOf(await ask(checkout, ['ls-files', what, '-z'], { bytes: true })));
  return { unmerged: await list('--unmerged'), staged: await list('--resolve-undo') };
}

/** Merges two commits anew. Histories that git does not merge by itself conflict in nothing. */
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
 * Unmerged paths that nobody has decided: their files are as git left them, or still hold its marks. What the agent has
 * staged, changed or deleted is decided. `merge` is the merge that stands there, as git does it.
 */
export async function undecided(checkout: Checkout, unmerged: Conflicts, merge: Merge): Promise<string[]> {
  const sizes = await sizesOf(checkout, [...unmerged.keys()]);
  const merged = merge.tree === undefined ? new Map() : await entriesAt(checkout, merge.tree, [...unmerged.keys()]);
  const open: string[] = [];
  for (const [name, stages] of unmerged) {
    const left = merged.get(name) ?? stages.get(2) ?? stages.get(3);
    const now = await entryNow(checkout, name);
    // A renamed file's old name: what became of it is decided under its new ones.
    if (left === undefined && now === undefined) continue;
    const untouched = now !== undefined && left !== undefined && now.id === left.id && sameKind(now.mode, left.mode);
    if (untouched || (now?.mode.startsWith('100') && (await isMarked(checkout, name, stages, sizes.get(name))))) {
      open.push(shownName(name));
    }
  }
  return open;
}

/** Whether it runs or not is no decision about a file in conflict. */
const sameKind = (a: string, b: string) => a.slice(0, 3) === b.slice(0, 3);

async function isMarked(checkout: Checkout, name: Name, stages: Map<number, Stage>, size = USUAL): Promise<boolean> {
  const found = await readBounded(placeIn(checkout.tree, name), 10_000_000);
  if (found.is !== 'read') return false;
  const sides = await Promise.all([...stages.values()].map(({ id }) => textOf(checkout, id)));
  return holdsMarks(found.bytes.toString('utf8'), size, sides);
}

/** What git would store for what lies at a path now; nothing where it would store nothing. */
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

/** A name as git reads it in a line of its own, whatever is in it. */
const quoted = (name: Name) => `"${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
