import { Context } from '@temporalio/activity';
import type { BadField } from '../workflows/contracts/activities.ts';
import { runIdOf, type RunInput } from '../workflows/contracts/pipeline-run.ts';
import { runQuery } from '../workflows/contracts/queries.ts';
import { queryText } from '../workflows/contracts/text/quoting.ts';
import type { TaskLimit } from './settings.ts';

/**
 * Checks whether one more run may be live on this repository. Visibility may lag, so two runs that start at the same time
 * may both be admitted.
 */
export async function overLimit(
  input: RunInput,
  repository: string,
  limit: TaskLimit | undefined,
  ask: Question = { liveRuns, typeOf },
): Promise<BadField[]> {
  if (!limit) return [];
  const others = (await ask.liveRuns(repository)).filter((id) => id !== runIdOf(input.workspace, input.task.id));
  const { type } = input.task;
  const most = 'shared' in limit ? limit.shared : limit.perType[type];
  if (most === undefined) return [];
  const counted = 'shared' in limit ? others : await ofType(others, type, ask);
  if (counted.length < most) return [];
  const what = 'shared' in limit ? 'live runs' : `live runs of type ${type}`;
  const expected = `expected fewer than ${most} ${what} on ${repository}; live: ${counted.slice(0, 10).join(', ')}`;
  return [{ path: 'task', expected }];
}

async function liveRuns(repository: string): Promise<string[]> {
  const query = `WorkflowType = "pipelineRun" AND ExecutionStatus = "Running" AND GatehouseRepository = ${queryText(repository)}`;
  const found: string[] = [];
  for await (const { workflowId } of Context.current().client.workflow.list({ query })) found.push(workflowId);
  return found;
}

/** The calls to the server and to live runs. */
interface Question {
  liveRuns(repository: string): Promise<string[]>;
  typeOf(workflowId: string): Promise<string | undefined>;
}

/**
 * The runs of this type. A task's type is not a search attribute, so the runs are queried. A run that cannot answer counts.
 */
async function ofType(workflowIds: string[], type: string, ask: Question): Promise<string[]> {
  const types = await Promise.all(workflowIds.map((id) => ask.typeOf(id)));
  return workflowIds.filter((_, index) => types[index] === undefined || types[index] === type);
}

async function typeOf(workflowId: string): Promise<string | undefined> {
  try {
    return (await Context.current().client.workflow.getHandle(workflowId).query(runQuery)).task.type;
  } catch {
    return undefined;
  }
}
