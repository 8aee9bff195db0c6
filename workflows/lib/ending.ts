import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  ContinueAsNew,
  isCancellation,
  rootCause,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { BadField } from '../contracts/activities.ts';
import { actionsQuery, fieldsMessage, runQuery, waitingOnQuery } from '../contracts/messages.ts';
import { FailureType } from '../contracts/outcome.ts';
import type { RunAnswer, StepEntry } from '../contracts/reading.ts';
import type { RunState } from '../contracts/state.ts';
import type { GateEnd } from '../gates/gate.ts';
import { stepEntry, visitsOf } from '../rules/describe.ts';
import { deskFor } from './desk.ts';
import { activitiesFor } from './proxies.ts';
import { ChangeOver, type LiveRun } from './run.ts';
import { gone, siteFor } from './site.ts';
import { publish } from './windows.ts';

/** What a run that completes answers (contract 10). */
export interface Result {
  outcome: 'merged' | 'ready' | 'completed' | 'closed';
  head?: string;
  mergeCommit?: string;
  pullRequest?: number;
  steps: StepEntry[];
}

type Lost = Extract<GateEnd, { is: 'failed' | 'rejected' }>;

/** How long, in seconds, an end waits for the environment to be gone, and for notices to be out. Both go on without it. */
const GONE_SECONDS = 10;
const TOLD_SECONDS = 10;

/** Runs the steps, and ends the run the one way that fits: with everything of its released, whatever happened. */
export async function conclude(live: LiveRun, steps: () => Promise<Lost | undefined>): Promise<Result> {
  let lost: Lost | undefined;
  let end: () => Result;
  try {
    lost = await steps();
    end = lost ? () => fail(live, lost!) : () => complete(live);
  } catch (failure) {
    end = endOf(live, failure);
  }
  return CancellationScope.nonCancellable(async () => {
    await cleanUp(live);
    if (live.state.ending !== 'stopped') await tellEnd(live, lost);
    return end();
  });
}

/** What an exception means for the run. A bug means nothing: the task fails, and a mended worker takes it on. */
function endOf(live: LiveRun, failure: unknown): () => Result {
  if (failure instanceof ContinueAsNew) throw failure;
  if (failure instanceof ChangeOver) return () => over(live, failure);
  if (isCancellation(failure)) {
    live.state.ending = 'stopped';
    return () => {
      close(live, 'stopped');
      throw failure;
    };
  }
  if (failure instanceof ApplicationFailure) {
    return () => {
      close(live, 'failed');
      throw failure;
    };
  }
  throw failure;
}

async function cleanUp(live: LiveRun): Promise<void> {
  const { state } = live;
  const [first] = state.steps;
  const desk = deskFor(live, state.steps.find(({ id }) => id === state.current?.id) ?? first!);
  const heard = live.reports;
  const standing = state.environment !== null && state.environment.status !== 'gone';
  await siteFor(desk).release('The run has ended.');
  if (standing) await gone(desk, heard, GONE_SECONDS);
}

/** All steps are settled: the change is merged, or it is a person's to merge, or there never was one. */
function complete(live: LiveRun): Result {
  const { state } = live;
  const steps = state.steps.map(stepEntry);
  const head = state.head && { head: state.head };
  close(live, 'passed');
  if (state.mergeCommit !== undefined) {
    return { outcome: 'merged', ...head, mergeCommit: state.mergeCommit, steps };
  }
  if (!state.head) return { outcome: 'completed', steps };
  const { pullRequest } = state.change;
  return { outcome: 'ready', ...head, ...(pullRequest !== undefined && { pullRequest }), steps };
}

/** Merged or closed by hand, on the forge, while the run waited. */
function over(live: LiveRun, { how, mergeCommit }: ChangeOver): Result {
  const { state } = live;
  close(live, 'passed');
  const merged =
    how === 'merged' ? { ...(state.head && { head: state.head }), ...(mergeCommit && { mergeCommit }) } : {};
  return { outcome: how, ...merged, steps: state.steps.map(stepEntry) };
}

function fail(live: LiveRun, lost: Lost): never {
  const { state } = live;
  const step = state.steps.find((each) => each.state === 'failed')!;
  close(live, 'failed');
  throw ApplicationFailure.nonRetryable(lost.reason, lost.type, {
    step: step.step,
    message: lost.reason,
    hint: lost.hint ?? 'Look at the step’s attempts, mend what failed, then retry the run.',
    ...(lost.detail && { detail: lost.detail.slice(-2_000) }),
    attempts: step.attempts.length,
    settled: state.steps.filter(({ state }) => state === 'done' || state === 'skipped').map(stepEntry),
    visits: visitsOf(state),
    ...(state.head && { head: state.head }),
  });
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

/** Tells people how the run ended, where they have something to do about it, and waits a little for it to be out. */
async function tellEnd(live: LiveRun, lost: Lost | undefined): Promise<void> {
  const { state } = live;
  const last = state.steps.findLast(({ state }) => state !== 'pending') ?? state.steps[0]!;
  const told = state.notices.some(({ id, type }) => type.endsWith('_failed') && id.startsWith(`${last.id}/`));
  if (lost && !told) live.notify(last, 'run_failed', lost.reason);
  if (!lost && state.mergeCommit === undefined && state.head !== undefined) {
    live.notify(last, 'pipeline_complete', `${state.change.branch} is ready to be merged.`);
  }
  const { dependents } = state.input.task;
  if (!lost && state.mergeCommit !== undefined && dependents?.length) {
    await activitiesFor(last.kind).startDependents({ inputs: dependents });
  }
  if (live.allTold()) return;
  await condition(live.allTold, TOLD_SECONDS * 1_000, { summary: 'notices are still on their way' });
}

/** What the world refuses for good fails the run by its type; what is no such refusal is no end of a step. */
export function lostBy(failure: unknown): Lost | undefined {
  if (!(failure instanceof ActivityFailure) && !(failure instanceof ChildWorkflowFailure)) return undefined;
  const { cause } = failure;
  const type = FailureType.safeParse(cause instanceof ApplicationFailure ? cause.type : undefined).data ?? 'unexpected';
  return { is: 'failed', type, reason: rootCause(failure) ?? failure.message };
}

export const invalidInput = (fields: BadField[], settled: StepEntry[] = []): ApplicationFailure => {
  const message = fieldsMessage(fields);
  const hint = 'Correct the named fields, then start anew.';
  return ApplicationFailure.nonRetryable(message, 'invalid_input', { step: 0, message, hint, fields, settled });
};

/** An input that nobody can read ends at once; who looks at the run all the same is told why. */
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
