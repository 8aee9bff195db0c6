import type { ForeignCommit } from '../change.ts';

/** The maximum number of commits by others that a run remembers. A merged branch may have thousands. */
export const MOST_FOREIGN = 200;
/** The limits of a commit's writers: the characters of a name, and the names besides the author. `FEWER`: when all are too long. */
const WRITERS = { length: 200, others: 20 };
const NAMES_LENGTH = 60_000;
const WRITERS_LENGTH = 20_000;
const FEWER = { length: 60, others: 3 };

/** The newest of these commits, oldest first, after one of each other writer, so that no writer is forgotten. */
export function boundedForeign(commits: readonly ForeignCommit[]): ForeignCommit[] {
  const kept = newestOf(commits.map((each) => clipped(each, WRITERS)));
  const length = kept.reduce((sum, each) => sum + namesOf(each).join('').length, 0);
  return length <= NAMES_LENGTH ? kept : kept.map((each) => clipped(each, FEWER));
}

/** The names and e-mails of earlier writers, up to a limit. */
export function boundedWriters(names: readonly string[]): string[] {
  let left = WRITERS_LENGTH;
  const short = names.map((name) => name.slice(0, WRITERS.length));
  const over = short.findIndex((name) => (left -= name.length) < 0);
  return over < 0 ? short : short.slice(0, over);
}

function newestOf(commits: ForeignCommit[]): ForeignCommit[] {
  if (commits.length <= MOST_FOREIGN) return commits;
  const writers = new Set<string>();
  const firsts = commits.filter((each) => {
    const writer = JSON.stringify(namesOf(each));
    return !writers.has(writer) && writers.add(writer);
  });
  const kept = new Set(firsts.slice(-MOST_FOREIGN));
  for (let at = commits.length - 1; kept.size < MOST_FOREIGN; at -= 1) kept.add(commits[at]!);
  return commits.filter((each) => kept.has(each));
}

const namesOf = ({ author, email, others = [] }: ForeignCommit): string[] => [author, email, ...others];

function clipped({ commit, author, email, others }: ForeignCommit, most: typeof WRITERS): ForeignCommit {
  const cut = (text: string) => text.slice(0, most.length);
  return {
    commit,
    author: cut(author),
    email: cut(email),
    ...(others && { others: others.slice(0, most.others).map(cut) }),
  };
}
