import { Context } from '@temporalio/activity';
import type { BadField, RunOwner } from '../../workflows/contracts/activities.ts';
import type { RunInput } from '../../workflows/contracts/pipeline-run.ts';
import { runQuery } from '../../workflows/contracts/queries.ts';
import { queryText } from '../../workflows/contracts/text/quoting.ts';
import { lives } from '../environments.ts';
import type { Rows } from './rows.ts';
import type { TaskLimit } from '../settings.ts';

interface Wanted {
  input: RunInput;
  holder: RunOwner;
  repository: string;
}

/**
 * Takes a slot of the repository for one more run, or returns why there is none. Slots are counted in one transaction, so runs
 * that start at the same time are never admitted beyond the limit. A slot whose run has ended unnoticed is given to another.
 */
export async function overLimit(
  { input, holder, repository }: Wanted,
  limit: TaskLimit | undefined,
  rows: Rows | undefined,
  ask: Question = { liveRuns, typeOf, lives },
): Promise<BadField[]> {
  const { type } = input.task;
  const perType = limit !== undefined && 'perType' in limit;
  const most = limit && ('shared' in limit ? limit.shared : limit.perType[type]);
  if (most === undefined && !rows) return [];
  const besides = most === undefined ? [] : await withoutSlots({ holder, repository, type, perType }, rows, ask);
  const counted = most === undefined ? undefined : { most, perType, besides };
  let live: string[];
  do {
    live = rows
      ? await rows.admit({ holder, repository, type, limit: counted })
      : besides.length >= most!
        ? besides
        : [];
  } while (live.length > 0 && rows && (await freed(live, rows, ask)));
  if (live.length === 0) return [];
  const what = perType ? `live runs of type ${type}` : 'live runs';
  const expected = `expected fewer than ${most} ${what} on ${repository}; live: ${live.slice(0, 10).join(', ')}`;
  return [{ path: 'task', expected }];
}

/** Gives the slot of a refused run back. Its row may not say so, if the database fails meanwhile. */
export const giveBack = async (rows: Rows | undefined, holder: RunOwner): Promise<void> => rows?.release(holder);

/** The calls to the server and to live runs. */
interface Question {
  liveRuns(repository: string): Promise<string[]>;
  typeOf(workflowId: string): Promise<string | undefined>;
  lives(holder: RunOwner): Promise<boolean>;
}

/** The other live runs that have no slot, because an earlier build has started them. Visibility may lag, so it is not asked about others. */
async function withoutSlots(
  { holder, repository, type, perType }: { holder: RunOwner; repository: string; type: string; perType: boolean },
  rows: Rows | undefined,
  ask: Question,
): Promise<string[]> {
  const others = (await ask.liveRuns(repository)).filter((id) => id !== holder.workflowId);
  const known = (await rows?.known(others)) ?? new Set();
  const without = others.filter((id) => !known.has(id));
  return perType ? ofType(without, type, ask) : without;
}

/** Frees the slots of runs that are no longer live, as the server itself says. Returns whether there were any. */
async function freed(workflowIds: string[], rows: Rows, ask: Question): Promise<boolean> {
  let any = false;
  for (const holder of await rows.holders(workflowIds)) {
    if (await ask.lives(holder)) continue;
    await rows.release(holder);
    any = true;
  }
  return any;
}

async function liveRuns(repository: string): Promise<string[]> {
  const query = `WorkflowType = "pipelineRun" AND ExecutionStatus = "Running" AND GatehouseRepository = ${queryText(repository)}`;
  const found: string[] = [];
  for await (const { workflowId } of Context.current().client.workflow.list({ query })) found.push(workflowId);
  return found;
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
