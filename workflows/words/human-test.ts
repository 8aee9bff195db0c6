import type { Parts } from './parts.ts';

export const tryAt = ({ url }: Parts<'tryAt'>) => `Try the change at ${url}`;

export const tryBranch = ({ lacking, branch }: Parts<'tryBranch'>) => `${lacking} Try ${branch} yourself`;

export const tryTheBranch = ({ lacking }: Parts<'tryTheBranch'>) => `${lacking} Try the branch yourself.`;

export const confirmedBy = ({ by, note }: Parts<'confirmedBy'>) =>
  `Confirmed by ${by ?? 'a person'}${note ? `: ${note}` : '.'}`;

export const humanTestOver = () => 'The human test is over.';

// Why there is no environment to try the change in

export const noEnvironmentConfigured = () => 'No environment is configured.';

export const environmentNotUpYet = () => 'The environment is not up yet; it may still come up.';

export const noEnvironment = () => 'There is no environment.';

export const takenDownByPerson = () => 'A person removed it.';

// How a fix or an update went

export const helperFailed = ({ helper, because }: Parts<'helperFailed'>) => `The ${helper} failed: ${because}`;

export const helperLeftHead = ({ helper }: Parts<'helperLeftHead'>) =>
  `Nothing changed: the ${helper} did not move the head.`;

export const updatingBranch = ({ branch, base }: Parts<'updatingBranch'>) => `Merging ${base} into ${branch}`;

export const updateCalledOff = () => 'The update was called off.';

export const resolversUsedUp = ({ base, attempts }: Parts<'resolversUsedUp'>) =>
  `${base} conflicts with the change, and all ${attempts} attempts of the conflict-resolver are used.`;

// What the fixer is asked

export const fixBrief = ({ findings }: Parts<'fixBrief'>) =>
  `A person tried the change, and found this:\n\n${findings}`;
