import { runIdOf } from '../../../workflows/contracts/pipeline-run.ts';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';
import type { Pending } from '../../pending.ts';
import type { Ended } from '../../ends.ts';
import type { Read } from '../../runs.ts';
import { typed } from '../../invocation.ts';
import { shownLines } from '../../legible.ts';
import { runNameOf } from './words.ts';

/** How much of an agent's last output is shown, in lines. */
const DETAIL = 20;

/** Why the run is where it is: what it waits for and since when, what ends the wait, and what can be done now. */
export function explained({ run, end, pending }: Read): string[] {
  if (end.is !== 'live') return ended(run, end);
  const { workflowId, status, waitingOn, current } = run;
  if (waitingOn.what === 'nothing') return [`${workflowId} is ${status}.`, 'It waits for nothing.'];
  const place = current ? ` at ${current.visit ?? current.id} (${current.phase})` : '';
  const told = detailOf(waitingOn, pending);
  return [
    `${workflowId} is ${status}${place}, waiting on ${waitingOn.what} since ${waitingOn.since}: ${told}`,
    endsBy(run, pending),
    `On offer now: ${waitingOn.offers.join(', ') || 'nothing'}.`,
  ];
}

/** What a run waits on, with what only the server knows: the latest failures, and progress. */
export function detailOf({ what, detail }: RunAnswer['waitingOn'], pending: Pending[]): string {
  const more = pending
    .filter(({ because, waiting }) => !detail.includes(because) && (!waiting || what !== 'person'))
    .map(({ activity, attempt, because, waiting }) =>
      waiting
        ? `So far: ${because}.`
        : `Failing: ${because.replace(/\.$/, '')} (${activity}: attempt ${attempt}; it is tried again).`,
    );
  if (more.length === 0) return detail;
  return [/[.!?…]$/.test(detail) ? detail : `${detail}.`, ...more].join(' ');
}

function endsBy({ waitingOn, change, retrying }: Read['run'], pending: Pending[]): string {
  const fails = retrying?.length || pending.some(({ waiting }) => !waiting);
  // Attempts have no limit.
  if (fails && waitingOn.what !== 'person')
    return 'What fails is tried again until it works: mend what it names, or stop the run.';
  return {
    person: 'A person ends the wait, by one of the actions below.',
    checks: `The checks of ${change?.branch ?? 'the change'} end it.`,
    agent: 'The agent’s end ends it; its limits end it at the latest.',
    environment: 'The environment coming up, or failing, ends it.',
    forge: 'The next look at the repository ends it.',
    budget:
      'The month’s budget ends it by growing, or with the month; a run’s own, only by a new start with a higher one.',
    timer: 'It goes on by itself.',
    nothing: '',
  }[waitingOn.what];
}

/** Ends that are no failures, by Temporal's status. */
const HOW: Partial<Record<string, string>> = {
  CANCELLED: 'was stopped',
  TERMINATED: 'was terminated',
  TIMED_OUT: 'has timed out',
};

/** How it ended and why, and how to continue from there. */
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

/** The commands that continue it. */
function nextSteps(run: Read['run'], end: Exclude<Ended, { is: 'live' }>): string {
  const { workflowId, steps = [], task, workspace = 'default' } = run;
  if (!task || workflowId !== runIdOf(workspace, task.id)) {
    return end.is === 'lost' && end.type === 'invalid_input'
      ? 'What can be done: mend what is named, then start it again.'
      : 'Nothing is to be done.';
  }
  const retry = typed(`retry ${runNameOf({ workflowId, task })}`);
  const open = steps.find(({ state }) => state !== 'done' && state !== 'skipped');
  if (end.is === 'done') {
    const failed = steps.find(({ state, outcome }) => state === 'failed' || outcome === 'failed');
    return failed
      ? `What can be done: ${retry} --from ${failed.step} (runs ${failed.id} again).`
      : 'Nothing is to be done.';
  }
  if (end.type === 'invalid_input') return `What can be done: mend what is named, then: ${retry}`;
  const goesOn = open ? ` (goes on at ${open.id})` : '';
  const [first] = steps;
  const earlier =
    first && open && first.step < open.step
      ? `; ${retry} --from N (from an earlier step: ${steps
          .filter(({ step }) => step < open.step)
          .map(({ step, id }) => `${step} is ${id}`)
          .join(', ')})`
      : '';
  return `What can be done: ${retry}${goesOn}${earlier}.`;
}
