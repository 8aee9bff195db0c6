import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commitId } from './commits.ts';
import { git, type Repository } from './door.ts';

/** The first file of each filter that a commit's attributes name (gitattributes(5)), by the filter's name. */
export async function filtersIn(where: Repository, commit: string): Promise<Map<string, string>> {
  const attributes = [':(glob,top)**/.gitattributes'];
  const search = ['grep', '--quiet', '--no-textconv', '-e', 'filter=', commitId(commit), '--', ...attributes];
  if ((await git(where, search, { okCodes: [0, 1] })).code === 1) return new Map();

  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-index-'));
  const env = { GIT_INDEX_FILE: path.join(folder, 'index') };
  try {
    await git(where, ['read-tree', commitId(commit)], { kind: 'write', env });
    const files = (await git(where, ['ls-files', '-z'], { env })).stdout;
    const asked = ['check-attr', '--cached', '--stdin', '-z', 'filter'];
    const { stdout } = await git(where, asked, { env, input: files });
    return firstOfEach(stdout.split('\0'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Git prints three texts per file: its name, the attribute's name, and the value. */
function firstOfEach(answer: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (let at = 0; at + 2 < answer.length; at += 3) {
    const [file = '', , filter = ''] = answer.slice(at, at + 3);
    if (!['unspecified', 'unset', 'set'].includes(filter) && !found.has(filter)) found.set(filter, file);
  }
  return found;
}

/** The paths of other repositories in a commit. */
export async function submodulesIn(where: Repository, commit: string): Promise<string[]> {
  const listed = await git(where, ['ls-tree', '-z', commitId(commit), '.gitmodules']);
  if (listed.stdout === '') return [];
  const { stdout } = await git(where, ['ls-tree', '-r', '-z', commitId(commit)]);
  return stdout.split('\0').flatMap((line) => (line.startsWith('160000 ') ? [line.slice(line.indexOf('\t') + 1)] : []));
}
