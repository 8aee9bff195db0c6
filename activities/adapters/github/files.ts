import { z } from 'zod';
import type { HostedRepository } from '../hosted/api.ts';
import type { Calls } from './calling/calls.ts';
import { NEEDS } from './calling/permissions.ts';

const Contents = z.union([
  z.object({ type: z.literal('file'), encoding: z.string(), content: z.string() }),
  z.array(z.unknown()),
  z.object({ type: z.enum(['symlink', 'submodule', 'dir']) }),
]);
const Tree = z.object({ tree: z.array(z.object({ path: z.string(), type: z.string(), sha: z.string() })) });
type Entry = z.output<typeof Tree>['tree'][number];

/** The contents of a file at a commit. Undefined: the commit does not have it. */
export async function fileAt(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  ref: string,
  path: string,
): Promise<string | undefined> {
  const about = { at: { owner, name: repo }, needs: NEEDS.contents, expected: [404] };
  const route = 'GET /repos/{owner}/{repo}/contents/{path}';
  const found = await calls.maybe(Contents, route, { owner, repo, path, ref }, about);
  if (!found || Array.isArray(found) || found.type !== 'file') return undefined;
  if (found.encoding === 'base64') return Buffer.from(found.content, 'base64').toString('utf8');
  // A file over 1 MB.
  const headers = { accept: 'application/vnd.github.raw+json' };
  const { status, data } = await calls.send(route, { owner, repo, path, ref, headers }, about);
  return status === 200 && typeof data === 'string' ? data : undefined;
}

/** Whether any of these files or folders exists at the commit. A `*` at the end stands for any end of a name. */
export async function anyAt(
  calls: Calls,
  repository: HostedRepository,
  commit: string,
  paths: readonly string[],
): Promise<boolean> {
  const trees = new Map<string, Promise<Entry[]>>();
  const entriesOf = (sha: string) => {
    const known = trees.get(sha) ?? treeOf(calls, repository, sha);
    trees.set(sha, known);
    return known;
  };
  for (const path of paths) if (await isIn(path.split('/').filter(Boolean), commit, entriesOf)) return true;
  return false;
}

async function isIn(
  [first = '', ...rest]: string[],
  tree: string,
  entriesOf: (sha: string) => Promise<Entry[]>,
): Promise<boolean> {
  const named = (name: string) => (first.endsWith('*') ? name.startsWith(first.slice(0, -1)) : name === first);
  const found = (await entriesOf(tree)).filter(({ path }) => named(path));
  if (rest.length === 0) return found.length > 0;
  for (const { type, sha } of found) if (type === 'tree' && (await isIn(rest, sha, entriesOf))) return true;
  return false;
}

async function treeOf(calls: Calls, { owner, name: repo }: HostedRepository, sha: string): Promise<Entry[]> {
  const about = { at: { owner, name: repo }, needs: NEEDS.contents, expected: [404, 409] };
  const route = 'GET /repos/{owner}/{repo}/git/trees/{tree_sha}';
  return (await calls.maybe(Tree, route, { owner, repo, tree_sha: sha }, about))?.tree ?? [];
}
