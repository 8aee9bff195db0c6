import { commitTree } from '../commits.ts';
import { ask, listed, lookAtName, partsOf, type Checkout } from './checkout.ts';
import type { LeftBehind } from './left-behind.ts';

/**
 * The ignored files that are kept at most, in bytes and files. Anything larger is usually the output of an install or a
 * build.
 */
const MOST = { bytes: 10_000_000, files: 1_000 };

/** Files that an agent made and that git ignores. */
export interface Ignored {
  /** For people: a folder's name where everything in it is ignored. */
  names: string[];
  /** The files that are kept, in a separate commit. */
  kept: LeftBehind[];
  /** The number of files that are not kept because they are too large, too many, or unreadable. */
  without: number;
}

/** Finds the files that git ignores, and commits the few that are kept. */
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

/** The files to keep, in git's order. A file that is too large is skipped, and later ones may still fit. */
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

/** The notes for people about ignored files. `file`: the bundle with those that are kept. */
export function notesOnIgnored({ names, kept, without }: Ignored, file: string | undefined): string[] {
  if (names.length === 0) return [];
  const note = `Git ignores the files that the agent left in ${listed(names, 5)}: ignored files are not part of the change.`;
  if (kept.length === 0 || file === undefined) return [`${note} They are not kept.`];
  const rest = `, except for ${without}: at most ${MOST.files} files of ${MOST.bytes / 1_000_000} MB in total are kept`;
  return [`${note} They are kept in ${file}${without === 0 ? '' : rest}.`];
}
