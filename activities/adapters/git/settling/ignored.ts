import { commitTree } from '../commits.ts';
import { ask, listed, lookAtName, partsOf, type Checkout } from './checkout.ts';
import type { LeftBehind } from './left-behind.ts';

/** How much of the ignored files is kept, in bytes and files. More than that is what an install or a build makes again. */
const MOST = { bytes: 10_000_000, files: 1_000 };

/** Files that an agent made and that git ignores. */
export interface Ignored {
  /** For people: a folder's name where everything in it is ignored. */
  names: string[];
  /** Those that are kept, as a commit of their own. */
  kept: LeftBehind[];
  /** How many are not kept because they are too large, too many, or unreadable. */
  without: number;
}

/** Finds what git ignores, and commits the small part that is kept. */
export async function ignoredFiles(checkout: Checkout): Promise<Ignored> {
  const list = ['ls-files', '--others', '--ignored', '--exclude-standard', '-z'];
  const names = partsOf(await ask(checkout, [...list, '--directory'], { kind: 'checkout' }));
  if (names.length === 0) return { names, kept: [], without: 0 };
  try {
    const files = partsOf(await ask(checkout, list, { kind: 'checkout', bytes: true }));
    const few = await fewOf(checkout, files);
    const kept = few.length > 0 ? [await committed(checkout, few)] : [];
    return { names, kept, without: files.length - few.length };
  } catch (failure) {
    if (checkout.limits.signal?.aborted) throw failure;
    return { names, kept: [], without: Infinity };
  }
}

/** The files to keep, in git's order. One that is too large leaves room for others. */
async function fewOf(checkout: Checkout, files: readonly string[]): Promise<string[]> {
  const few: string[] = [];
  let left = MOST.bytes;
  for (const name of files) {
    if (few.length === MOST.files) break;
    const { is, size } = await lookAtName(checkout, name);
    if ((is !== 'file' && is !== 'link') || size > left) continue;
    left -= size;
    few.push(name);
  }
  return few;
}

async function committed(checkout: Checkout, files: readonly string[]): Promise<LeftBehind> {
  const env = { GIT_INDEX_FILE: `${checkout.view.gitDir}/ignored.index` };
  const input = files.map((name) => `${name}\0`).join('');
  await ask(checkout, ['update-index', '--add', '-z', '--stdin'], { kind: 'checkout', env, input, bytes: true });
  const tree = (await ask(checkout, ['write-tree'], { kind: 'write', env })).stdout;
  const commit = await commitTree(checkout.view, tree, [], 'Files that git ignores, as they were left');
  return { ref: 'ignored', commit, called: 'files that git ignores' };
}

/** What people read about them. `file`: where the kept ones are. */
export function notesOnIgnored({ names, kept, without }: Ignored, file: string | undefined): string[] {
  if (names.length === 0) return [];
  const told = `Git ignores what it left in ${listed(names, 5)}: ignored files are not taken in.`;
  if (kept.length === 0 || file === undefined) return [`${told} They are not kept.`];
  const rest = `, but for ${without}: at most ${MOST.files} files of ${MOST.bytes / 1_000_000} MB in all are`;
  return [`${told} They are kept in ${file}${without === 0 ? '' : rest}.`];
}
