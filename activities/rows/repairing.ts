import type { RunAnswer } from '../../workflows/contracts/reading.ts';
import type { RowState, RunNote } from '../../workflows/contracts/run/row.ts';
import { concurrently } from '../survey/concurrently.ts';
import type { Described, Seen, Server } from '../survey/server.ts';
import type { OpenRow, Rows } from './rows.ts';

/** How many rows one pass of the survey repairs. Each costs a query, so many runs of an earlier build get their rows over several passes. */
const MOST = 200;
const LIVE = 'ExecutionStatus = "Running" AND WorkflowType IN ("pipelineRun", "releaseWatch")';

type Source = Pick<Server, 'list' | 'describe' | 'run' | 'closed'>;
type Repaired = Pick<Rows, 'open' | 'read' | 'record' | 'repair'>;

/**
 * Repairs rows that visibility contradicts: of runs that the server has ended, that were reset, whose worker died before it
 * wrote, and of runs that began before there were rows. Visibility only says where to look. What is written is the server's and
 * the run's own answer, and only if the run has not reported anything meanwhile. Returns the number of repaired rows.
 */
export async function repairRows(server: Source, rows: Repaired, most = MOST): Promise<number> {
  const open = new Map((await rows.open()).map((row) => [row.workflowId, row]));
  const live = new Map<string, Seen>();
  for await (const seen of server.list(LIVE)) live.set(seen.workflowId, seen);
  const behind = [...new Set([...open.keys(), ...live.keys()])].filter((id) => differs(open.get(id), live.get(id)));
  const answers = await concurrently(behind.slice(0, most), (id) => repaired(server, rows, id));
  return answers.filter(Boolean).length;
}

/** Whether visibility contradicts a row. It may lag, and then nothing is found to repair. */
export function differs(row: OpenRow | undefined, seen: Seen | undefined): boolean {
  if (!row || !seen || row.runId !== seen.runId) return true;
  const isNewer = seen.waitingSince !== undefined && seen.waitingSince > row.waitingSince;
  return (
    isNewer ||
    (seen.waitingSince === row.waitingSince && seen.shownStatus !== undefined && seen.shownStatus !== row.status)
  );
}

async function repaired(server: Source, rows: Repaired, workflowId: string): Promise<boolean> {
  const before = await rows.read(workflowId);
  const newest = await server.describe(workflowId);
  // A server that does not know the run has lost it, or its retention is over. Then the row is all there is.
  if (!newest) return false;
  const isLive = newest.status === 'RUNNING';
  if (!isLive && before?.end && before.runId === newest.runId) return false;
  // Without a worker that can answer, a live run is repaired by a later pass.
  const answer = await server.run(workflowId).catch(() => undefined);
  if (isLive && !answer) return false;
  const base = answer ? stateOf(answer, newest, before) : before?.runId === newest.runId ? before : undefined;
  if (!base) return false;
  const note = isLive ? { state: base } : await endedNote(server, rows, base, newest);
  // A run that has examined its repository has been given a slot of it.
  return rows.repair(note, before, { slot: isLive && answer?.began !== undefined && base.type === 'pipelineRun' });
}

/**
 * Repairs all rows once, before this worker first decides by them: they may be those of a backup, older than their runs. Throws while
 * that is not possible.
 */
export class RowsUpToDate {
  private repaired: Promise<number> | undefined;

  ensure(server: Source, rows: Repaired): Promise<number> {
    this.repaired ??= repairRows(server, rows, Infinity).catch((failure: unknown) => {
      this.repaired = undefined;
      throw failure;
    });
    return this.repaired;
  }
}

/** The order of a repaired row is that of the row before, so that everything that the run itself reports is newer. */
function stateOf(
  answer: RunAnswer,
  { runId, firstRunId, startedAt }: Described,
  before: RowState | undefined,
): RowState {
  const { id, title, type: taskType } = answer.task;
  const { change, current, pipeline } = answer;
  return {
    order: before?.runId === runId ? before.order : { at: 0, seq: 0 },
    workflowId: answer.workflowId,
    firstRunId,
    runId,
    type: answer.workflowId.startsWith('release/') ? 'releaseWatch' : 'pipelineRun',
    startedAt: startedAt ?? new Date().toISOString(),
    workspace: answer.workspace,
    task: { id, title, type: taskType },
    repository: answer.began?.repository ?? change.repository,
    branch: change.branch ?? '',
    ...(change.base && { base: change.base }),
    ...(change.pullRequest !== undefined && { pullRequest: change.pullRequest }),
    ...(pipeline.name !== undefined && { pipeline: pipeline.name }),
    status: answer.status,
    current: current && {
      step: current.step,
      id: current.id,
      kind: current.kind,
      phase: current.phase,
      ...(current.visit !== undefined && { visit: current.visit }),
    },
    waitingOn: answer.waitingOn,
    ...(change.head !== undefined && { head: change.head }),
    environment: answer.environment,
    usage: answer.usage,
  };
}

const STATUS: Partial<Record<string, RowState['status']>> = {
  COMPLETED: 'passed',
  TERMINATED: 'stopped',
  CANCELLED: 'stopped',
};

/** The end of a run that could not report it. */
async function endedNote(server: Source, rows: Repaired, base: RowState, newest: Described): Promise<RunNote> {
  const at = newest.closedAt ?? new Date().toISOString();
  const { outcome, reason, mergeCommit, record } = await server.closed(base.workflowId, newest.runId);
  const state: RowState = {
    ...base,
    status: STATUS[newest.status] ?? 'failed',
    current: null,
    waitingOn: { what: 'nothing', detail: reason ?? `The run has ended as ${outcome}.`, since: at, offers: [] },
    ...(mergeCommit !== undefined && { mergeCommit }),
    end: { at, outcome, ...(reason !== undefined && { reason }) },
  };
  const kept = record ?? (await rows.record(base.workflowId, newest.runId));
  return { state, ...(kept && { record: kept }), ...(record && { actions: record.closed.actions }) };
}
