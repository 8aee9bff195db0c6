import type { Change } from '../../../workflows/contracts/change.ts';
import type { GitWorkspace } from '../git/workspace.ts';
import { FILE, parseSettings, type RepositorySettings } from './repository-settings.ts';

/**
 * The settings with which a change began. They are read from the base branch's commit at that time, never from the change.
 */
export async function settingsOf(
  repositories: Pick<GitWorkspace, 'fileAt'>,
  { repository, basis }: Pick<Change, 'repository' | 'basis'>,
): Promise<RepositorySettings> {
  const read = parseSettings((await repositories.fileAt(repository, basis, FILE)) ?? '');
  if ('settings' in read) return read.settings;
  throw new Error(`${FILE} of ${basis} cannot be read: ${read.fields.map(({ path }) => path).join(', ')}`);
}
