import { rm } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { Forge } from '../../../ports.ts';
import { commitOf, commitTree } from '../commits.ts';
import { git, GitFailed, type Repository } from '../door.ts';
import type { GitWorkspace } from '../workspace.ts';
import type { Publishing } from './publishing.ts';

/** Commits documents to a work branch without a checkout: adds them to the branch's tree, and publishes the result. */
export async function commitFiles(
  { workspace, publishing }: { workspace: GitWorkspace; publishing: Publishing },
  change: Change,
  { files, message }: { files: Record<string, string>; message: string },
): ReturnType<Forge['commitFiles']> {
  const bad = Object.keys(files).find((file) => !isInside(file));
  if (bad !== undefined) return { is: 'refused', because: `${bad} is not a path inside the repository` };
  const copy = { gitDir: await workspace.fetch(change.repository) };
  const { head: before, baseHead } = await workspace.headsIn(copy, change);
  const start = before ?? baseHead;

  const tree = await treeWith(copy, start, files).catch((failure: unknown) => {
    if (failure instanceof GitFailed && failure.stderr.includes('both a file and as a directory')) return undefined;
    throw failure;
  });
  if (tree === undefined) {
    const names = Object.keys(files).join(', ');
    return { is: 'refused', because: `A file or a link on the branch is in the way of the folder for ${names}` };
  }
  if (tree === (await git(copy, ['rev-parse', `${start}^{tree}`])).stdout) {
    return { is: 'unchanged', ...(before && { head: before }) };
  }
  const commit = await commitTree(copy, tree, [start], await publishing.signed(change, message));
  const end = await publishing.publish(change, commit, before);
  return end.is === 'refused' ? end : { is: 'committed', head: end.head };
}

/** The tree of a commit, with these files in it. */
async function treeWith(copy: Repository, start: string, files: Record<string, string>): Promise<string> {
  const env = { GIT_INDEX_FILE: path.join(copy.gitDir, `index-${randomUUID()}`) };
  try {
    await git(copy, ['read-tree', (await commitOf(copy, start))!], { kind: 'write', env });
    for (const [file, text] of Object.entries(files)) {
      const blob = (await git(copy, ['hash-object', '-w', '--stdin'], { kind: 'write', input: text })).stdout;
      const add = ['update-index', '--add', '--cacheinfo', `100644,${blob},${file}`];
      await git(copy, add, { kind: 'write', env });
    }
    return (await git(copy, ['write-tree'], { kind: 'write', env })).stdout;
  } finally {
    await rm(env.GIT_INDEX_FILE, { force: true });
  }
}

const isInside = (file: string): boolean =>
  file.split('/').every((part) => /^[A-Za-z0-9_][A-Za-z0-9_. -]*$/.test(part)) && !file.includes('..');
