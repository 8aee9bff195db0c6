import type { Client } from '@temporalio/client';

/** The history events of workflows, their size, and the Temporal actions that are billed for them. */
export interface Tally {
  events: number;
  kB: number;
  actions: number;
}

/** Types of events that are one billed action each. Each attempt of an activity counts as well. */
const COUNTED = new Set([
  'workflowExecutionStartedEventAttributes',
  'workflowExecutionSignaledEventAttributes',
  'workflowExecutionUpdateAcceptedEventAttributes',
  'activityTaskScheduledEventAttributes',
  'timerStartedEventAttributes',
  'upsertWorkflowSearchAttributesEventAttributes',
  'startChildWorkflowExecutionInitiatedEventAttributes',
]);

/** Reads the histories of these workflows, which must have ended. Local activities count once per workflow task. */
export async function tally(client: Client, workflowIds: string[]): Promise<Tally> {
  const sum = { events: 0, kB: 0, actions: 0 };
  for (const workflowId of workflowIds) {
    const handle = client.workflow.getHandle(workflowId);
    const { historyLength, historySize = 0 } = await handle.describe();
    const { events } = await handle.fetchHistory();
    sum.events += historyLength;
    sum.kB += historySize / 1_000;
    sum.actions += actionsIn(events ?? []);
  }
  return sum;
}

type Event = Record<string, unknown> & {
  activityTaskStartedEventAttributes?: { attempt?: number | null } | null;
  markerRecordedEventAttributes?: { markerName?: string | null; details?: unknown } | null;
  workflowTaskCompletedEventAttributes?: unknown;
};

/** The billed Temporal actions of one history, according to Temporal's published rules. */
export function actionsIn(events: readonly object[]): number {
  let actions = 0;
  let localOfThisTask = false;
  for (const event of events as readonly Event[]) {
    if (event.workflowTaskCompletedEventAttributes) localOfThisTask = false;
    if (event.markerRecordedEventAttributes?.markerName === 'core_local_activity' && !localOfThisTask) {
      localOfThisTask = true;
      actions += 1;
    }
    const kind = Object.keys(event).find((name) => name.endsWith('EventAttributes') && event[name]);
    if (kind && COUNTED.has(kind)) actions += 1;
    actions += Math.max(0, (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1);
  }
  return actions;
}
