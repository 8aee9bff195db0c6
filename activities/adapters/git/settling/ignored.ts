import { commitTree } from '../commits.ts';
import { ask, listed, lookAtName, partsOf, type Checkout } from './checkout.ts';
import type { LeftBehind } from './left-behind.ts';

/** So much is kept of what git ignores, in bytes and files: what is more is what an install or a build makes again. */
const MOST = { bytes: 10_000_000, files: 1_000 };

/** Files that an agent made and git is told to ignore. */
export interface Ignored {
  /** As people are told of them: whole folders where all of a folder is ignored. */
  names: string[];
  /** Those that are kept, as a commit of their own. */
  kept: LeftBehind[];
  /** How many are not kept: too large, too many, or not to be read. */
  without: number;
}

/** Looks for what git ignores, and makes a commit of it as far as that is little. */
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

/** The files that are kept, in git's order: one that is too large leaves room for others. */
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

/** How people are told of them. `file` is where those that are kept are. */
export function toldOfIgnored({ names, kept, without }: Ignored, file: string | undefined): string[] {
  if (names.length === 0) return [];
  const told = `Git ignores what it left in ${listed(names, 5)}: ignored files are not taken in.`;
  if (kept.length === 0 || file === undefined) return [`${told} They are not kept.`];
  const rest = `, but for ${without}: at most ${MOST.files} files of ${MOST.bytes / 1_000_000} MB in all are`;
  return [`${told} They are kept in ${file}${without === 0 ? '' : rest}.`];
}
