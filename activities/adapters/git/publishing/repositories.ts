import type { Change } from '../../../../workflows/contracts/change.ts';
import type { GitWorkspace } from '../workspace.ts';
import type { Published, Publishing } from './publishing.ts';

/** A commit that was made in a checkout, and the git folder that contains it. */
export interface Made {
  commit: string;
  objects: string;
}

/**
 * The repositories of a forge, for adapters that work on their files. Such an adapter hands back commits, and the forge
 * decides how they reach a branch.
 */
export interface Repositories extends Pick<GitWorkspace, 'fetch' | 'headOf' | 'fileAt' | 'existsAt' | 'checkout'> {
  /** Publishes a commit to the change's branch. `before`: the head on which it was made. Publishing twice is harmless. */
  publish(change: Change, made: Made, before: string | undefined): Promise<Published>;
  foreignSince: Publishing['foreignSince'];
}

/** The repositories of a forge that uses a git workspace. */
export const repositoriesOf = (workspace: GitWorkspace, publishing: Publishing): Repositories => ({
  fetch: (repository) => workspace.fetch(repository),
  headOf: (repository, branch) => workspace.headOf(repository, branch),
  fileAt: (repository, commit, file) => workspace.fileAt(repository, commit, file),
  existsAt: (repository, commit, file) => workspace.existsAt(repository, commit, file),
  checkout: (repository, commit, folder, onto) => workspace.checkout(repository, commit, folder, onto),
  foreignSince: (change, known, head) => publishing.foreignSince(change, known, head),

  async publish(change, { commit, objects }, before) {
    const copy = workspace.copyOf(await workspace.path(change.repository));
    if (objects !== copy) await workspace.bringBack(change.repository, objects, commit);
    return publishing.publish(change, commit, before);
  },
});
