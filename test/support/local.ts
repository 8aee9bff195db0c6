import { noConfiguration } from '../../activities/adapters/configuration/configuration.ts';
import { ChangeStore } from '../../activities/adapters/git/publishing/change-store.ts';
import { Publishing } from '../../activities/adapters/git/publishing/publishing.ts';
import { repositoriesOf } from '../../activities/adapters/git/publishing/repositories.ts';
import type { InCheckouts, Local } from '../../activities/adapters/local/opening.ts';
import { LocalWorkspace } from '../../activities/adapters/local/repositories/workspace.ts';
import { stateIn } from './state/databases.ts';
import { agentsOf } from '../../activities/adapters/settings/reading.ts';

/** Adds the repositories of this machine, and no configuration file, for adapters that work in checkouts. */
export function inCheckouts(given: Omit<Local, 'state'> & Partial<InCheckouts>): InCheckouts {
  const options = { state: stateIn(given.root), ...given };
  const workspace = new LocalWorkspace(options.root);
  const publishing = new Publishing(workspace, new ChangeStore(options.state), options.ledger);
  const repositories = repositoriesOf(workspace, publishing);
  return {
    repositories,
    agentsOf: (change) => agentsOf(repositories, change),
    configuration: () => noConfiguration,
    ...options,
  };
}
