import type { ForeignCommit } from '../contracts/change.ts';
import { short, type Parts } from './parts.ts';

export const branchReset = ({ head }: Parts<'branchReset'>) =>
  `The branch was set to ${short(head)}, which is not built on it.`;

export const commitsCameAfter = ({ commits }: Parts<'commitsCameAfter'>) => {
  const [first] = commits;
  const more = commits.length > 1 ? ` and ${commits.length - 1} more` : '';
  return `Commit ${short(first!.commit)} by ${first!.author}${more} came after it was judged.`;
};

export const headMovedAfter = ({ head }: Parts<'headMovedAfter'>) =>
  `The head moved to ${head === undefined ? 'nowhere' : short(head)} after it was confirmed.`;

/** Why a person is asked again. */
export const headMovedWhileAsked = ({ head, commits }: { head?: string | undefined; commits: ForeignCommit[] }) => {
  const [first] = commits;
  const who = first ? ` by ${first.author}` : '';
  return `Commit ${head === undefined ? 'none' : short(head)}${who} came in while a person was asked.`;
};

/** Why a person is asked again: the change is to be merged into another base. */
export const retargetedWhileAsked = ({ base }: { base: string }) =>
  `The change is to be merged into ${base} now, which was chosen while a person was asked.`;

/** A person has a step run again from the start. */
export const startedOver = () => 'A person started it over.';
