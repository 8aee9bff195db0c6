// What the Web UI shows beside each timer of a workflow: what is waited for.

export const checksPendingTimer = (step: string) => `${step}: people are told that checks are still pending`;
export const earlierEnvironmentTimer = () => 'the environment of an earlier run is still being taken down';
export const environmentGoneTimer = () => 'the environment is taken down';
export const hintsTimer = () => 'a hint came soon after another';
export const mergeReadBackTimer = () => 'whether it was merged is read back';
export const noticesTimer = () => 'notices are still on their way';
export const recordedTimer = () => 'an answer is recorded before the run continues as new';
export const urgentTimer = (step: string) => `${step}: the wait becomes urgent`;
export const watchedAnewTimer = (step: string) => `${step}: it is watched anew`;
export const unwatchedTimer = (step: string) => `${step}: the work branch is no longer watched`;

export const environmentExpiresTimer = () => 'environment: it expires';
export const environmentLateTimer = () => 'environment: late from then on';
export const environmentReportsTimer = () => 'environment: the run is told how it ended';
export const teardownTimer = () => 'environment: its teardown is tried again';

// What it shows beside each workflow that a run starts.

export const environmentChild = () => 'an environment to try it in';
export const releaseChild = () => 'its release is watched';
