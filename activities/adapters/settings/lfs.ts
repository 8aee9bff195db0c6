import type { BadField } from '../../../workflows/contracts/activities.ts';
import { FILE, type RepositorySettings } from './repository-settings.ts';

/**
 * What is wrong with `git.lfs`, for a repository in which this file has the filter `lfs`. `lacks` returns why git-lfs does not
 * work on this machine.
 */
export async function unfitForLfs(
  file: string,
  { git }: RepositorySettings,
  lacks: () => Promise<string | undefined>,
): Promise<BadField[]> {
  if (git?.lfs === false) return [];
  const path = `${FILE}:git.lfs`;
  if (git?.lfs === undefined) {
    const choice = 'true (checkouts have the contents) or false (they have the pointers)';
    return [{ path, expected: `expected ${choice}, because ${file} has the filter lfs` }];
  }
  const because = await lacks();
  return because === undefined
    ? []
    : [{ path, expected: `expected git-lfs on this machine, which ${file} needs: ${because}` }];
}
