import { CancelledFailure } from '@temporalio/common';
import type { Surroundings } from './surroundings.ts';
import { coresdk, type Core, activityFailure, from, to, toFailure, type Call, type Job } from './wire.ts';

/* eslint-disable @typescript-eslint/no-explicit-any -- what crosses this wire is JSON of any shape */

/** The part of an execution that is needed to run its activities. */
interface Asking {
  readonly workflowId: string;
  readonly runId: string;
  readonly cluster: Surroundings;
  readonly cancels: Map<number, () => void>;
  push(...jobs: Job[]): void;
}

const { WAIT_CANCELLATION_COMPLETED } = coresdk.workflow_commands.ActivityCancellationType;

type Wanted = Core.workflow_commands.IScheduleActivity | Core.workflow_commands.IScheduleLocalActivity;

/**
 * Runs an activity of the workflow. If it is cancelled, the workflow learns that at once, or when the activity has ended,
 * depending on the cancellation type.
 */
export function ask(run: Asking, wanted: Wanted, metadata: any, { local = false } = {}) {
  const { seq, activityType, arguments: payloads, cancellationType } = wanted;
  const name = activityType!;
  const { world, calls, log } = run.cluster;
  log.push(name);

  const { runId } = run;
  let heard = true;
  const resolve = (result: Core.activity_result.IActivityResolution) => {
    if (heard && run.runId === runId) run.push({ resolveActivity: { seq: seq!, result } });
    heard = false;
  };
  const end = (result: Core.activity_result.IActivityResolution) => {
    if (calls.delete(call)) resolve(result);
  };
  const cancelled = { cancelled: { failure: activityFailure(name, new CancelledFailure('cancelled')) } };
  const call: Call = {
    name,
    workflowId: run.workflowId,
    taskQueue: 'taskQueue' in wanted ? (wanted.taskQueue ?? '') : '',
    args: (payloads ?? []).map(from),
    summary: String(from(metadata?.summary) ?? ''),
    cancelRequested: false,
    complete: (value) => {
      end({ completed: { result: to(value ?? null) } });
      if (name === 'cancelRun') run.push({ cancelWorkflow: { reason: 'asked by the run itself' } });
    },
    // Core does not wrap the failure of a local activity.
    fail: (error) => end({ failed: { failure: local ? toFailure(error) : activityFailure(name, error) } }),
    acknowledgeCancel: () => {
      log.push(`${name} cancelled`);
      end(cancelled);
    },
  };
  calls.add(call);
  run.cancels.set(seq!, () => {
    call.cancelRequested = true;
    if (cancellationType === WAIT_CANCELLATION_COMPLETED) {
      if (world[name]) call.acknowledgeCancel();
      return;
    }
    resolve(cancelled); // the activity continues, and its result is ignored
    if (world[name]) calls.delete(call);
  });
  const answer = world[name];
  if (answer) void (async () => answer(call.args[0], call))().then(call.complete, call.fail);
}
