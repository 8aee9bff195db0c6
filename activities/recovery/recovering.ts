import { Context } from '@temporalio/activity';
import type { Change } from '../../workflows/contracts/change.ts';
import type { Recovered } from '../../workflows/contracts/run/recovery.ts';
import type { RecoveredFacts } from '../../workflows/contracts/run/closed-run.ts';
import { LOST, type RowState } from '../../workflows/contracts/run/row.ts';
import { titleOfRun } from '../../workflows/contracts/text/titles.ts';
import { lostReason, noRecord } from '../../workflows/words/views/recovery.ts';
import type { Ports } from '../ports.ts';
import type { KeptRecord, Rows } from '../rows/rows.ts';
import { tailOf } from '../survey/run-statuses.ts';

interface Given extends Pick<Ports, 'executor' | 'environments' | 'forge'> {
  rows: Rows;
  taskQueue: string;
}

/**
 * Starts a lost run anew. Its jobs, checks and environments are ended first, because the new run has keys of its own. Then its row
 * says that it is lost, with all that the new run takes over, and at last the new run begins. After a crash, the next
 * attempt does the rest.
 */
export async function recovered(given: Given, row: RowState, by: string | undefined): Promise<Recovered> {
  const { workflowId, runId, type } = row;
  const record = await given.rows.record(workflowId, runId);
  if (!record) return { workflowId, is: 'failed', because: noRecord() };
  const ended = await endLeftovers(given, row);
  const facts = record.closed.recovered ?? (await lostFacts(given, row, record, by));
  if (row.end?.outcome !== LOST) await noteLost(given.rows, row, record, facts);
  await (type === 'releaseWatch' ? startWatch(given, row, record) : startRun(given, row, record));
  return { workflowId, is: facts.merged ? 'merged' : 'started', ended };
}

/** How the keys of a run’s jobs and environments begin. */
export function prefixesOf({ workflowId, firstRunId, workspace, task }: RowState) {
  const tail = tailOf({ runId: firstRunId });
  return { jobs: `${workflowId}/${tail}/`, environments: `env/${workspace}/${task.id}/${tail}/` };
}

/** Ends what the lost run had on this machine. Returns how many things that were. */
async function endLeftovers({ executor, environments, forge }: Given, row: RowState): Promise<number> {
  const { workflowId, firstRunId } = row;
  const because = lostReason();
  const prefixes = prefixesOf(row);
  const jobs = (await executor.list()).filter(({ key }) => key.startsWith(prefixes.jobs));
  for (const { key } of jobs) await executor.stop(key, because);
  const isRun = row.type === 'pipelineRun';
  const branches = (await forge.list()).filter(
    ({ holder, checks }) => checks > 0 && holder.workflowId === workflowId && holder.runId === firstRunId,
  );
  for (const { repository, branch } of branches) await forge.endChecks({ repository, branch });
  const sites = isRun ? (await environments.list()).filter((key) => key.startsWith(prefixes.environments)) : [];
  for (const key of sites) await environments.remove(key);
  return jobs.length + branches.length + sites.length;
}

/** What the new run takes over besides what was settled. A merge that nobody reported is read back. */
async function lostFacts(
  { forge }: Given,
  row: RowState,
  { answer, closed }: KeptRecord,
  by: string | undefined,
): Promise<RecoveredFacts> {
  const { usage, base, branch, pullRequest } = row;
  const repository = answer.change?.repository ?? row.repository;
  const basis = closed.began?.basis;
  const common = {
    at: new Date().toISOString(),
    ...(by !== undefined && { by }),
    usage,
    paused: row.status === 'paused',
  };
  if (row.type !== 'pipelineRun' || base === undefined || basis === undefined) return common;
  const change: Change = { repository, base, branch, basis, ...(pullRequest !== undefined && { pullRequest }) };
  if (row.mergeCommit !== undefined) return { ...common, merged: { change, commit: row.mergeCommit } };
  const { state, mergeCommit } = await forge.look(change, row.head);
  return state === 'merged' && mergeCommit !== undefined
    ? { ...common, merged: { change, commit: mergeCommit } }
    : common;
}

/** From here on the record is complete: the new run reads it as a retry reads that of a closed run. */
async function noteLost(rows: Rows, row: RowState, record: KeptRecord, facts: RecoveredFacts): Promise<void> {
  const { input, of, answer, closed } = record;
  const state: RowState = { ...row, end: { at: facts.at, outcome: LOST, reason: lostReason() } };
  const note = { state, record: { input, of, answer, closed: { ...closed, recovered: facts } } };
  if (!(await rows.repair(note, row))) throw new Error(`${row.workflowId} has reported something meanwhile.`);
}

async function startRun({ taskQueue }: Given, { workflowId, task }: RowState, { input, runId }: KeptRecord) {
  await start('pipelineRun', {
    workflowId,
    taskQueue,
    title: titleOfRun(task),
    input: { ...input, resume: { of: { runId } } },
  });
}

/** A release watch has settled nothing. It reads the signals anew, until the same time as before. */
const startWatch = ({ taskQueue }: Given, { workflowId, task }: RowState, { input }: KeptRecord): Promise<void> =>
  start('releaseWatch', { workflowId, taskQueue, title: titleOfRun(task), input });

async function start(
  type: string,
  { workflowId, taskQueue, title, input }: { workflowId: string; taskQueue: string; title: string; input: object },
): Promise<void> {
  try {
    await Context.current().client.workflow.start(type, {
      workflowId,
      taskQueue,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: title,
      staticDetails: lostReason(),
    });
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw failure;
  }
}
