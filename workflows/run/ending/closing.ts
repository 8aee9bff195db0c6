import { ApplicationFailure } from '@temporalio/workflow';
import type { FailureDetails } from '../../contracts/run/closed-run.ts';
import type { Lost } from '../../contracts/outcome.ts';
import type { StepEntry } from '../../contracts/reading.ts';
import type { RunState } from '../../contracts/run/state.ts';
import { shownWithin } from '../../rules/bounds.ts';
import { cutText } from '../../rules/bytes.ts';
import { beganAt, stepEntry, visitsOf } from '../../rules/describe.ts';
import { publish } from '../../step/transition.ts';
import { inWords } from '../../words/index.ts';
import { retryHint } from '../../words/run.ts';
import type { LiveRun } from '../live-run.ts';

/** The limit of a failure's message, in bytes. */
const MESSAGE_BYTES = 8_000;

/** The result of a completed run. */
export interface Result {
  outcome: 'merged' | 'ready' | 'completed' | 'closed';
  head?: string;
  mergeCommit?: string;
  pullRequest?: number;
  steps: StepEntry[];
}

/** All steps are settled: the change is merged, it waits for a person to merge it, or there never was one. */
export function completed({ state }: LiveRun): Result {
  const steps = shownWithin(state.steps.map(stepEntry));
  const head = state.head && { head: state.head };
  if (state.mergeCommit !== undefined) {
    return { outcome: 'merged', ...head, mergeCommit: state.mergeCommit, steps };
  }
  if (!state.head) return { outcome: 'completed', steps };
  const { pullRequest } = state.change;
  return { outcome: 'ready', ...head, ...(pullRequest !== undefined && { pullRequest }), steps };
}

export function overResult(live: LiveRun, how: 'merged' | 'closed'): Result {
  const { state } = live;
  close(live, 'passed');
  const { mergeCommit, head } = state;
  const merged = how === 'merged' ? { ...(head && { head }), ...(mergeCommit && { mergeCommit }) } : {};
  return { outcome: how, ...merged, steps: shownWithin(state.steps.map(stepEntry)) };
}

export function failed(live: LiveRun, lost: Lost): ApplicationFailure {
  const { state } = live;
  const step = state.steps.find((each) => each.state === 'failed')!;
  close(live, 'failed');
  const message = cutText(inWords(lost.reason), MESSAGE_BYTES);
  return ApplicationFailure.nonRetryable(message, lost.type, {
    step: step.step,
    message,
    hint: inWords(lost.hint ?? retryHint()),
    ...(lost.detail && { detail: lost.detail.slice(-2_000) }),
    attempts: step.attempts.at(-1)?.n ?? 0,
    settled: shownWithin(state.steps.filter(({ state }) => state === 'done' || state === 'skipped').map(stepEntry)),
    visits: visitsOf(state),
    foreign: state.foreign,
    branchResumed: state.branchResumed === true,
    base: state.change.base,
    began: beganAt(state),
    version: state.version,
    ...(state.head && { head: state.head }),
  } satisfies FailureDetails);
}

/** Closes the run's record: nothing is open any more. */
export function close(live: LiveRun, ending: NonNullable<RunState['ending']>): void {
  const { state } = live;
  state.ending = ending;
  state.closed = true;
  for (const step of state.steps) {
    if (step.state !== 'working' && step.state !== 'waiting') continue;
    step.state = ending === 'passed' ? 'done' : 'failed';
    step.endedAt ??= new Date().toISOString();
  }
  for (const notice of state.notices) {
    if (notice.visit) notice.clearedAt ??= new Date().toISOString();
  }
  state.current = undefined;
  publish(state);
}
