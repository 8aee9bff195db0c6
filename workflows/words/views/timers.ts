// What the Web UI shows beside each timer of a workflow: what is waited for.

export const agentUnavailableTimer = (step: string) => `${step}: people are notified that its agent is not available`;
export const askedAgainTimer = (activity: string) => `${activity}: the worker that has it is asked again`;
export const checksPendingTimer = (step: string) => `${step}: people are notified that checks are still pending`;
export const earlierEnvironmentTimer = () => 'the environment of an earlier run is still being removed';
export const environmentGoneTimer = () => 'the environment is being removed';
export const hintsTimer = () => 'a hint came soon after another';
export const mergeReadBackTimer = () => 'whether it was merged is read back';
export const noticesTimer = () => 'notices are still being delivered';
export const recordedTimer = () => 'an answer is recorded before the run continues as new';
export const urgentTimer = (step: string) => `${step}: the wait becomes urgent`;
export const watchedAgainTimer = (step: string) => `${step}: it is watched again`;
export const unwatchedTimer = (step: string) => `${step}: the work branch is no longer watched`;

export const environmentExpiresTimer = () => 'environment: it expires';
export const environmentLateTimer = () => 'environment: it is late';
export const environmentReportsTimer = () => 'environment: it reports its end to the run';
export const teardownTimer = () => 'environment: its removal is retried';

// What it shows beside each workflow that a run starts.

export const environmentChild = () => 'an environment to try it in';
export const releaseChild = () => 'its release is watched';
