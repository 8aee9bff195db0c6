import { readFile } from 'node:fs/promises';
import { TypedSearchAttributes } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker.js';
import { WorkflowCodeBundler } from '@temporalio/worker/lib/workflow/bundler.js';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm.js';
import { bundling, packedBundle } from '../../../worker/configuration/bundling.ts';

/** As in a worker: a machine that is very busy is no endless loop. */
const LONGEST_TURN_MS = 60_000;

let bundled = async (): Promise<string> => {
  const packed = packedBundle();
  if (packed) return readFile(packed, 'utf8');
  const bundler = new WorkflowCodeBundler({ ...bundling(), logger: new DefaultLogger('ERROR') });
  return (await bundler.createBundle()).code;
};

/** For those who have the workflow code bundled already, as the worker does it. */
export const useBundle = (read: typeof bundled): void => void (bundled = read);

let creator: Promise<ReusableVMWorkflowCreator> | undefined;
/** The workflow code, loaded once: every run of every cluster lives in it, and shares its modules. */
const theCreator = () =>
  (creator ??= (async () => {
    const code = parseWorkflowCode(await bundled());
    // Of local activities the machine wants to know which there are: `default` stands for all.
    return ReusableVMWorkflowCreator.create(code, LONGEST_TURN_MS, new Set(['default']));
  })());

/** What a run is told of itself. */
export function infoOf(
  { now }: { now: number },
  {
    workflowType,
    workflowId,
    runId,
    firstRunId,
    continued,
    taskQueue = 'sandbox',
  }: Record<'workflowType' | 'workflowId' | 'runId' | 'firstRunId', string> & {
    continued: boolean;
    taskQueue?: string | undefined;
  },
) {
  return {
    workflowType,
    runId,
    workflowId,
    namespace: 'default',
    firstExecutionRunId: firstRunId,
    ...(continued && { continuedFromExecutionRunId: 'earlier' }),
    attempt: 1,
    taskTimeoutMs: 10_000,
    taskQueue,
    searchAttributes: {},
    typedSearchAttributes: new TypedSearchAttributes(),
    historyLength: 3,
    historySize: 300,
    continueAsNewSuggested: false,
    targetWorkerDeploymentVersionChanged: false,
    startTime: new Date(now),
    runStartTime: new Date(now),
    unsafe: { isReplaying: false, isReplayingHistoryEvents: false, now: Date.now, random: Math.random },
  };
}

/** A machine of its own for one execution. */
export const machineFor = async ({ now }: { now: number }, info: ReturnType<typeof infoOf>) =>
  (await theCreator()).createWorkflow({
    info,
    randomnessSeed: [1, 2, 3, 4],
    now,
    showStackTraceSources: false,
  } as unknown as Parameters<ReusableVMWorkflowCreator['createWorkflow']>[0]);
