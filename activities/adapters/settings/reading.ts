import type { Change } from '../../../workflows/contracts/change.ts';
import type { GitWorkspace } from '../git/workspace.ts';
import type { Agents } from './agent-settings.ts';
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

/** The agents that serve a change, and the path at which they are written. */
export interface AgentsFound {
  agents: Agents;
  /** Such as `.gatehouse.yml:agents`. */
  at: string;
}

/** The agents of a change's repository. `defaults` replaces them if the repository names none. */
export async function agentsOf(
  repositories: Pick<GitWorkspace, 'fileAt'>,
  change: Pick<Change, 'repository' | 'basis'>,
  defaults?: AgentsFound,
): Promise<AgentsFound> {
  const { agents } = await settingsOf(repositories, change);
  if (defaults && Object.keys(agents).length === 0 && Object.keys(defaults.agents).length > 0) return defaults;
  return { agents, at: `${FILE}:agents` };
}
