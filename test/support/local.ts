import { ChangeStore } from '../../activities/adapters/git/publishing/change-store.ts';
import { Publishing } from '../../activities/adapters/git/publishing/publishing.ts';
import { repositoriesOf } from '../../activities/adapters/git/publishing/repositories.ts';
import type { InCheckouts, Local } from '../../activities/adapters/local/opening.ts';
import { LocalWorkspace } from '../../activities/adapters/local/repositories/workspace.ts';

/** Adds the repositories of this machine, for adapters that work in checkouts. */
export function inCheckouts(options: Local): InCheckouts {
  const workspace = new LocalWorkspace(options.root);
  const publishing = new Publishing(workspace, new ChangeStore(options.root), options.ledger);
  return { ...options, repositories: repositoriesOf(workspace, publishing) };
}
