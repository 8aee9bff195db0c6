import type { Parts } from './parts.ts';

export const whetherItMerges = ({ branch, base }: Parts<'whetherItMerges'>) => `Whether ${branch} merges into ${base}`;

export const mergesCleanly = () => 'It merges cleanly.';

export const nothingToMerge = () => 'There is no change to merge.';

export const conflictsIn = ({ files }: Parts<'conflictsIn'>) => `Conflicts with the base in ${files.join(', ')}.`;

export const conflictsHint = ({ branch, base }: Parts<'conflictsHint'>) =>
  `Merge ${base} into ${branch} by hand, then retry the run.`;

export const baseNotMerged = ({ base, because }: Parts<'baseNotMerged'>) =>
  `${base} could not be merged in: ${because}`;

/** Why the base could not be taken into the work branch. */
export const baseConflicts = ({ files }: { files: readonly string[] }) => `it conflicts in ${files.join(', ')}`;

// What the conflict-resolver is asked

export const resolveBrief = ({ base, files }: Parts<'resolveBrief'>) =>
  [
    `The merge of ${base} into the work branch has conflicts. Resolve these files, and git add or git rm those that stay as they are. The merge is committed for you:`,
    ...files.map((name) => `- ${name}`),
  ].join('\n');
