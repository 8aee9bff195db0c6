import type { Unavailable } from '../contracts/jobs.ts';
import type { Estimate } from '../contracts/pipeline-run.ts';
import { paragraphs, type Parts } from './parts.ts';

export const agentAtWork = ({ role, job }: { role: string; job: number }) => `${role} is at work (${role}-${job})`;

export const agentAsks = ({ role, question }: Parts<'agentAsks'>) => `${role} asks: ${question}`;

export const agentChangedNothing = ({ role }: Parts<'agentChangedNothing'>) =>
  `${role} changed nothing on a fresh branch.`;

export const agentStopped = ({ role, because }: { role: string; because: string }) =>
  `The ${role} was stopped: ${because}`;

/** An agent that cannot work now, for a reason outside of the task, such as a usage limit. */
export const agentUnavailable = ({ role, because, until }: { role: string } & Unavailable) =>
  `${role} waits until its agent is available: ${sentence(because)}${until ? ` Next try: ${until}.` : ''}`;

export const agentLongUnavailable = ({ role, because, since }: { role: string; because: string; since: string }) =>
  `The agent of ${role} has not been available since ${since}: ${sentence(because)} The run continues by itself once it is.`;

/** What an activity shows while it waits. `tried`: the job that tries the agent now. */
export const agentAwaited = ({ because, until, tried }: Unavailable & { tried?: string | undefined }) =>
  `${sentence(because)} ${tried ? `It is tried by ${tried} now` : `Next try: ${until ?? 'soon'}`}`;

const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** A job that failed without a message. */
export const failedWithoutReason = () => 'It failed without a reason.';

export const jobFailedHint = () => 'Read the detail, fix the agent or the task, then retry the run.';

export const changesDiscarded = ({ role, files }: { role: string; files: readonly string[] }) =>
  `${role} only reads. Its changes were discarded: ${files.slice(0, 10).join(', ')}.`;

export const outputAwaitsApproval = ({ role }: Parts<'outputAwaitsApproval'>) =>
  `The output of ${role} waits for approval.`;

export const approvedBy = ({ by }: Parts<'approvedBy'>) => `Approved by ${by ?? 'a person'}.`;

export const rejectedBy = ({ by, reason }: Parts<'rejectedBy'>) =>
  `${by ?? 'A person'} rejected it${reason ? `: ${reason}` : '.'}`;

export const done = () => 'Done.';

export const joined = ({ first, then }: Parts<'joined'>) => [first, then].filter(Boolean).join(' ');

// Helpers

export const attemptsUsedUp = ({ reason, helper, attempts }: Parts<'attemptsUsedUp'>) =>
  `${reason} All ${attempts} attempts of ${helper} are used.`;

export const helperChangesNothing = ({ reason, helper, times }: Parts<'helperChangesNothing'>) =>
  `${reason} Nothing changed: ${helper} made no difference, ${times} times in a row.`;

export const noBranchToFix = ({ reason }: Parts<'noBranchToFix'>) => `${reason} There is no work branch to fix it on.`;

// Estimates

export const estimated = ({ estimate, rationale }: Parts<'estimated'>) => {
  const axes = AXES.map((axis) => `${axis} ${estimate[axis]}`).join(', ');
  return `Estimated: ${axes}.${rationale && ` ${rationale}`}`;
};

export const noEstimate = () => 'There is no estimate.';

export const estimateTooLow = ({ thresholds }: Parts<'estimateTooLow'>) =>
  `The estimate is below ${thresholds.map(({ axis, least }) => `${axis} ${least}`).join(' and ')}.`;

const AXES: readonly (keyof Estimate)[] = ['complexity', 'risk', 'impact'];

// What agents are asked

export const taskBrief = ({ description, asks }: Parts<'taskBrief'>) => paragraphs(description, asks);

export const estimateAsked = () =>
  'Estimate the task. Answer in `output` with { "complexity": 0..1, "risk": 0..1, "impact": 0..1, "rationale": "…" }.';
