import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { badFields } from '../workflows/contracts/bad-fields.ts';
import { runIdOf } from '../workflows/contracts/pipeline-run.ts';
import { RunInput, wrongDependents } from '../workflows/gates/index.ts';
import { oversized } from '../workflows/rules/bounds.ts';
import { inputTooLarge } from '../workflows/words/input.ts';
import { begin, type Begun } from './beginning.ts';
import type { Ended } from './ends.ts';
import { InvalidInput, LiveRun, NotFound, NothingToRetry } from './errors.ts';
import { endOfRow, type KeptRun } from './kept-runs.ts';

/** The access to existing runs that starting needs. */
export interface Ground {
  temporal: Client;
  taskQueue: string;
  /** How the newest execution ended. Undefined if there was none. */
  ended(workflowId: string): Promise<Ended | undefined>;
  describe(workflowId: string): Promise<WorkflowExecutionDescription>;
  /** What the database has of a run that the server does not know. */
  kept(workflowId: string): Promise<KeptRun | undefined>;
  inputOf(execution: { workflowId: string; runId?: string }): Promise<Record<string, unknown>>;
}

/** Starts a run, or retries the task's last run if it failed or was stopped. */
export async function start(
  ground: Ground,
  wish: unknown,
  { fresh }: { fresh: boolean },
): Promise<Begun & { retried: boolean }> {
  const { temporal, taskQueue } = ground;
  const { data: input, error } = RunInput.safeParse(wish);
  if (!input) throw new InvalidInput(badFields(error, wish));
  const large = oversized(wish);
  const wrong = [...(large ? [inputTooLarge(large)] : []), ...wrongDependents(input)];
  if (wrong.length > 0) throw new InvalidInput(wrong);
  const workflowId = runIdOf(input.workspace, input.task.id);
  const before = fresh ? undefined : ((await ground.ended(workflowId)) ?? (await keptEnd(ground, workflowId)));
  if (before?.is === 'lost' && (before.type !== 'invalid_input' || (await wasRetry(ground, workflowId)))) {
    return { ...(await retry(ground, workflowId, {})), retried: true };
  }
  return { ...(await begin(temporal, taskQueue, { workflowId, wish: wish as object, input })), retried: false };
}

/** Continues a closed run from where it failed, or from an earlier step. */
export async function retry(
  ground: Ground,
  workflowId: string,
  { from }: { from?: number | undefined },
): Promise<Begun> {
  const { runId, own, succeeded } = await closedRun(ground, workflowId);
  if (succeeded && from === undefined) throw new NothingToRetry(workflowId);
  const again = { ...own, resume: { ...(from !== undefined && { from }), of: { runId } } };
  const { data: input, error } = RunInput.safeParse({ ...again, resume: { of: { runId } } });
  if (!input) throw new InvalidInput(badFields(error, again));
  const steps = input.pipeline.steps.filter(({ enabled }) => enabled !== false).length;
  if (from !== undefined && (from < 1 || from > steps)) {
    throw new InvalidInput([{ path: 'from', expected: `expected a step, 1 to ${steps}, found ${from}` }]);
  }
  return begin(ground.temporal, ground.taskQueue, { workflowId, wish: again, input });
}

interface Closed {
  runId: string;
  /** Its start input, without what it continued itself. */
  own: Record<string, unknown>;
  succeeded: boolean;
}

/** The closed run as the server knows it, or as the database has it once the server has deleted its history. */
async function closedRun(ground: Ground, workflowId: string): Promise<Closed> {
  try {
    const { status, runId } = await ground.describe(workflowId);
    if (status.name === 'RUNNING') throw new LiveRun(workflowId);
    const { resume, ...own } = await ground.inputOf({ workflowId, runId });
    void resume;
    return { runId, own, succeeded: status.name === 'COMPLETED' };
  } catch (failure) {
    if (!(failure instanceof NotFound)) throw failure;
    const kept = await ground.kept(workflowId);
    if (!kept?.record?.ended) throw failure;
    const { runId, input } = kept.record;
    return { runId, own: input, succeeded: kept.row.status === 'passed' };
  }
}

/** How a run ended that the server does not know. A run without a complete record is not retried. */
async function keptEnd(ground: Ground, workflowId: string): Promise<Ended | undefined> {
  const kept = await ground.kept(workflowId);
  return kept?.record?.ended ? endOfRow(kept) : undefined;
}

/** Whether the newest execution was a retry. A retry that was refused at once still refers to earlier results. */
async function wasRetry({ inputOf }: Ground, workflowId: string): Promise<boolean> {
  const resume: { of?: unknown } | undefined = (await inputOf({ workflowId }))['resume'] as object | undefined;
  return resume?.of !== undefined;
}
