import type { Retrying } from '../contracts/run/retrying.ts';

// What people read of a run as a whole.

export const recovered = () => 'The Temporal server was lost, so the run was started anew at the step where it stood.';
export const mergedMeanwhile = ({ commit }: { commit: string }) => `It was merged as ${commit.slice(0, 8)}.`;

export const examining = () => 'Examining the repository and its settings';

export const readingClosedRun = () => 'Reading what the previous run has settled';

export const inspecting = ({ branch }: { branch: string }) => `Inspecting ${branch}`;

export const atWork = () => 'The run is at work.';

export const actionTaken = ({ action }: { action: string }) => `${action} was taken`;

export const pausedBy = ({ by, reason }: { by?: string | undefined; reason?: string | undefined }) =>
  `${by ?? 'A person'} paused the run${reason ? `: ${reason}` : '.'} It continues with resume.`;

export const budgetSpent = ({ spent, budget }: { spent: number; budget: number | undefined }) =>
  `The run has spent ${spent} of ${budget} cents`;

// Pull requests from forks

interface Fork {
  head: string | undefined;
  pullRequest: number | undefined;
}

const fork = ({ head, pullRequest }: Fork) =>
  `${pullRequest === undefined ? 'The change' : `Pull request ${pullRequest}`} comes from a fork, and nothing of its code ` +
  `has run here yet. Read commit ${head?.slice(0, 8) ?? 'none'} before you let it run`;

export const forkCode = (facts: Fork) => `${fork(facts)}.`;

export const forkCodeQuestion = (facts: Fork) => `${fork(facts)} with proceed.`;

// What keeps failing

/** An activity that fails again and again. */
export function retrying({ activity, about, failures, since, message }: Retrying): string {
  const often = failures === 1 ? 'once' : `${failures} times in a row`;
  const reason = message.slice(0, 300).replace(/\.$/, '');
  return `${reason} (${about ?? activity}: failed ${often} since ${since}; it is tried again).`;
}

/** What a run waits for, with what fails meanwhile. */
export const whileFailing = (wait: string, failing: readonly Retrying[]): string =>
  `${wait}${/[.!?…]$/.test(wait) ? '' : '.'} Failing: ${failing.map(retrying).join(' ')}`;

/** `what`: a part of the wait for a person. */
export const notWatched = ({ what, because }: { what: Watched; because: string }) =>
  `${WATCHED[what]} cannot be watched: ${because}. This is retried every minute.`;

export type Watched = 'branch' | 'environment' | 'clock';
const WATCHED: Record<Watched, string> = {
  branch: 'The work branch',
  environment: 'The environment',
  clock: 'The time',
};

/** The line that a worker logs. */
export const noticeRefusedLog = () => 'A notice was refused';

// The end

export const stopping = () => 'The run is being stopped';

export const cleaningUp = () => 'The run is cleaning up';

export const readyToMerge = ({ branch }: { branch: string }) => `${branch} is ready to be merged.`;

export const changeClosed = ({ note }: { note?: string | undefined }) =>
  `The run is over. ${note ?? 'The change was closed on the forge.'}`;

export const retryHint = () => 'Read the step’s attempts, fix what failed, then retry the run.';

export const invalidInputHint = () => 'Correct the named fields, then start again.';

// Runs that waited for this one

export const dependentNotStarted = ({ id, because }: { id: string; because: string }) =>
  `${id}, which waited for this run, could not be started: ${because}`;

export const dependentsUnknown = ({ ids, because }: { ids: readonly string[]; because?: string | undefined }) =>
  `What waited for this run (${ids.join(', ')}) may not have been started: ${because ?? 'the run was cancelled meanwhile'}`;
