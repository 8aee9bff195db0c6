import { lstat } from 'node:fs/promises';
import { z } from 'zod';
import { readBounded } from '../../files/reading.ts';
import { differencesIn, type Difference } from '../differences.ts';
import { git, type Call, type GitAnswer, type Repository } from '../door.ts';
import { nameOf, placeIn, shownName, type Name } from './names.ts';

/**
 * The commits on which a job began. `merging`: the base commit that is being merged in its checkout, and the files in
 * conflict.
 */
export const Begun = z.object({
  before: z.string().optional(),
  start: z.string(),
  /** The base's commit at that time. Older versions did not record it. */
  baseHead: z.string().optional(),
  merging: z.object({ base: z.string(), files: z.array(z.string()), clean: z.boolean() }).optional(),
});
export type Begun = z.output<typeof Begun>;

/** The checkout of a job whose agent has ended, while the job is settled. */
export interface Checkout {
  tree: string;
  /** The checkout through a git folder of our own. */
  view: Repository;
  /** Our copy of the repository. */
  copy: Repository;
  begun: Begun;
  /** Apply to every call to git: the deadline of settling, and the signal that aborts it. */
  limits: Pick<Call, 'deadline' | 'signal'>;
}

/** A job cannot begin, or its work cannot be used. A retry does not help, but its agent or a person can. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

export const ask = ({ view, limits }: Checkout, args: readonly string[], call: Call = {}): Promise<GitAnswer> =>
  git(view, args, { ...limits, ...call });

/** The parts of git's output with `-z`. */
export const partsOf = ({ stdout }: GitAnswer): string[] => stdout.split('\0').filter(Boolean);

/** The first few names, for a message. */
export const listed = (names: readonly string[], most = 10): string =>
  names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;

/** The mode of a link to another repository's commit (a submodule). */
export const LINK = '160000';

export const short = (commit: string): string => commit.slice(0, 8);

/**
 * Returns the ids that are commits of the agent: no ref of our copy leads to them. Our copy may have their objects anyway,
 * from an interrupted settling or from another job that made the same commit.
 */
export async function ownCommits(checkout: Checkout, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const input = `${[...new Set(ids)].join('\n')}\n`;
  const { stdout } = await ask(checkout, ['cat-file', '--batch-check=%(objectname) %(objecttype)'], { input });
  const commits = stdout.split('\n').filter((line) => line.endsWith(' commit'));
  const from = commits.map((line) => line.split(' ', 1)[0]!);
  const own = new Set(await commitsOf(checkout, { from, without: [] }));
  return from.filter((id) => own.has(id));
}

/** The commits that are reachable from `from`, but neither from `without` nor from the refs of our copy. */
export async function commitsOf(
  checkout: Checkout,
  { from, without, options = [] }: { from: readonly string[]; without: readonly string[]; options?: string[] },
): Promise<string[]> {
  if (from.length === 0) return [];
  const input = `${[...from, ...without.map((id) => `^${id}`), ...(await namedByCopy(checkout))].join('\n')}\n`;
  return (await ask(checkout, ['rev-list', ...options, '--stdin'], { input })).stdout.split('\n').filter(Boolean);
}

/** All refs of our copy, as exclusions: `^<id>`. */
export async function namedByCopy({ copy, limits }: Checkout): Promise<string[]> {
  const refs = ['for-each-ref', '--format=^%(objectname)', 'refs/heads', 'refs/remotes', 'refs/tags'];
  return (await git(copy, refs, limits)).stdout.split('\n').filter(Boolean);
}

export type Found = 'nothing' | 'file' | 'link' | 'folder' | 'other';

/** Inspects a path of the checkout. Follows no link, not even in its parent folders. */
export const lookAt = (checkout: Pick<Checkout, 'tree'>, file: string) => lookAtName(checkout, nameOf(file));

/** Like `lookAt`, for a name that need not be UTF-8. */
export async function lookAtName(
  { tree }: Pick<Checkout, 'tree'>,
  name: Name,
): Promise<{ is: Found; size: number; mode: number }> {
  const parts = name.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const above = await lstat(placeIn(tree, parts.slice(0, depth).join('/'))).catch(() => undefined);
    if (!above?.isDirectory()) return { is: 'nothing', size: 0, mode: 0 };
  }
  const found = await lstat(placeIn(tree, name)).catch((failure: NodeJS.ErrnoException) => {
    if (failure.code === 'ENOENT' || failure.code === 'ENOTDIR') return undefined;
    throw failure;
  });
  if (!found) return { is: 'nothing', size: 0, mode: 0 };
  const kinds = { file: found.isFile(), link: found.isSymbolicLink(), folder: found.isDirectory(), other: true };
  const is = (Object.keys(kinds) as (keyof typeof kinds)[]).find((kind) => kinds[kind])!;
  return { is, size: found.size, mode: found.mode };
}

/** A file as git has it in a tree or an index. */
export interface Stage {
  mode: string;
  id: string;
}

/** Names in conflict, each with git's entries by stage: 1 the common ancestor, 2 ours, 3 theirs. */
export type Conflicts = Map<Name, Map<number, Stage>>;

/** The entries of a commit or tree under these names, with the sizes of files in bytes. */
export async function entriesAt(
  checkout: Checkout,
  tree: string,
  names: readonly Name[],
): Promise<Map<Name, Stage & { size: number }>> {
  const found = new Map<Name, Stage & { size: number }>();
  const list = async (args: readonly string[], wanted: ReadonlySet<Name>) => {
    const answer = await ask(checkout, ['ls-tree', '-l', '-z', '--full-tree', ...args], { bytes: true });
    for (const entry of partsOf(answer)) {
      const name = entry.slice(entry.indexOf('\t') + 1);
      const [mode = '', , id = '', size] = entry.slice(0, entry.indexOf('\t')).split(/ +/);
      if (wanted.has(name)) found.set(name, { mode, id, size: Number(size) });
    }
  };
  // A program's arguments are UTF-8 here, so other names are found in a list of all.
  const usual = names.filter((name) => nameOf(shownName(name)) === name);
  for (let at = 0; at < usual.length; at += AT_ONCE) {
    const some = usual.slice(at, at + AT_ONCE);
    await list([tree, '--', ...some.map(shownName)], new Set(some));
  }
  if (usual.length < names.length) await list(['-r', tree], new Set(names));
  return found;
}
const AT_ONCE = 500;

/** A small text file of the checkout. Undefined if there is none. */
export async function textAt(file: string, most = 1_000_000): Promise<string | undefined> {
  const found = await readBounded(file, most);
  return found.is === 'read' ? found.bytes.toString('utf8') : undefined;
}

/** How the index differs from a commit. */
export const changesSince = async (checkout: Checkout, commit: string): Promise<Difference[]> =>
  differencesIn(
    partsOf(
      await ask(checkout, ['diff-index', '--cached', '--raw', '--no-renames', '-z', commit], { kind: 'checkout' }),
    ),
  );
