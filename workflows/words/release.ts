import { short, type Parts } from './parts.ts';

export const nothingReleased = () => 'Nothing was merged: there is no release to watch.';

export const watchedBy = ({ workflowId }: { workflowId: string }) => `Watched by ${workflowId}.`;

export const earlierReleaseWatched = ({ workflowId }: { workflowId: string }) =>
  `${workflowId} still watches an earlier release of this task: this one is not watched.`;

export const releaseWatched = ({ mergeCommit, until }: { mergeCommit: string; until: string }) =>
  `The release of ${short(mergeCommit)} is watched until ${until}`;

export const releaseHealthy = ({ minutes }: Parts<'releaseHealthy'>) =>
  `Watched for ${minutes} minutes: it is healthy.`;

export const releaseWithoutData = ({ minutes }: Parts<'releaseWithoutData'>) =>
  `Watched for ${minutes} minutes: no signal had any data.`;

/** Names what alerts, with its detail. */
export const regressed = ({ signals }: Parts<'regressed'>) => {
  const alerting = signals.filter(({ state }) => state === 'alert');
  const named = alerting.map(({ id, name, detail }) => `${name ?? id}${detail ? ` (${detail})` : ''}`);
  return named.length > 0 ? `The release has regressed: ${named.join(', ')}.` : 'The release has regressed.';
};

export const regressionAcknowledged = ({ regression, by }: Parts<'regressionAcknowledged'>) =>
  `${regression} Acknowledged by ${by}.`;

// The investigation

export const nobodyInvestigates = ({ regression }: Parts<'nobodyInvestigates'>) =>
  `${regression} Nobody was sent to investigate.`;

export const investigated = ({ recommendation, confidence, rationale }: Parts<'investigated'>) =>
  `On-call says ${recommendation} (confidence ${confidence}): ${rationale}`;

export const investigationFailed = ({ because }: Parts<'investigationFailed'>) =>
  `The investigation failed (${because}): check it yourself.`;

export const noReleaseAssessment = () => 'its answer is no assessment';

// What the on-call agent is asked

export const investigateBrief = (asked: Parts<'investigateBrief'>) => {
  const { text, title, pullRequest, base, mergeCommit, signals } = asked;
  // Its branch is gone by now.
  const change = pullRequest === undefined ? `the change “${title}”` : `pull request ${pullRequest}`;
  return [
    `${text} Find out whether ${change}, merged into ${base} just before as ${mergeCommit}, is to blame. Change nothing.`,
    'Answer in `output` with { "culpritConfidence": 0..1, "recommendation": "revert" | "hold" | "monitor", "rationale": "…", "evidence": ["…"] }.',
    ...signals.map(({ id, name, state, detail }) => `- ${name ?? id}: ${state}${detail ? ` (${detail})` : ''}`),
  ].join('\n');
};
