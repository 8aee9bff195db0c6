import type { Forge } from '../../ports.ts';
import type { Repositories } from '../git/publishing/repositories.ts';
import type { OpenForge } from '../vendor.ts';
import { closeEach } from './closing.ts';

/** An open forge, the form in which its repositories are written, and whether they are on another machine. */
export interface Serving extends OpenForge {
  written: string;
  hosted: boolean;
}

/** Combines all forges. A run uses the first forge that serves its repository. */
export function forgesAsOne(forges: readonly Serving[]): { forge: Forge; repositories: Repositories } {
  const serving = (repository: string) => forges.find((each) => each.serves(repository));
  const at = (repository: string): Serving => {
    const found = serving(repository);
    if (found) return found;
    throw new Error(`No forge that this worker has open serves ${repository}.`);
  };
  return { forge: forgeBy(forges, serving, at), repositories: repositoriesBy(at) };
}

type At = (repository: string) => Serving;

function forgeBy(forges: readonly Serving[], serving: (repository: string) => Serving | undefined, at: At): Forge {
  const by = ({ repository }: { repository: string }) => at(repository).forge;
  return {
    async examine(wish) {
      const found = serving(wish.repository);
      if (found) return found.forge.examine(wish);
      const expected = `expected ${forges.map(({ written }) => written).join(', or ')}, found ${wish.repository}`;
      return { is: 'refused', fields: [{ path: 'change.repository', expected }] };
    },
    claim: async (change, ...rest) => by(change).claim(change, ...rest),
    look: async (change, ...rest) => by(change).look(change, ...rest),
    ensurePullRequest: async (change, ...rest) => by(change).ensurePullRequest(change, ...rest),
    checks: async (change, ...rest) => by(change).checks(change, ...rest),
    rerunFailed: async (change, ...rest) => by(change).rerunFailed(change, ...rest),
    endChecks: async (change, ...rest) => by(change).endChecks(change, ...rest),
    mergeability: async (change) => by(change).mergeability(change),
    updateFromBase: async (change) => by(change).updateFromBase(change),
    commitFiles: async (change, ...rest) => by(change).commitFiles(change, ...rest),
    changedPaths: async (change, ...rest) => by(change).changedPaths(change, ...rest),
    mergeResult: async (change, ...rest) => by(change).mergeResult(change, ...rest),
    merge: async (change, ...rest) => by(change).merge(change, ...rest),
    release: async (change, ...rest) => by(change).release(change, ...rest),
    list: async () => (await Promise.all(forges.map(({ forge }) => forge.list()))).flat(),
    close: () => closeEach(forges.map(({ forge }) => forge)),
  };
}

function repositoriesBy(at: At): Repositories {
  const of = (repository: string) => at(repository).repositories;
  return {
    path: async (repository) => of(repository).path(repository),
    fetch: async (repository) => of(repository).fetch(repository),
    headOf: async (repository, ...rest) => of(repository).headOf(repository, ...rest),
    fileAt: async (repository, ...rest) => of(repository).fileAt(repository, ...rest),
    existsAt: async (repository, ...rest) => of(repository).existsAt(repository, ...rest),
    checkout: async (repository, ...rest) => of(repository).checkout(repository, ...rest),
    publish: async (change, ...rest) => of(change.repository).publish(change, ...rest),
    signed: async (change, ...rest) => of(change.repository).signed(change, ...rest),
    pullRequest: async (change) => of(change.repository).pullRequest(change),
    foreignSince: async (change, ...rest) => of(change.repository).foreignSince(change, ...rest),
  };
}
