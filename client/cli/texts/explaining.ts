import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';
import type { Pending } from '../../pending.ts';
import type { Ended } from '../../ends.ts';
import type { Read } from '../../runs.ts';
import { typed } from '../../invocation.ts';
import { shownLines } from '../../legible.ts';
import { runNameOf } from './words.ts';

/** The maximum number of lines shown of an agent's last output. */
const DETAIL = 20;

/** Explains what the run waits for, since when, what will end the wait, and which actions are available. */
export function explained({ run, end, pending }: Read): string[] {
  if (end.is !== 'live') return ended(run, end);
  const { workflowId, status, waitingOn, current } = run;
  if (waitingOn.what === 'nothing') return [`${workflowId} is ${status}.`, 'It is not waiting for anything.'];
  const place = current ? ` at ${current.visit ?? current.id} (${current.phase})` : '';
  const reported = detailOf(waitingOn, pending);
  return [
    `${workflowId} is ${status}${place}, waiting on ${waitingOn.what} since ${waitingOn.since}: ${reported}`,
    endsBy(run, pending),
    `On offer now: ${waitingOn.offers.join(', ') || 'nothing'}.`,
  ];
}

/** Describes what a run waits on, and adds the latest failures and progress, which only the server knows. */
export function detailOf({ what, detail }: RunAnswer['waitingOn'], pending: Pending[]): string {
  const more = pending
    .filter(({ because, waiting }) => !detail.includes(because) && (!waiting || what !== 'person'))
    .map(({ activity, attempt, because, waiting }) =>
      waiting
        ? `So far: ${because}.`
        : `Failing: ${because.replace(/\.$/, '')} (${activity}: attempt ${attempt}; it is retried).`,
    );
  if (more.length === 0) return detail;
  return [/[.!?…]$/.test(detail) ? detail : `${detail}.`, ...more].join(' ');
}

function endsBy({ waitingOn, change, retrying }: Read['run'], pending: Pending[]): string {
  const fails = retrying?.length || pending.some(({ waiting }) => !waiting);
  // The number of attempts is unlimited.
  if (fails && waitingOn.what !== 'person')
    return 'The failing activity is retried until it succeeds. Fix the cause, or stop the run.';
  return {
    person: 'A person ends the wait with one of the actions below.',
    checks: `The wait ends when the checks of ${change?.branch ?? 'the change'} have finished.`,
    agent: waitingOn.nextLook
      ? `The agent is tried again at ${waitingOn.nextLook}, by this run or another one that waits for it. Nothing is lost meanwhile.`
      : 'The wait ends when the agent finishes or reaches a time limit.',
    environment: 'The wait ends when the environment is up or has failed.',
    forge: 'The repository is polled until the wait ends.',
    budget:
      'The wait ends when the monthly budget is raised, or when the next month begins. If the run has spent its own budget, start it again with a higher one.',
    timer: 'The run continues without your help.',
    nothing: '',
  }[waitingOn.what];
}

/** How a run was ended from outside, by Temporal's status. */
const HOW: Partial<Record<string, string>> = {
  CANCELLED: 'was stopped',
  TERMINATED: 'was terminated',
  TIMED_OUT: 'has timed out',
};

/** Explains how and why the run ended, and how to continue it. */
function ended(run: Read['run'], end: Exclude<Ended, { is: 'live' }>): string[] {
  const { workflowId } = run;
  const next = nextSteps(run, end);
  if (end.is === 'done') return [`${workflowId} has ended: ${end.result.outcome}.`, next];
  const failed = run.steps?.find(({ state }) => state === 'failed');
  const how = end.status === 'FAILED' ? `failed (${end.type})` : (HOW[end.status] ?? `ended as ${end.status}`);
  const detail = shownLines(end.detail ?? '').trim();
  return [
    `${workflowId} ${how}${failed ? ` at ${failed.id}` : ''}: ${end.message}`,
    ...(end.hint && end.type !== 'invalid_input' ? [end.hint] : []),
    ...(detail
      ? detail
          .split('\n')
          .slice(-DETAIL)
          .map((line) => `  | ${line}`)
      : []),
    next,
  ];
}

/** Returns the commands that continue the run. */
function nextSteps(run: Read['run'], end: Exclude<Ended, { is: 'live' }>): string {
  const { workflowId, steps = [], task, workspace = 'default' } = run;
  if (!task || workflowId !== runIdOf(workspace, task.id)) {
    return end.is === 'lost' && end.type === 'invalid_input'
      ? 'Next: correct the fields named above, then start the run again.'
      : 'There is nothing left to do.';
  }
  const retry = typed(`retry ${runNameOf({ workflowId, task })}`);
  const open = steps.find(({ state }) => state !== 'done' && state !== 'skipped');
  if (end.is === 'done') {
    const failed = steps.find(({ state, outcome }) => state === 'failed' || outcome === 'failed');
    return failed ? `Next: ${retry} --from ${failed.step} (runs ${failed.id} again).` : 'There is nothing left to do.';
  }
  if (end.type === 'invalid_input') return `Next: correct the fields named above, then run: ${retry}`;
  const goesOn = open ? ` (continues at ${open.id})` : '';
  const [first] = steps;
  const earlier =
    first && open && first.step < open.step
      ? `; ${retry} --from N (from an earlier step: ${steps
          .filter(({ step }) => step < open.step)
          .map(({ step, id }) => `${step} is ${id}`)
          .join(', ')})`
      : '';
  return `Next: ${retry}${goesOn}${earlier}.`;
}
