import { readFile } from 'node:fs/promises';
import { TypedSearchAttributes } from '@temporalio/common';
import { DefaultLogger } from '@temporalio/worker';
import { parseWorkflowCode } from '@temporalio/worker/lib/worker.js';
import { WorkflowCodeBundler } from '@temporalio/worker/lib/workflow/bundler.js';
import { ReusableVMWorkflowCreator } from '@temporalio/worker/lib/workflow/reusable-vm.js';
import { builtBundle, bundling } from '../../../worker/configuration/bundling.ts';

/** The time limit of an activation. As in a worker, it is generous, because the machine may be very busy. */
const LONGEST_TURN_MS = 60_000;

let bundled = async (): Promise<string> => {
  const make = async () =>
    (await new WorkflowCodeBundler({ ...bundling(), logger: new DefaultLogger('ERROR') }).createBundle()).code;
  const kept = await builtBundle({}, make);
  return kept ? readFile(kept, 'utf8') : make();
};

/** Uses a bundle that exists already. */
export const useBundle = (read: typeof bundled): void => void (bundled = read);

let creator: Promise<ReusableVMWorkflowCreator> | undefined;
/** Loads the workflow code once. All workflows of all clusters share its modules. */
const theCreator = () =>
  (creator ??= (async () => {
    const code = parseWorkflowCode(await bundled());
    // The names of the local activities. `default` stands for all.
    return ReusableVMWorkflowCreator.create(code, LONGEST_TURN_MS, new Set(['default']));
  })());

/** The workflow info. */
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

/** Creates the sandbox of one execution. */
export const machineFor = async ({ now }: { now: number }, info: ReturnType<typeof infoOf>) =>
  (await theCreator()).createWorkflow({
    info,
    randomnessSeed: [1, 2, 3, 4],
    now,
    showStackTraceSources: false,
  } as unknown as Parameters<ReusableVMWorkflowCreator['createWorkflow']>[0]);
