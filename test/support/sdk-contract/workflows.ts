import {
  condition,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import { isUnreadable } from '../../../workflows/contracts/unreadable.ts';
import { activitiesFor } from '../../../workflows/temporal/proxies.ts';
import { workflows } from '../../../workflows/temporal/preloading.ts';

/** The production workflows, and workflows that each depend on one undocumented behaviour of the SDK. */
export * from '../../../workflows/temporal/entry.ts';

const forever = () => condition(() => false);
/** The length of the history at a run's first workflow task. */
const FIRST_TASK = 3;

/** Leaves a rejection unhandled in its first workflow task. The next attempt succeeds. */
export async function rejectsOnce(): Promise<string> {
  if (workflowInfo().historyLength === FIRST_TASK) void Promise.reject(new Error('nobody handles this'));
  return 'completed';
}

/** Leaves a rejection unhandled in every attempt. */
export async function rejectsAlways(): Promise<void> {
  setHandler(defineUpdate('touch'), () => undefined);
  void Promise.reject(new Error('nobody handles this'));
  await forever();
}

export async function plain(): Promise<string> {
  await sleep(1);
  return 'completed';
}

/** Never yields. */
export async function spins(): Promise<void> {
  for (;;);
}

/** Counts the runs that have changed one of our modules: modules are loaded once for all runs, and are not frozen. */
export async function marks(): Promise<number> {
  const module = workflows().pipelineRun as { marks?: number };
  return (module.marks = (module.marks ?? 0) + 1);
}

/** Calls activities through proxies that were created when the modules were loaded, before there was any run. */
export async function asks(): Promise<unknown> {
  return activitiesFor('ci').keepText(workflowInfo().workflowId);
}

/** Renders its details when they are queried. */
export async function details(): Promise<void> {
  let looks = 0;
  setCurrentDetails({ toJSON: () => `look ${(looks += 1)}` } as unknown as string);
  await forever();
}

/** Compares the length of the history within one workflow task and in a later one. */
export async function lengths(): Promise<Record<'heard' | 'same' | 'later', number>> {
  let heard = 0;
  setHandler(defineUpdate<number>('length'), () => (heard = workflowInfo().historyLength));
  await condition(() => heard > 0);
  const same = workflowInfo().historyLength;
  await sleep(1);
  return { heard, same, later: workflowInfo().historyLength };
}

/** Returns two signals, with "unreadable" for one that could not be decoded. */
export async function hears(): Promise<unknown[]> {
  const heard: unknown[] = [];
  setHandler(defineSignal<[unknown]>('say'), (raw) => void heard.push(isUnreadable(raw) ? 'unreadable' : raw));
  await condition(() => heard.length === 2);
  return heard;
}

/** Replays differently from what its history recorded. */
export async function strays(): Promise<void> {
  if (workflowInfo().unsafe.isReplaying) await activitiesFor('ci').keepText('');
  else await sleep(1);
  await sleep(1);
}

/** Has an update whose handler fails the workflow task. */
export async function stumbles(): Promise<void> {
  setHandler(defineUpdate('touch'), () => {
    throw new Error('a bug in a handler');
  });
  await forever();
}
