import type { Forge } from '../../ports.ts';
import type { Repositories } from '../git/publishing/repositories.ts';
import { closeEach } from './closing.ts';
import { routed, type Routing, type Serving } from './routing.ts';

/** Combines all forges. A run uses the forge that serves its repository. */
export function forgesAsOne(
  forges: readonly Serving[],
  routing: Routing = {},
): { forge: Forge; repositories: Repositories } {
  const at = (repository: string): Serving => {
    const found = forges.find((each) => each.serves(repository));
    if (found) return found;
    throw new Error(`No forge that this worker has open serves ${repository}.`);
  };
  return { forge: forgeBy(forges, routing, at), repositories: repositoriesBy(at) };
}

type At = (repository: string) => Serving;

function forgeBy(forges: readonly Serving[], routing: Routing, at: At): Forge {
  const by = ({ repository }: { repository: string }) => at(repository).forge;
  return {
    async examine(wish) {
      const found = routed(wish.repository, forges, routing);
      if ('forge' in found) return found.forge.forge.examine({ ...wish, repository: found.repository });
      return { is: 'refused', fields: [{ path: 'change.repository', expected: found.expected }] };
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
