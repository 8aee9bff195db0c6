import { short, type Parts } from './parts.ts';

export const environmentBuilding = ({ head }: Parts<'environmentBuilding'>) =>
  `The environment for ${short(head)} is being built`;

export const environmentRebuilding = () => 'The environment is being rebuilt if the head has moved';

export const environmentLive = ({ head, url, expiresAt }: Parts<'environmentLive'>) =>
  `${short(head)} is live at ${url}${expiresAt ? `, until ${expiresAt}` : ''}.`;

export const environmentLate = ({ because = NO_REASON }: Parts<'environmentLate'>) =>
  `The environment is not up in time: ${because}`;

export const environmentLateHint = () => 'Raise provisionSeconds, or fix what makes it slow, then retry the run.';

export const environmentNotBuilt = ({ because = NO_REASON }: Parts<'environmentNotBuilt'>) =>
  `The environment could not be built: ${because}`;

export const environmentNotBuiltHint = () => 'Fix the environment’s command or the change, then retry the run.';

export const nothingToDeploy = () => 'There is no change to deploy.';

const NO_REASON = 'no reason given';

// Notices about an environment

export const environmentLost = ({ status, because = NO_REASON }: { status: string; because?: string | undefined }) =>
  `The environment is ${status}: ${because}`;

export const environmentReady = ({ url }: { url?: string | undefined }) => `The environment is up at ${url}`;

export const teardownFails = ({ because }: { because: string }) =>
  `The environment cannot be removed: ${because}. This is retried until it works.`;

// Why an environment is as it is

export const notBuilt = ({ because }: { because: string }) => `It could not be built: ${because}`;

export const endedAgain = ({ because }: { because: string }) => `It ended again: ${because}`;

export const slow = ({ seconds, because }: { seconds: number; because?: string | undefined }) =>
  `It is not up after ${seconds} s; it may still come up.${because ? ` ${because}` : ''}`;

export const statusOnly = ({ is }: { is: string }) => `it is ${is}`;

export const expired = () => 'It has expired.';

export const ownerClosed = () => 'Its run is closed.';

export const buildCalledOff = () => 'Its build was called off.';

export const newRunBegan = () => 'A new run began.';

export const runOver = () => 'The run has ended.';
