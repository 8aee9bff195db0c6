import type { ForeignCommit } from './activities.ts';

/** As many commits by others as are told of and remembered, and as much of a name: a branch may be brought in that has thousands. */
export const MOST_FOREIGN = 200;
const NAME_LENGTH = 200;

/** The newest of these commits, oldest first, and before them one of each other writer, so that none is forgotten. */
export function boundedForeign(commits: readonly ForeignCommit[]): ForeignCommit[] {
  const short = commits.map(clipped);
  if (short.length <= MOST_FOREIGN) return short;
  const writers = new Set<string>();
  const firsts = short.filter((each) => {
    const writer = JSON.stringify([each.author, each.email, each.others]);
    return !writers.has(writer) && writers.add(writer);
  });
  const kept = new Set(firsts.slice(-MOST_FOREIGN));
  for (let at = short.length - 1; kept.size < MOST_FOREIGN; at -= 1) kept.add(short[at]!);
  return short.filter((each) => kept.has(each));
}

function clipped({ commit, author, email, others }: ForeignCommit): ForeignCommit {
  const cut = (text: string) => text.slice(0, NAME_LENGTH);
  return { commit, author: cut(author), email: cut(email), ...(others && { others: others.slice(0, 20).map(cut) }) };
}
