import { commitOf, mergeTree } from '../commits.ts';
import { ask, commitsOf, entriesAt, partsOf, type Checkout, type Conflicts } from './checkout.ts';
import { shownName, type Name } from './names.ts';

/** Larger files are skipped, because git treats them as binary and writes no marks into them. */
const MOST_BYTES = 10_000_000;

/**
 * The files of a result with conflict marks that git wrote. In a file that was in conflict, every mark counts that neither
 * side had. In any other file, only a new conflict counts that git must have written, so a document may quote marks.
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
    const isMarked = stages
      ? holdsMarks(text, size, sides)
      : await isGits(checkout, { text, sides, size }, name, result);
    if (isMarked) left.push(shownName(name));
  }
  return left.sort();
}

export const USUAL = 7;

/** The maximum number of a job's own commits that are searched for a file's earlier contents. */
const COMMITS = 50;

const linesOf = (text: string) => text.split(/\r?\n/);

/** Whether a line begins with exactly this many of a mark's character. */
const begins = (line: string, character: string, size: number): boolean =>
  line.startsWith(character.repeat(size)) && (line.length === size || line[size] === ' ');
const opens = (line: string, size: number) => begins(line, '<', size);
const closes = (line: string, size: number) => begins(line, '>', size);
const parts = (line: string, size: number) => line === '='.repeat(size);
const showsBase = (line: string, size: number) => begins(line, '|', size);
const isMark = (line: string, size: number): boolean =>
  [opens, closes, parts, showsBase].some((matches) => matches(line, size));

/** Whether a text has a line that no side has and that git could have written as a mark of this size. */
export const holdsMarks = (text: string, size: number, sides: readonly string[]): boolean =>
  newLines(text, sides).some((line) => isMark(line, size));

/** The lines of a text that none of the sides has. */
function newLines(text: string, sides: readonly string[]): string[] {
  const known = new Set(sides.flatMap(linesOf));
  return linesOf(text).filter((line) => !known.has(line));
}

/** One conflict as git writes it into a file, with the lines around it. */
interface Hunk {
  before: string | undefined;
  ours: string[];
  theirs: string[];
  after: string | undefined;
  marks: [opening: string, closing: string];
}

/** The conflicts in a text, real or quoted. */
function hunksOf(lines: readonly string[], size: number): Hunk[] {
  const hunks: Hunk[] = [];
  let open: { at: number; base?: number; parted?: number } | undefined;
  for (const [at, line] of lines.entries()) {
    if (opens(line, size)) open = { at };
    else if (open && open.parted === undefined && showsBase(line, size)) open.base ??= at;
    else if (open && open.parted === undefined && parts(line, size)) open.parted = at;
    else if (open?.parted !== undefined && closes(line, size)) {
      hunks.push({
        before: lines[open.at - 1],
        ours: lines.slice(open.at + 1, open.base ?? open.parted),
        theirs: lines.slice(open.parted + 1, at),
        after: lines[at + 1],
        marks: [lines[open.at]!, line],
      });
      open = undefined;
    }
  }
  return hunks;
}

/**
 * Whether git wrote a new conflict into this text. Two signs prove it: a label that only git writes (a commit of this
 * repository, a stash, or a branch that conflicts there), or one side that is exactly the file's earlier text.
 */
async function isGits(
  checkout: Checkout,
  { text, sides, size }: { text: string; sides: readonly string[]; size: number },
  name: Name,
  result: string,
): Promise<boolean> {
  const fresh = new Set(newLines(text, sides));
  const hunks = hunksOf(linesOf(text), size).filter(({ marks }) => marks.some((line) => fresh.has(line)));
  if (hunks.length === 0) return false;
  const before = [...sides, ...(await earlierTexts(checkout, result, name))].map(linesOf);
  if (hunks.some((hunk) => before.some((lines) => stoodIn(lines, hunk)))) return true;
  for (const mark of hunks.flatMap(({ marks }) => marks)) {
    if (await namesAMerge(checkout, mark.slice(size + 1).trim(), name)) return true;
  }
  return false;
}

/** A file's contents in the commits that lead to a result. */
async function earlierTexts(checkout: Checkout, result: string, name: Name): Promise<string[]> {
  const commits = await commitsOf(checkout, { from: [result], without: [checkout.begun.start] });
  const blobs = new Set<string>();
  for (const commit of commits.slice(0, COMMITS)) {
    for (const blob of (await blobsAt(checkout, commit, [name])).values()) blobs.add(blob);
  }
  return Promise.all([...blobs].map((blob) => textOf(checkout, blob)));
}

/** Whether a text has one side of a conflict in the same place: between the lines before and after it. */
function stoodIn(lines: readonly string[], { before, ours, theirs, after }: Hunk): boolean {
  return [ours, theirs].some(
    (side) =>
      side.length > 0 &&
      lines.some((_, at) => {
        const isSame = side.every((line, index) => lines[at + index] === line);
        return isSame && lines[at - 1] === before && lines[at + side.length] === after;
      }),
  );
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

/** Files whose diff between two commits may add marks. */
async function changedWithMarks(checkout: Checkout, from: string, to: string): Promise<Name[]> {
  const args = ['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--text', '--no-ext-diff', '--no-textconv'];
  return partsOf(await ask(checkout, [...args, '-G^(<{5}|>{5})', from, to], { kind: 'checkout', bytes: true }));
}

/** The plain files of a commit with these names, by the ids of their contents. */
async function blobsAt(checkout: Checkout, commit: string, names: readonly Name[]): Promise<Map<Name, string>> {
  const found = await entriesAt(checkout, commit, names);
  const files = [...found].filter(([, { mode, size }]) => mode.startsWith('100') && size <= MOST_BYTES);
  return new Map(files.map(([name, { id }]) => [name, id]));
}

/** The length of marks in these files, according to their attributes. */
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

/** The parents of the merges among a job's own commits. */
export async function mergesOf(checkout: Checkout, result: string): Promise<[ours: string, theirs: string][]> {
  const { start } = checkout.begun;
  const lines = await commitsOf(checkout, { from: [result], without: [start], options: ['--merges', '--parents'] });
  return lines.flatMap((line) => {
    const [, ours, theirs] = line.split(' ');
    return ours && theirs ? [[ours, theirs] as [string, string]] : [];
  });
}
