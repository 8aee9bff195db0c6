import { type ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { coresdk as Core } from '@temporalio/proto';

/* eslint-disable @typescript-eslint/no-explicit-any -- what crosses this wire is JSON of any shape */

export type Job = Core.workflow_activation.IWorkflowActivationJob;
export type Command = Core.workflow_commands.IWorkflowCommand;
/** The activities by name. An activity that is missing stays open until the test completes it. */
export type World = Record<string, (question: any, call: Call) => unknown>;

export interface Refusal {
  because: string;
  type: string;
  code: string;
  offers: string[];
  visit?: string;
  takenBy?: unknown;
}
export type UpdateAnswer = { ok: any; refused?: never } | { ok?: never; refused: Refusal };
export type Closed =
  { result: any } | { failure: { type: string; message: string; details: any } } | { cancelled: true };

/** Imported through the default export, because Node does not detect the names of this CommonJS module. */
export const { coresdk } = proto;
export type { Core };

/** A pending activity. */
export interface Call {
  name: string;
  workflowId: string;
  /** The task queue that it was sent to. Empty for a local activity. */
  taskQueue: string;
  args: any[];
  summary: string;
  cancelRequested: boolean;
  complete(value?: unknown): void;
  fail(error: Error): void;
  acknowledgeCancel(): void;
}

/** A payload in an encoding that the run does not know. */
export const UNREADABLE = Symbol('unreadable');

/** JSON exactly as another tool sends it. */
export class AsSent {
  constructor(readonly json: string) {}
}

export const to = (value: unknown) => {
  if (value === UNREADABLE) return payload('json/protobuf', '{}');
  return value instanceof AsSent ? payload('json/plain', value.json) : defaultPayloadConverter.toPayload(value);
};
const payload = (encoding: string, data: string) => ({
  metadata: { encoding: Buffer.from(encoding) },
  data: Buffer.from(data),
});
export const from = (payload?: any) => (payload ? defaultPayloadConverter.fromPayload<any>(payload) : undefined);
export const toFailure = (error: unknown) => defaultFailureConverter.errorToFailure(error, defaultPayloadConverter);
export const fromFailure = (failure: any) =>
  defaultFailureConverter.failureToError(failure, defaultPayloadConverter) as ApplicationFailure;

export const msOf = (duration: any) => Number(duration?.seconds ?? 0) * 1_000 + Number(duration?.nanos ?? 0) / 1e6;

/** The job with which a server starts an execution. */
export function beginning(
  { workflowId, workflowType }: { workflowId: string; workflowType: string },
  input: unknown,
  lastResult?: unknown,
): Job {
  const args = input === undefined ? [] : [to(input)];
  const last = lastResult !== undefined && { lastCompletionResult: { payloads: [to(lastResult)] } };
  const begins = { workflowId, workflowType, arguments: args, randomnessSeed: 1 as any, headers: {}, ...last };
  return { initializeWorkflow: begins };
}

/** The order of jobs in an activation. Core delivers messages before everything else. */
export const rank = (job: Job): number => (job.initializeWorkflow ? 0 : job.signalWorkflow || job.doUpdate ? 1 : 2);

export function refusal(failure: any): Refusal {
  const { message, type, details } = fromFailure(failure);
  return { because: message, type: type!, ...(details?.[0] as any) };
}

export const activityFailure = (name: string, error: Error) => ({
  message: 'Activity task failed',
  cause: toFailure(error),
  activityFailureInfo: { activityType: { name }, activityId: '1', identity: 'test', retryState: 1 },
});
