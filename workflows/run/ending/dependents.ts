import { ActivityFailure, CancellationScope, isCancellation, patched, rootCause } from '@temporalio/workflow';
import type { StepRecord } from '../../contracts/run/state.ts';
import { dependentNotStarted, dependentsUnknown } from '../../words/run.ts';
import type { LiveRun } from '../live-run.ts';

/**
 * Starts the runs that waited for this one. A notice names each that cannot be started, because a merged run ends anyway.
 * Cancelling this run meanwhile gives up the attempt in the same way.
 */
export async function startDependents(
  live: LiveRun,
  step: StepRecord,
  inputs: unknown[],
  run: CancellationScope,
): Promise<void> {
  const scope = new CancellationScope();
  if (!run.consideredCancelled) {
    run.cancelRequested.catch(() => void (patched('dependents-are-given-up') && scope.cancel()));
  }
  try {
    const report = await scope.run(() => live.activities(step.kind).startDependents({ inputs }));
    for (const dependent of report?.lost ?? []) {
      live.notices.notify(step, 'dependent_not_started', dependentNotStarted(dependent));
    }
  } catch (failure) {
    if (!isCancellation(failure) && !(failure instanceof ActivityFailure)) throw failure;
    const because = isCancellation(failure) ? undefined : (rootCause(failure) ?? 'unknown');
    live.notices.notify(step, 'dependent_not_started', dependentsUnknown({ ids: idsOf(inputs), because }));
  }
}

const idsOf = (inputs: unknown[]): string[] =>
  inputs.map((input) => String((input as { task?: { id?: unknown } }).task?.id).slice(0, 64));
