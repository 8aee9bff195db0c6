import type { Change } from '../../../../workflows/contracts/change.ts';
import type { GitWorkspace } from '../workspace.ts';
import type { Published, Publishing } from './publishing.ts';

/**
 * The repositories of a forge, for adapters that work on their files. Such an adapter hands back commits, and the forge
 * decides how they reach a branch.
 */
export interface Repositories extends Pick<
  GitWorkspace,
  'path' | 'fetch' | 'headOf' | 'fileAt' | 'existsAt' | 'checkout'
> {
  /**
   * Publishes a commit of our copy to the change's branch. `before`: the head on which it was made. Publishing twice is
   * harmless.
   */
  publish(change: Change, commit: string, before: string | undefined): Promise<Published>;
  foreignSince: Publishing['foreignSince'];
  /** The message of a commit that we make on the change's branch: it names the run that owns the branch. */
  signed: Publishing['signed'];
  /** How the change's pull request is called, and its page. Undefined: it has none yet. */
  pullRequest(change: Change): Promise<ShownPullRequest | undefined>;
}

export interface ShownPullRequest {
  title?: string | undefined;
  url?: string | undefined;
}

/** The repositories of a forge that uses a git workspace. */
export const repositoriesOf = (
  workspace: GitWorkspace,
  publishing: Publishing,
  pullRequest: Repositories['pullRequest'],
): Repositories => ({
  path: (repository) => workspace.path(repository),
  fetch: (repository) => workspace.fetch(repository),
  headOf: (repository, branch) => workspace.headOf(repository, branch),
  fileAt: (repository, commit, file) => workspace.fileAt(repository, commit, file),
  existsAt: (repository, commit, file) => workspace.existsAt(repository, commit, file),
  checkout: (repository, commit, folder, onto) => workspace.checkout(repository, commit, folder, onto),
  foreignSince: (change, known, head) => publishing.foreignSince(change, known, head),
  signed: (change, message) => publishing.signed(change, message),
  pullRequest,
  publish: (change, commit, before) => publishing.publish(change, commit, before),
});
