/** An event of a history, as Temporal's tools write it. */
export interface PastEvent {
  eventId: string;
  eventTime: string;
  eventType: string;
  [attributes: string]: unknown;
}
export interface Past {
  workflowId: string;
  runId: string;
  events: PastEvent[];
}

interface Payload {
  data?: string;
}
type Attributes = Record<string, any>;

export interface PastActivity {
  type: string;
  /** Its input. */
  question: any;
  scheduledAt: number;
  ended?: 'COMPLETED' | 'FAILED' | 'CANCELED' | 'TIMED_OUT';
  endedAt?: number;
  answer?: any;
}

/** A person's action in the history: an accepted update, or a signal. */
export interface PastAction {
  by: 'update' | 'signal';
  action: string;
  actionId: string | undefined;
  at: number;
}

const decode = (payload: Payload | undefined): any => {
  try {
    return payload?.data === undefined ? undefined : JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8'));
  } catch {
    return undefined;
  }
};
const first = (payloads: { payloads?: Payload[] } | undefined) => decode(payloads?.payloads?.[0]);
const attributesOf = (event: PastEvent): Attributes =>
  (Object.entries(event).find(([name]) => name.endsWith('EventAttributes'))?.[1] ?? {}) as Attributes;
const typeOf = ({ eventType }: PastEvent) => eventType.replace('EVENT_TYPE_', '');
export const timeOf = ({ eventTime }: PastEvent): number => Date.parse(eventTime);

export function activitiesOf({ events }: Past): PastActivity[] {
  const found = new Map<string, PastActivity>();
  for (const event of events) {
    const attributes = attributesOf(event);
    const type = typeOf(event);
    if (type === 'ACTIVITY_TASK_SCHEDULED') {
      const { activityType, input } = attributes;
      found.set(event.eventId, { type: activityType.name, question: first(input), scheduledAt: timeOf(event) });
    }
    const end = /^ACTIVITY_TASK_(COMPLETED|FAILED|CANCELED|TIMED_OUT)$/.exec(type)?.[1];
    const activity = end && found.get(String(attributes['scheduledEventId']));
    if (!activity) continue;
    Object.assign(activity, { ended: end, endedAt: timeOf(event), answer: first(attributes['result']) });
  }
  return [...found.values()];
}

export function actionsOf({ events }: Past): PastAction[] {
  return events.flatMap((event): PastAction[] => {
    const attributes = attributesOf(event);
    const at = timeOf(event);
    if (typeOf(event) === 'WORKFLOW_EXECUTION_SIGNALED') {
      const action = String(attributes['signalName']);
      if (action.startsWith('_') || action === 'hint') return [];
      return [{ by: 'signal', action, actionId: first(attributes['input'])?.actionId, at }];
    }
    if (typeOf(event) !== 'WORKFLOW_EXECUTION_UPDATE_ACCEPTED') return [];
    const { name, args } = attributes['acceptedRequest']?.input ?? {};
    return [{ by: 'update', action: String(name), actionId: first(args)?.actionId, at }];
  });
}

const ENDS = /^WORKFLOW_EXECUTION_(COMPLETED|FAILED|CANCELED|TERMINATED|TIMED_OUT|CONTINUED_AS_NEW)$/;

/** The closing events, of which there must be exactly one, and the result. */
export function endsOf({ events }: Past): { is: string; answer: any; at: number }[] {
  return events.flatMap((event) => {
    const is = ENDS.exec(typeOf(event))?.[1];
    return is ? [{ is, answer: first(attributesOf(event)['result']), at: timeOf(event) }] : [];
  });
}

/** The time at which its cancellation was requested. */
export function cancelledAt({ events }: Past): number | undefined {
  const event = events.find((each) => typeOf(each) === 'WORKFLOW_EXECUTION_CANCEL_REQUESTED');
  return event && timeOf(event);
}

/** The phases in the order in which they were shown. */
export const phasesOf = ({ events }: Past): { phase: string; at: number }[] =>
  events.flatMap((event) => {
    if (typeOf(event) !== 'UPSERT_WORKFLOW_SEARCH_ATTRIBUTES') return [];
    const phase = decode(attributesOf(event)['searchAttributes']?.indexedFields?.GatehousePhase);
    return phase === undefined ? [] : [{ phase: String(phase), at: timeOf(event) }];
  });

/**
 * Workflow tasks that failed in our worker, for example because a build cannot continue what another began. A task that was
 * killed, or that got new events as it ended, does not count.
 */
export const failedTasksOf = ({ events }: Past): string[] =>
  events.flatMap((event) => {
    const { cause, failure } = attributesOf(event);
    const ours = /WORKFLOW_WORKER_UNHANDLED_FAILURE|NON_DETERMINISTIC_ERROR/.test(String(cause));
    return typeOf(event) === 'WORKFLOW_TASK_FAILED' && ours ? [String(failure?.message ?? cause)] : [];
  });
