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

/** What production serves, and beside it workflows that each lean on one thing that the SDK does not promise. */
export * from '../../../workflows/temporal/entry.ts';

const forever = () => condition(() => false);
/** The events before a run's first task, and that task itself. */
const FIRST_TASK = 3;

/** Nobody handles what its first task rejects; the next attempt at that task goes well. */
export async function rejectsOnce(): Promise<string> {
  if (workflowInfo().historyLength === FIRST_TASK) void Promise.reject(new Error('nobody handles this'));
  return 'completed';
}

/** As often as its task is tried. */
export async function rejectsAlways(): Promise<void> {
  setHandler(defineUpdate('touch'), () => undefined);
  void Promise.reject(new Error('nobody handles this'));
  await forever();
}

export async function plain(): Promise<string> {
  await sleep(1);
  return 'completed';
}

/** Never comes back. */
export async function spins(): Promise<void> {
  for (;;);
}

/** How many runs have left their mark on a module of ours: modules are loaded once for all runs, and are not frozen. */
export async function marks(): Promise<number> {
  const module = workflows().pipelineRun as { marks?: number };
  return (module.marks = (module.marks ?? 0) + 1);
}

/** Asks through proxies that were made when the modules were loaded, before there was any run. */
export async function asks(): Promise<unknown> {
  return activitiesFor('ci').keepText(workflowInfo().workflowId);
}

/** Its page is drawn when somebody looks. */
export async function details(): Promise<void> {
  let looks = 0;
  setCurrentDetails({ toJSON: () => `look ${(looks += 1)}` } as unknown as string);
  await forever();
}

/** What was heard in one workflow task is told from what comes later by the length of the history. */
export async function lengths(): Promise<Record<'heard' | 'same' | 'later', number>> {
  let heard = 0;
  setHandler(defineUpdate<number>('length'), () => (heard = workflowInfo().historyLength));
  await condition(() => heard > 0);
  const same = workflowInfo().historyLength;
  await sleep(1);
  return { heard, same, later: workflowInfo().historyLength };
}

/** What it hears, and what of it could not be decoded. */
export async function hears(): Promise<unknown[]> {
  const heard: unknown[] = [];
  setHandler(defineSignal<[unknown]>('say'), (raw) => void heard.push(isUnreadable(raw) ? 'unreadable' : raw));
  await condition(() => heard.length === 2);
  return heard;
}

/** The code that replays it is not the code that wrote its history. */
export async function strays(): Promise<void> {
  if (workflowInfo().unsafe.isReplaying) await activitiesFor('ci').keepText('');
  else await sleep(1);
  await sleep(1);
}

/** An update whose handler fails the workflow task. */
export async function stumbles(): Promise<void> {
  setHandler(defineUpdate('touch'), () => {
    throw new Error('a bug in a handler');
  });
  await forever();
}
