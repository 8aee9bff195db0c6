import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { commitId } from '../commits.ts';
import { git, type Repository } from '../door.ts';

const NOTE = 'gatehouse-submodules';

/** Records in our copy whether its checkouts have submodules. */
export const noteSubmodules = ({ gitDir }: Repository, wanted: boolean): Promise<void> => {
  const file = path.join(gitDir, NOTE);
  return wanted ? writeFile(file, '') : rm(file, { force: true });
};

export const hasSubmodules = ({ gitDir }: Repository): Promise<boolean> =>
  readFile(path.join(gitDir, NOTE)).then(
    () => true,
    () => false,
  );

/** A link of a commit to a commit of another repository. `url`: as `.gitmodules` has it. Undefined: it does not name it. */
export interface Submodule {
  path: string;
  commit: string;
  url?: string | undefined;
}

/** The submodules of a commit. */
export async function submodulesAt(where: Repository, commit: string): Promise<Submodule[]> {
  const file = `${commitId(commit)}:.gitmodules`;
  const asked = [
    'config',
    '--blob',
    file,
    '--no-includes',
    '--null',
    '--get-regexp',
    String.raw`^submodule\..*\.(path|url)$`,
  ];
  const { stdout, code } = await git(where, asked, { okCodes: [0, 1, 128] });
  if (code !== 0) return [];
  const modules = new Map<string, { path?: string; url?: string }>();
  for (const entry of stdout.split('\0').filter(Boolean)) {
    const [key = '', value = ''] = [entry.slice(0, entry.indexOf('\n')), entry.slice(entry.indexOf('\n') + 1)];
    const name = key.slice(0, key.lastIndexOf('.'));
    modules.set(name, { ...modules.get(name), [key.endsWith('.path') ? 'path' : 'url']: value });
  }
  const urls = new Map([...modules.values()].map(({ path: at = '', url }) => [path.posix.normalize(at), url]));
  const links = await git(where, ['ls-tree', '-r', '-z', '--full-tree', commitId(commit)]);
  return links.stdout.split('\0').flatMap((line) => {
    const [, id, at] = /^160000 commit ([0-9a-f]+)\t(.*)$/s.exec(line) ?? [];
    return id === undefined || at === undefined ? [] : [{ path: at, commit: id, url: urls.get(at) }];
  });
}
