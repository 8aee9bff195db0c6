import type { Forge } from '../../ports.ts';
import type { Repositories } from '../git/publishing/repositories.ts';
import type { Isolation } from '../processes/isolation/use.ts';
import { closeEach } from './closing.ts';
import { routed, type Routing, type Serving } from './routing.ts';

/** Combines all forges. A run uses the forge that serves its repository. */
export function forgesAsOne(
  forges: readonly Serving[],
  isolation: Pick<Isolation, 'of'>,
  routing: Routing = {},
): { forge: Forge; repositories: Repositories } {
  const at = (repository: string): Serving => {
    const found = forges.find((each) => each.serves(repository));
    if (found) return found;
    throw new Error(`No forge that this worker has open serves ${repository}.`);
  };
  return { forge: forgeBy(forges, { routing, at, isolation }), repositories: repositoriesBy(at) };
}

type At = (repository: string) => Serving;

interface By {
  routing: Routing;
  at: At;
  isolation: Pick<Isolation, 'of'>;
}

function forgeBy(forges: readonly Serving[], { routing, at, isolation }: By): Forge {
  const by = ({ repository }: { repository: string }) => at(repository).forge;
  return {
    async examine(wish) {
      const found = routed(wish.repository, forges, routing);
      if ('expected' in found) {
        return { is: 'refused', fields: [{ path: 'change.repository', expected: found.expected }] };
      }
      const { forge, repository } = found;
      const how = await isolation.of(repository);
      if ('because' in how && !wish.lookOnly) return { is: 'refused', fields: [unisolated(forge, how)] };
      const examined = await forge.forge.examine({ ...wish, repository });
      const isOpen = examined.is === 'found' && examined.fork && 'is' in how && how.is === 'none';
      return isOpen ? { is: 'refused', fields: [FORK_UNISOLATED] } : examined;
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
    diff: async (change, known) => by(change).diff?.(change, known),
    mergeResult: async (change, ...rest) => by(change).mergeResult(change, ...rest),
    merge: async (change, ...rest) => by(change).merge(change, ...rest),
    release: async (change, ...rest) => by(change).release(change, ...rest),
    pollEvery: async (change, wishedMs) => by(change).pollEvery?.(change, wishedMs),
    list: async () => (await Promise.all(forges.map(({ forge }) => forge.list()))).flat(),
    close: () => closeEach(forges.map(({ forge }) => forge)),
  };
}

/** What strangers have written runs isolated or not at all. */
const FORK_UNISOLATED = {
  path: 'change.pullRequest',
  expected: 'expected commands to be isolated, because it is from a fork, found GATEHOUSE_ISOLATION=none',
};

/** Agents that share our user can read our keys, so an operator must say that they may. */
function unisolated({ hosted }: Serving, { because }: { because: string }) {
  const whose = hosted ? 'of a hosted repository' : 'with GATEHOUSE_ISOLATION=bubblewrap';
  const instead = hosted
    ? '. Without it: GATEHOUSE_ISOLATION=none, where the repository and its agents are trusted'
    : '';
  const expected = `expected commands ${whose} to be isolated, found that ${because}${instead}`;
  return { path: 'change.repository', expected };
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
