import { short, type Parts } from './parts.ts';

export const checkingChange = () => 'Checking the change';

export const merging = ({ head, base }: Parts<'merging'>) => `Merging ${short(head)} into ${base}`;

export const merged = ({ decided, by }: Parts<'merged'>) =>
  decided === 'by-policy' ? 'Merged.' : `Merged, because ${by ?? 'a person'} approved it.`;

export const mergeRejectedBy = ({ by, reason }: Parts<'mergeRejectedBy'>) =>
  `${by ?? 'A person'} rejected the merge${reason ? `: ${reason}` : '.'}`;

export const mergeQuestion = ({ because }: Parts<'mergeQuestion'>) => `${because} Merge it, or reject it.`;

// Why a person decides

export const notAssessed = () => 'There is no valid assessment of the change.';

export const assessedTooHigh = ({ over }: Parts<'assessedTooHigh'>) =>
  `Over the thresholds: ${over.map(({ axis, score, most }) => `${axis} ${score} of ${most}`).join(', ')}.`;

export const protectedPathsTouched = ({ paths }: Parts<'protectedPathsTouched'>) =>
  `It touches protected paths: ${paths.slice(0, 10).join(', ')}.`;

export const mergeBringsBack = ({ base, commits }: Parts<'mergeBringsBack'>) =>
  `It would bring back what was removed from ${base}: ${commits.join(', ')}.`;

export const mergeConflicts = ({ files }: Parts<'mergeConflicts'>) =>
  `It conflicts with its base in ${files.join(', ')}.`;

export const mergedIntoConflict = ({ files }: Parts<'mergedIntoConflict'>) =>
  `It could not be merged: it conflicts in ${files.join(', ')}.`;

export const mergeRefused = ({ because }: Parts<'mergeRefused'>) => `It could not be merged: ${because}`;

export const mergeBehind = ({ because }: Parts<'mergeBehind'>) =>
  `The forge merges only what contains the base: ${because}`;

export const mergeUnchecked = ({ because }: Parts<'mergeUnchecked'>) =>
  `The forge lacks checks that it requires: ${because}`;

export const baseMovedOn = ({ base }: Parts<'baseMovedOn'>) =>
  `${base} has moved since the checks ran, and the forge can check both together only on the work branch.`;

// What the forge makes the merge wait for

export const mergeAwaitsReviews = ({ because, url }: Parts<'mergeAwaitsReviews'>) =>
  `The forge does not merge it yet: ${because}${url ? ` (${url})` : ''}`;

export const mergeQueued = ({ because }: Parts<'mergeQueued'>) => `It is in the merge queue of the forge: ${because}`;

// After the merge was given up

export const baseNotTaken = ({ because, base, refusal }: Parts<'baseNotTaken'>) =>
  `${because} ${base} could not be merged in: ${refusal}.`;

/** The run was cancelled during its merge. */
export const mergeNotReadBack = ({ branch, base }: { branch: string; base: string }) =>
  `The run was cancelled during its merge. Whether ${branch} was merged into ${base} could not be read.`;

// What the merger is asked

export const assessBrief = () =>
  [
    'Assess the change on the work branch against its base: how complex it is, how risky, how far it reaches.',
    'Answer in `output` with { "complexity": 0..1, "risk": 0..1, "impact": 0..1, "rationale": "…" }. Do not merge.',
  ].join('\n');
