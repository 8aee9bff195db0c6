import { ApplicationFailure, CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import type { Lost } from '../../contracts/outcome.ts';
import { endChecks } from '../../step/checks.ts';
import { gone, environmentFor } from '../../step/environment.ts';
import { scopeFor } from '../../step/scope.ts';
import { transition } from '../../step/transition.ts';
import { runOver } from '../../words/environment.ts';
import { cleaningUp } from '../../words/run.ts';
import { close, completed, failed, overResult, type Result } from './closing.ts';
import { notifyOfEnd, waitForNotices, type End } from './end-notices.ts';
import { ChangeOver, type LiveRun } from '../live-run.ts';

/** How long, in seconds, an ending run waits for its environment to be gone. It ends without that. */
const GONE_SECONDS = 10;

/** Runs the steps and ends the run. Everything that the run owns is removed first, whatever happened. */
export async function conclude<T extends object = Result>(
  live: LiveRun,
  steps: () => Promise<Lost | undefined>,
  {
    complete = completed as () => T,
    notify = notifyOfEnd,
  }: { complete?: (live: LiveRun) => T; notify?: typeof notifyOfEnd } = {},
): Promise<T> {
  const end = await endOf(live, steps);
  const decided = end.is === 'complete' || end.is === 'over';
  if (decided && live.state.ending === 'stopped' && patched('merged-is-merged')) live.state.ending = 'passed';
  // No action is accepted from here on: its effect would be lost.
  live.state.ending ??= end.is === 'thrown' ? end.as : end.is === 'lost' ? 'failed' : 'passed';
  const run = CancellationScope.current();
  return CancellationScope.nonCancellable(async () => {
    await cleanUp(live);
    if (live.state.ending !== 'stopped') await notify(live, end, run);
    else if (!live.deliveries.areDone() && patched('stopped-runs-tell')) await waitForNotices(live);
    const closed = closeAs(live, end, complete);
    if ('failure' in closed) {
      await live.row.ended(live.state.ending ?? 'failed', reasonOf(closed.failure));
      throw closed.failure;
    }
    await live.row.ended((closed.result as Partial<Result>).outcome ?? 'completed', undefined);
    return closed.result;
  });
}

/** Closes the run's record, and returns how the execution ends. */
function closeAs<T>(live: LiveRun, end: End, complete: (live: LiveRun) => T): { result: T } | { failure: unknown } {
  switch (end.is) {
    case 'thrown':
      close(live, end.as);
      return { failure: end.failure };
    case 'lost':
      return { failure: failed(live, end.lost) };
    case 'over':
      return { result: overResult(live, end.how) as T };
    case 'complete':
      close(live, 'passed');
      return { result: complete(live) };
  }
}

const reasonOf = (failure: unknown): string | undefined =>
  failure instanceof ApplicationFailure ? failure.message : undefined;

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
  const ended = live.mailbox.environment.ends;
  const exists = state.environment !== null && state.environment.status !== 'gone';
  if ((exists || state.checking) && patched('cleaning-up-is-shown')) {
    transition(state, step, { phase: 'cleaning-up', waitingOn: 'environment', detail: cleaningUp() });
  }
  if (state.checking && patched('checks-are-ended')) await endChecks(scope);
  await environmentFor(scope).release(runOver());
  if (exists) await gone(scope, ended, GONE_SECONDS);
}
