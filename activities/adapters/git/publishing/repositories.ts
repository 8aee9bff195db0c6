import type { Change } from '../../../../workflows/contracts/change.ts';
import type { GitWorkspace } from '../workspace.ts';
import type { Published, Publishing } from './publishing.ts';

/** A commit that was made in a checkout, and the git folder that has it. */
export interface Made {
  commit: string;
  objects: string;
}

/**
 * The repositories of a forge, for those who work on what is in them. They hand back commits: on which branch these go,
 * and how, is the forge's business.
 */
export interface Repositories extends Pick<GitWorkspace, 'fetch' | 'headOf' | 'fileAt' | 'existsAt' | 'checkout'> {
  /** Brings a commit onto the change's branch. `before`: the head that it was made on. Doing it twice is harmless. */
  publish(change: Change, made: Made, before: string | undefined): Promise<Published>;
  foreignSince: Publishing['foreignSince'];
}

/** Those of a forge that stands on git. */
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
