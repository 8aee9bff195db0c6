import type { Trash } from '../../activities/adapters/files/trash.ts';
import { exclusivelyIn } from '../../activities/adapters/processes/exclusive.ts';
import { noConfiguration } from '../../activities/adapters/configuration/configuration.ts';
import { ChangeStore } from '../../activities/adapters/git/publishing/change-store.ts';
import { Publishing } from '../../activities/adapters/git/publishing/publishing.ts';
import { repositoriesOf } from '../../activities/adapters/git/publishing/repositories.ts';
import type { InCheckouts, Local } from '../../activities/adapters/local/opening.ts';
import { LocalWorkspace } from '../../activities/adapters/local/repositories/workspace.ts';
import { stateIn } from './state/databases.ts';
import { agentsOf } from '../../activities/adapters/settings/reading.ts';

/** The repositories of this machine, as a worker of its own on this data folder works on them. */
export const workspaceIn = (root: string, trash?: Trash, state = stateIn(root)): LocalWorkspace =>
  new LocalWorkspace(root, exclusivelyIn(root, state), trash);

/** Adds the repositories of this machine, and no configuration file, for adapters that work in checkouts. */
export function inCheckouts(given: Omit<Local, 'state'> & Partial<InCheckouts>): InCheckouts {
  const options = { state: stateIn(given.root), ...given };
  const workspace = new LocalWorkspace(options.root, exclusivelyIn(options.root, options.state));
  const publishing = new Publishing(workspace, new ChangeStore(options.state), options.ledger);
  const repositories = repositoriesOf(workspace, publishing, async () => undefined);
  return {
    repositories,
    agentsOf: (change) => agentsOf(repositories, change),
    configuration: () => noConfiguration,
    ...options,
  };
}
