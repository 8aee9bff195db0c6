import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  isCancellation,
  patched,
  rootCause,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { BadField } from '../contracts/activities.ts';
import { fieldsMessage } from '../contracts/bad-fields.ts';
import type { FailureDetails } from '../contracts/closed-run.ts';
import { actionsQuery, runQuery, waitingOnQuery } from '../contracts/messages.ts';
import { FailureType, type Lost } from '../contracts/outcome.ts';
import type { RunAnswer, StepEntry } from '../contracts/reading.ts';
import type { RunState } from '../contracts/state.ts';
import { shownWithin } from '../rules/bounds.ts';
import { cutText } from '../rules/bytes.ts';
import { beganAt, stepEntry, visitsOf } from '../rules/describe.ts';
import { scopeFor } from '../step/scope.ts';
import { startDependents } from './dependents.ts';
import { endChecks } from '../step/checks.ts';
import { ChangeOver, type LiveRun } from './live-run.ts';
import { gone, environmentFor } from '../step/environment.ts';
import { publish, transition } from '../step/transition.ts';

/** The result of a completed run. */
export interface Result {
  outcome: 'merged' | 'ready' | 'completed' | 'closed';
  head?: string;
  mergeCommit?: string;
  pullRequest?: number;
  steps: StepEntry[];
}

/**
 * How long, in seconds, an ending run waits for its environment to be gone and for its notices. Both continue without it.
 */
const GONE_SECONDS = 10;
const NOTICES_SECONDS = 10;
/** The limit of a failure's message, in bytes. */
const MESSAGE_BYTES = 8_000;

/** How the steps ended. `thrown`: by a cancellation, or by a refusal of the input, which is thrown again. */
type End =
  | { is: 'complete'; lost?: Lost | undefined }
  | { is: 'over'; how: 'merged' | 'closed'; note?: string | undefined }
  | { is: 'lost'; lost: Lost }
  | { is: 'thrown'; as: 'stopped' | 'failed'; failure: unknown };

/** Runs the steps and ends the run. Everything that the run owns is removed first, whatever happened. */
export async function conclude<T extends object = Result>(
  live: LiveRun,
  steps: () => Promise<Lost | undefined>,
  {
    complete = completed as () => T,
    tell = notifyOfEnd,
  }: { complete?: (live: LiveRun) => T; tell?: typeof notifyOfEnd } = {},
): Promise<T> {
  const end = await endOf(live, steps);
  const decided = end.is === 'complete' || end.is === 'over';
  if (decided && live.state.ending === 'stopped' && patched('merged-is-merged')) live.state.ending = 'passed';
  // No action is accepted from here on: its effect would be lost.
  live.state.ending ??= end.is === 'thrown' ? end.as : end.is === 'lost' ? 'failed' : 'passed';
  const run = CancellationScope.current();
  return CancellationScope.nonCancellable(async () => {
    await cleanUp(live);
    if (live.state.ending !== 'stopped') await tell(live, end, run);
    else if (!live.deliveries.areDone() && patched('stopped-runs-tell')) await waitForNotices(live);
    switch (end.is) {
      case 'thrown':
        close(live, end.as);
        throw end.failure;
      case 'lost':
        return fail(live, end.lost);
      case 'over':
        return overResult(live, end.how) as T;
      case 'complete':
        close(live, 'passed');
        return complete(live);
    }
  });
}

/** What an exception means for the run. A bug is thrown: the workflow task fails until a fixed worker is deployed. */
async function endOf(live: LiveRun, steps: () => Promise<Lost | undefined>): Promise<End> {
  try {
    const lost = await steps();
    // A failure after the merge is reported, but the run still ends as merged.
    return lost && live.state.mergeCommit === undefined ? { is: 'lost', lost } : { is: 'complete', lost };
  } catch (failure) {
    if (failure instanceof ChangeOver) return over(live, failure);
    // A run that was stopped after its merge ends as merged. A release watch has merged nothing itself.
    const merged = live.state.steps.some(({ outcome }) => outcome === 'merged');
    if (isCancellation(failure) && merged && patched('merged-is-merged')) return { is: 'complete' };
    if (isCancellation(failure)) return { is: 'thrown', as: 'stopped', failure };
    if (failure instanceof ApplicationFailure) return { is: 'thrown', as: 'failed', failure };
    throw failure;
  }
}

/** Somebody merged or closed the change on the forge while the run waited. */
function over({ state }: LiveRun, { how, mergeCommit, note }: ChangeOver): End {
  if (how === 'merged') state.mergeCommit ??= mergeCommit;
  const step = state.steps.find(({ id }) => id === state.current?.id);
  if (step && note !== undefined) step.note = note;
  return { is: 'over', how, note };
}

async function cleanUp(live: LiveRun): Promise<void> {
  const { state } = live;
  const [first] = state.steps;
  const step = state.steps.find(({ id }) => id === state.current?.id) ?? first!;
  const scope = scopeFor(live, step);
  const heard = live.mailbox.environment.ends;
  const standing = state.environment !== null && state.environment.status !== 'gone';
  if ((standing || state.checking) && patched('cleaning-up-is-shown')) {
    const detail = 'What the run has made is being taken down';
    transition(state, step, { phase: 'cleaning-up', waitingOn: 'environment', detail });
  }
  if (state.checking && patched('checks-are-ended')) await endChecks(scope);
  await environmentFor(scope).release('The run has ended.');
  if (standing) await gone(scope, heard, GONE_SECONDS);
}

/** All steps are settled: the change is merged, it waits for a person to merge it, or there never was one. */
function completed({ state }: LiveRun): Result {
  const steps = shownWithin(state.steps.map(stepEntry));
  const head = state.head && { head: state.head };
  if (state.mergeCommit !== undefined) {
    return { outcome: 'merged', ...head, mergeCommit: state.mergeCommit, steps };
  }
  if (!state.head) return { outcome: 'completed', steps };
  const { pullRequest } = state.change;
  return { outcome: 'ready', ...head, ...(pullRequest !== undefined && { pullRequest }), steps };
}

function overResult(live: LiveRun, how: 'merged' | 'closed'): Result {
  const { state } = live;
  close(live, 'passed');
  const { mergeCommit, head } = state;
  const merged = how === 'merged' ? { ...(head && { head }), ...(mergeCommit && { mergeCommit }) } : {};
  return { outcome: how, ...merged, steps: shownWithin(state.steps.map(stepEntry)) };
}

function fail(live: LiveRun, lost: Lost): never {
  const { state } = live;
  const step = state.steps.find((each) => each.state === 'failed')!;
  close(live, 'failed');
  const message = cutText(lost.reason, MESSAGE_BYTES);
  throw ApplicationFailure.nonRetryable(message, lost.type, {
    step: step.step,
    message,
    hint: lost.hint ?? 'Look at the step’s attempts, mend what failed, then retry the run.',
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

function close(live: LiveRun, ending: NonNullable<RunState['ending']>): void {
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

/** Notifies people of the end where they have something to do about it, and waits a short time for the delivery. */
async function notifyOfEnd(live: LiveRun, end: End, run: CancellationScope): Promise<void> {
  const { state } = live;
  const { mergeCommit, change, head, notices } = state;
  const last = state.steps.findLast(({ state }) => state !== 'pending') ?? state.steps[0]!;
  const lost = 'lost' in end ? end.lost : undefined;
  const told = notices.some(({ id, type }) => type.endsWith('_failed') && id.startsWith(`${last.id}/`));
  if (lost && !told) live.notices.notify(last, 'run_failed', lost.reason);
  const merged = mergeCommit !== undefined || (end.is === 'over' && end.how === 'merged');
  if (end.is === 'complete' && !merged && head !== undefined) {
    live.notices.notify(last, 'pipeline_complete', `${change.branch} is ready to be merged.`);
  }
  if (end.is === 'over' && !merged && patched('a-close-is-told')) {
    live.notices.notify(
      last,
      'pipeline_complete',
      `The run is over. ${end.note ?? 'The change was closed on the forge.'}`,
    );
  }
  if (merged) {
    const text = `${change.branch} was merged into ${change.base}${mergeCommit ? ` as ${mergeCommit.slice(0, 8)}` : ''}.`;
    live.tracker.comment(last, 'merged', text, true);
    const { dependents } = state.input.task;
    if (dependents?.length) await startDependents(live, last, dependents, run);
  }
  await waitForNotices(live);
}

/** Waits a short time for notices that are being delivered. */
export async function waitForNotices(live: LiveRun): Promise<void> {
  if (live.deliveries.areDone()) return;
  await condition(live.deliveries.areDone, NOTICES_SECONDS * 1_000, { summary: 'notices are still on their way' });
}

/** A final refusal fails the run with its type. Anything else is not the end of a step. */
export function lostBy(failure: unknown): Lost | undefined {
  if (!(failure instanceof ActivityFailure) && !(failure instanceof ChildWorkflowFailure)) return undefined;
  const { cause } = failure;
  const type = FailureType.safeParse(cause instanceof ApplicationFailure ? cause.type : undefined).data ?? 'unexpected';
  return { is: 'failed', type, reason: rootCause(failure) ?? failure.message };
}

export const invalidInput = (fields: BadField[]): ApplicationFailure => {
  const message = fieldsMessage(fields);
  const hint = 'Correct the named fields, then start anew.';
  const details: FailureDetails = { step: 0, message, hint, fields, settled: [] };
  return ApplicationFailure.nonRetryable(message, 'invalid_input', details);
};

/** An invalid input ends the run at once. Its queries still answer why. */
export function refuseInput(fields: BadField[]): never {
  const failure = invalidInput(fields);
  const since = new Date().toISOString();
  const waiting = { what: 'nothing' as const, detail: failure.message, since, offers: [] };
  setHandler(
    runQuery,
    () => ({ status: 'failed', steps: [], current: null, waitingOn: waiting }) as unknown as RunAnswer,
  );
  setHandler(waitingOnQuery, () => waiting);
  setHandler(actionsQuery, () => []);
  upsertSearchAttributes([
    { key: { name: 'GatehouseStatus', type: 'KEYWORD' }, value: 'failed' },
    { key: { name: 'GatehouseWaitingOn', type: 'KEYWORD' }, value: 'nothing' },
  ]);
  throw failure;
}
