import { commitOf, mergeTree } from '../../git/commits.ts';
import { ask, commitsOf, entriesAt, partsOf, type Checkout } from './checkout.ts';
import type { Conflicts } from './conflicts.ts';
import { shownName, type Name } from './names.ts';

/** Files that are larger are not looked through: git writes no marks into what it takes for binary. */
const MOST_BYTES = 10_000_000;

/**
 * The files of a result that hold marks which git wrote for a conflict. In a file that was in conflict, that is a line like
 * them which neither side had; in any other, a whole set of them whose label names what git merged there. So documents
 * that quote marks are documents.
 */
export async function marksLeft(checkout: Checkout, result: string, conflicts: Conflicts): Promise<string[]> {
  const { start } = checkout.begun;
  const changed = await changedWithMarks(checkout, start, result);
  const names = [...new Set([...conflicts.keys(), ...changed])];
  const files = await blobsAt(checkout, result, names);
  const sizes = await sizesOf(checkout, [...files.keys()]);
  const left: string[] = [];
  for (const [name, blob] of files) {
    const size = sizes.get(name) ?? USUAL;
    const text = await textOf(checkout, blob);
    const stages = conflicts.get(name);
    const blobs = stages
      ? [...stages.values()].map(({ id }) => id)
      : [...(await blobsAt(checkout, start, [name])).values()];
    const sides = await Promise.all(blobs.map((id) => textOf(checkout, id)));
    const isMarked = stages ? holdsMarks(text, size, sides) : await isGits(checkout, newLines(text, sides), size, name);
    if (isMarked) left.push(shownName(name));
  }
  return left.sort();
}

export const USUAL = 7;

const linesOf = (text: string) => text.split(/\r?\n/);

/** A line that begins with just so many of a mark's characters: where a conflict opens, or where it closes. */
const isMark = (line: string, size: number): boolean => opens(line, size) || labelOf(line, size) !== undefined;
const opens = (line: string, size: number) =>
  line.startsWith('<'.repeat(size)) && (line.length === size || line[size] === ' ');
const labelOf = (line: string, size: number): string | undefined =>
  line.startsWith('>'.repeat(size)) && (line.length === size || line[size] === ' ')
    ? line.slice(size + 1).trim()
    : undefined;

/** Whether a text holds any line that git could have written as a mark of this size. */
export const holdsMarks = (text: string, size: number, sides: readonly string[]): boolean =>
  newLines(text, sides).some((line) => isMark(line, size));

/** The lines of a text that none of its sides has. */
function newLines(text: string, sides: readonly string[]): string[] {
  const known = new Set(sides.flatMap(linesOf));
  return linesOf(text).filter((line) => !known.has(line));
}

/**
 * A whole set of marks, with a label that only git writes: a commit of this repository, a stash, or a branch that conflicts
 * there.
 */
async function isGits(checkout: Checkout, lines: readonly string[], size: number, name: Name): Promise<boolean> {
  let open = false;
  let parted = false;
  for (const line of lines) {
    if (opens(line, size)) [open, parted] = [true, false];
    else if (open && line === '='.repeat(size)) parted = true;
    else if (parted) {
      const label = labelOf(line, size);
      if (label !== undefined && (await namesAMerge(checkout, label, name))) return true;
    }
  }
  return false;
}

async function namesAMerge(checkout: Checkout, label: string, name: Name): Promise<boolean> {
  if (label === 'Stashed changes') return true;
  const id = /^(?:parent of )?([0-9a-f]{7,64})(?:\.{3}| \(|$)/.exec(label)?.[1];
  if (id !== undefined) return (await commitOf(checkout.view, id, checkout.limits)) !== undefined;
  if (!/^[\w./-]{1,200}$/.test(label)) return false;
  const commit = await commitOf(checkout.view, label, checkout.limits);
  if (commit === undefined) return false;
  const merged = await mergeTree(checkout.view, checkout.begun.start, commit, checkout.limits).catch(() => undefined);
  return merged?.is === 'conflicted' && merged.files.includes(shownName(name));
}

/** Files that differ between two commits in lines which may be marks. */
async function changedWithMarks(checkout: Checkout, from: string, to: string): Promise<Name[]> {
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--text', '--no-ext-diff', '--no-textconv'];
  return partsOf(await ask(checkout, [...args, '-G^(<{5}|>{5})', from, to], { kind: 'checkout', bytes: true }));
}

/** The plain files of a commit that have these names, as ids of their contents. */
async function blobsAt(checkout: Checkout, commit: string, names: readonly Name[]): Promise<Map<Name, string>> {
  const found = await entriesAt(checkout, commit, names);
  const files = [...found].filter(([, { mode, size }]) => mode.startsWith('100') && size <= MOST_BYTES);
  return new Map(files.map(([name, { id }]) => [name, id]));
}

/** How long marks are in these files, as their attributes say. */
export async function sizesOf(checkout: Checkout, names: readonly Name[]): Promise<Map<Name, number>> {
  if (names.length === 0) return new Map();
  const args = ['check-attr', '-z', '--stdin', 'conflict-marker-size'];
  const { stdout } = await ask(checkout, args, { input: names.map((name) => `${name}\0`).join(''), bytes: true });
  const parts = stdout.split('\0');
  return new Map(
    names.map((name, index) => {
      const size = Number(parts[3 * index + 2]);
      return [name, Number.isInteger(size) && size > 0 ? size : USUAL];
    }),
  );
}

export async function textOf(checkout: Checkout, blob: string): Promise<string> {
  const { stdout, code } = await ask(checkout, ['cat-file', 'blob', blob], { okCodes: [0, 1, 128] });
  return code === 0 ? stdout : '';
}

/** Conflicts of the merges that a job's own commits have made. */
export async function mergesOf(checkout: Checkout, result: string): Promise<[ours: string, theirs: string][]> {
  const { start } = checkout.begun;
  const lines = await commitsOf(checkout, { from: [result], without: [start], options: ['--merges', '--parents'] });
  return lines.flatMap((line) => {
    const [, ours, theirs] = line.split(' ');
    return ours && theirs ? [[ours, theirs] as [string, string]] : [];
  });
}
