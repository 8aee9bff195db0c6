import path from 'node:path';
import { foldersOf, safeName } from '../../files/folders.ts';
import type { Use } from './use.ts';

/**
 * The home of a repository's commands, which is kept between them for caches. Agents, checks and previews have one each: an
 * agent must not be able to configure what judges its work, nor a fork what the repository itself runs. An agent that is
 * signed in as the operator has another one, in which empty files are left where the sign-in was bound.
 */
export function homeOf(root: string, use: Pick<Use, 'repository' | 'kind' | 'fork' | 'signIn'>): string {
  const { repository, kind, fork = false, signIn = [] } = use;
  const name = [...(fork ? ['fork'] : []), kind, ...(signIn.length > 0 ? ['signed-in'] : [])].join('-');
  return path.join(foldersOf(root).homes, safeName(repository), name);
}
