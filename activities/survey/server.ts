import type { Client, WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import type { EnvironmentView, RunOwner } from '../../workflows/contracts/activities.ts';
import { releaseSignal } from '../../workflows/contracts/messages.ts';
import { environmentQuery, runQuery } from '../../workflows/contracts/queries.ts';
import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import { readEnd, type Closed } from '../rows/ends.ts';

/** An execution as visibility shows it, which may lag by a moment. Times are ISO 8601. `status` is Temporal's own word. */
export interface Seen {
  workflowId: string;
  runId: string;
  status: string;
  startedAt: string;
  closedAt?: string | undefined;
  waitingSince?: string | undefined;
  /** The run's own status. */
  shownStatus?: string | undefined;
}

/** The newest execution of a workflow id, as the server itself knows it. */
export interface Described {
  workflowId: string;
  runId: string;
  /** The run id of the chain's first execution. */
  firstRunId: string;
  status: string;
  startedAt?: string | undefined;
  closedAt?: string | undefined;
  /** Above 1 if the current workflow task has failed before. Undefined if there is no current workflow task. */
  taskAttempt?: number | undefined;
  activities: { type: string; attempt: number; failure?: string | undefined; failureType?: string | undefined }[];
}

export interface Problem {
  nondeterminism: boolean;
  message: string;
}

/** The calls that a survey makes to the Temporal server. Tests replace it. */
export interface Server {
  /** Throws if visibility cannot answer, for example because it does not know an attribute. */
  list(query: string): AsyncIterable<Seen>;
  /** Undefined if the server knows no such workflow. */
  describe(workflowId: string): Promise<Described | undefined>;
  /** Why the newest workflow task failed, if it did. */
  problem(workflowId: string): Promise<Problem | undefined>;
  run(workflowId: string): Promise<RunAnswer>;
  /** How a closed execution ended. */
  closed(workflowId: string, runId: string): Promise<Closed>;
  environment(workflowId: string): Promise<EnvironmentView>;
  release(workflowId: string, holder: RunOwner, because: string): Promise<void>;
}

/** How many of the newest events are searched for a failed workflow task. */
const NEWEST = 20;
/** Temporal's EVENT_TYPE_WORKFLOW_TASK_FAILED and EVENT_TYPE_WORKFLOW_TASK_COMPLETED, by number. */
const TASK_FAILED = 9;
const TASK_COMPLETED = 7;
/** WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR. */
const NON_DETERMINISTIC = 24;
/** How long a query may take, in milliseconds. A workflow that is stuck never answers. */
const QUERY_MS = 10_000;

/** The server, through the worker's own client. */
export function serverOf(client: Client): Server {
  const handle = (workflowId: string) => client.workflow.getHandle(workflowId);
  const asking = <T>(question: () => Promise<T>) => client.withDeadline(Date.now() + QUERY_MS, question);
  const said = (failure: Failure | null | undefined) =>
    messageOf(failure, client.options.loadedDataConverter.payloadCodecs);
  return {
    async *list(query) {
      for await (const each of client.workflow.list({ query, pageSize: 1_000 })) yield seenOf(each);
    },
    async describe(workflowId) {
      try {
        return await describedOf(await handle(workflowId).describe(), said);
      } catch (failure) {
        if ((failure as Error).name === 'WorkflowNotFoundError') return undefined;
        throw failure;
      }
    },
    async problem(workflowId) {
      const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
        namespace: client.options.namespace,
        execution: { workflowId },
        maximumPageSize: NEWEST,
      });
      const last = history?.events?.find(({ eventType }) => eventType === TASK_FAILED || eventType === TASK_COMPLETED);
      const failed = last?.workflowTaskFailedEventAttributes;
      if (!failed) return undefined;
      return {
        nondeterminism: failed.cause === NON_DETERMINISTIC,
        message: (await said(failed.failure)) || 'No reason was given.',
      };
    },
    run: (workflowId) => asking(() => handle(workflowId).query(runQuery)),
    closed: (workflowId, runId) => asking(() => readEnd(client, workflowId, runId)),
    environment: (workflowId) => asking(() => handle(workflowId).query(environmentQuery)),
    release: (workflowId, holder, because) => handle(workflowId).signal(releaseSignal, { holder, because }),
  };
}

function seenOf({ workflowId, runId, status, startTime, closeTime, searchAttributes }: WorkflowExecutionInfo): Seen {
  const since = searchAttributes['GatehouseWaitingSince']?.[0];
  return {
    workflowId,
    runId,
    status: status.name,
    startedAt: startTime.toISOString(),
    ...(closeTime && { closedAt: closeTime.toISOString() }),
    ...(since !== undefined && { waitingSince: new Date(since as string | Date).toISOString() }),
    shownStatus: searchAttributes['GatehouseStatus']?.[0] as string | undefined,
  };
}

async function describedOf(
  { workflowId, runId, status, startTime, closeTime, raw }: WorkflowExecutionDescription,
  said: (failure: Failure) => Promise<string>,
): Promise<Described> {
  const attempt = raw.pendingWorkflowTask?.attempt;
  const activities = (raw.pendingActivities ?? []).map(async ({ activityType, attempt, lastFailure }) => ({
    type: activityType?.name ?? '',
    attempt: attempt ?? 1,
    ...(lastFailure && {
      failure: await said(lastFailure),
      failureType: lastFailure.applicationFailureInfo?.type ?? undefined,
    }),
  }));
  return {
    workflowId,
    runId,
    firstRunId: raw.workflowExecutionInfo?.firstRunId || runId,
    status: status.name,
    startedAt: startTime?.toISOString(),
    ...(closeTime && { closedAt: closeTime.toISOString() }),
    ...(attempt && { taskAttempt: attempt }),
    activities: await Promise.all(activities),
  };
}

/** A failure as the server keeps it. Its message is encrypted where payloads are. */
type Failure = NonNullable<
  NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]['lastFailure']
>;
type Codec = Client['options']['loadedDataConverter']['payloadCodecs'][number];

export async function messageOf(failure: Failure | null | undefined, codecs: readonly Codec[]): Promise<string> {
  const message = failure?.message ?? '';
  if (!failure?.encodedAttributes) return message;
  try {
    let payloads = [failure.encodedAttributes];
    for (const codec of codecs.toReversed()) payloads = await codec.decode(payloads);
    const { message: encrypted } = JSON.parse(Buffer.from(payloads[0]!.data!).toString('utf8')) as { message?: string };
    return encrypted ?? message;
  } catch {
    return message; // encrypted with a key that is not here
  }
}
