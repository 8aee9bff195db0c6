import type { Surroundings } from './surroundings.ts';
import { coresdk, from, toFailure, type Core, type Job } from './wire.ts';

/** The part of an execution that is needed to start and signal other workflows. */
interface Speaking {
  readonly cluster: Surroundings;
  push(...jobs: Job[]): void;
}

/** Creates an execution. */
type Create = (type: string, id: string, input: unknown) => Promise<{ runId: string }>;

const ALREADY_EXISTS =
  coresdk.child_workflow.StartChildWorkflowExecutionFailedCause
    .START_CHILD_WORKFLOW_EXECUTION_FAILED_CAUSE_WORKFLOW_ALREADY_EXISTS;

/** Starts a child workflow, unless an execution with its id is open. */
export async function beginChild(
  parent: Speaking,
  { seq, workflowId, workflowType, input }: Core.workflow_commands.IStartChildWorkflowExecution,
  create: Create,
): Promise<void> {
  const { cluster } = parent;
  const there = cluster.executions.get(workflowId!);
  if (there && !there.closed) {
    const failed = { workflowId: workflowId!, workflowType: workflowType!, cause: ALREADY_EXISTS };
    return parent.push({ resolveChildWorkflowExecutionStart: { seq: seq!, failed } });
  }
  cluster.activity += 1;
  const child = await create(workflowType!, workflowId!, from(input?.[0]));
  parent.push({ resolveChildWorkflowExecutionStart: { seq: seq!, succeeded: { runId: child.runId } } });
}

/** Sends a signal to another workflow. */
export function signalOther(
  sender: Speaking,
  { seq, workflowExecution, signalName, args }: Core.workflow_commands.ISignalExternalWorkflowExecution,
): void {
  const there = sender.cluster.executions.get(workflowExecution!.workflowId!);
  const open = there && !there.closed;
  if (open) there.receive(signalName!, args ?? []);
  const failure = open ? {} : { failure: toFailure(new Error('not found')) };
  sender.push({ resolveSignalExternalWorkflow: { seq: seq!, ...failure } });
}
