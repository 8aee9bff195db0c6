import { type CancellationScope, condition, patched } from '@temporalio/workflow';
import type { Lost } from '../../contracts/outcome.ts';
import { changeClosed, readyToMerge } from '../../words/run.ts';
import { mergedAs } from '../../words/tracker.ts';
import { noticesTimer } from '../../words/views/timers.ts';
import { startDependents } from './dependents.ts';
import type { LiveRun } from '../live-run.ts';

/** How the steps ended. `thrown`: by a cancellation or a refused input, which is thrown again. */
export type End =
  | { is: 'complete'; lost?: Lost | undefined }
  | { is: 'over'; how: 'merged' | 'closed'; note?: string | undefined }
  | { is: 'lost'; lost: Lost }
  | { is: 'thrown'; as: 'stopped' | 'failed'; failure: unknown };

/** How long, in seconds, an ending run waits for its notices. It ends without them. */
const NOTICES_SECONDS = 10;

/** Notifies people of the end where they have something to do about it, and waits a short time for the delivery. */
export async function notifyOfEnd(live: LiveRun, end: End, run: CancellationScope): Promise<void> {
  const { state } = live;
  const { mergeCommit, change, head, notices } = state;
  const last = state.steps.findLast(({ state }) => state !== 'pending') ?? state.steps[0]!;
  const lost = 'lost' in end ? end.lost : undefined;
  const notified = notices.some(({ id, type }) => type.endsWith('_failed') && id.startsWith(`${last.id}/`));
  if (lost && !notified) live.notices.notify(last, 'run_failed', lost.reason);
  const merged = mergeCommit !== undefined || (end.is === 'over' && end.how === 'merged');
  if (end.is === 'complete' && !merged && head !== undefined) {
    live.notices.notify(last, 'pipeline_complete', readyToMerge(change));
  }
  if (end.is === 'over' && !merged && patched('a-close-is-told')) {
    live.notices.notify(last, 'pipeline_complete', changeClosed(end));
  }
  if (merged) {
    live.tracker.comment(last, 'merged', mergedAs({ ...change, mergeCommit }), true);
    const { dependents } = state.input.task;
    if (dependents?.length) await startDependents(live, last, dependents, run);
  }
  await waitForNotices(live);
}

/** Waits a short time for notices that are being delivered. */
export async function waitForNotices(live: LiveRun): Promise<void> {
  if (live.deliveries.areDone()) return;
  await condition(live.deliveries.areDone, NOTICES_SECONDS * 1_000, { summary: noticesTimer() });
}
