import { sql } from 'kysely';
import { rowIn } from '../../../activities/adapters/state/run-values.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { z } from 'zod';
import type { RunAnswer } from '../../../workflows/contracts/reading.ts';
import type { RowState } from '../../../workflows/contracts/run/row.ts';

/** The most runs of one page. */
export const MOST = 200;

const Cursor = z.tuple([z.number(), z.string()]);

/** Which runs are wanted. */
export const RunsWanted = z.strictObject({
  workspace: z.string().max(64).optional(),
  repository: z.string().max(255).optional(),
  status: z.enum(['running', 'parked', 'paused', 'passed', 'failed', 'stopped']).optional(),
  waitingOn: z
    .enum(['person', 'checks', 'agent', 'environment', 'forge', 'queue', 'budget', 'timer', 'nothing'])
    .optional()
    .describe('`person` is the inbox: the oldest wait comes first.'),
  step: z.string().max(64).optional().describe('The kind of the present step.'),
  since: z.iso.datetime({ offset: true }).optional().describe('Only runs that started at this time or later.'),
  limit: z.coerce.number().int().min(1).max(MOST).default(50),
  cursor: z
    .string()
    .max(500)
    .optional()
    .transform((text, ctx) => {
      if (text === undefined) return undefined;
      const { data } = Cursor.safeParse(parsed(text));
      if (data) return data;
      ctx.addIssue({ code: 'custom', message: 'the next of an earlier page' });
      return z.NEVER;
    }),
});
export type RunsWanted = z.output<typeof RunsWanted>;

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A run as lists show it: its answer without the steps, with its start and its end. */
export type RunRow = Partial<Omit<RunAnswer, 'steps'>> &
  Pick<RunAnswer, 'workflowId' | 'runId' | 'status'> & { startedAt: string; endedAt?: string; outcome?: string };

/**
 * A page of runs from their rows: newest first, or the oldest wait first if they wait for a person. A page may have fewer runs
 * than wanted although another one follows, because it leaves out what its reader may not see.
 */
export async function pageOf(
  state: State,
  wanted: RunsWanted,
  sees: (run: RowState) => boolean = () => true,
): Promise<{ runs: RunRow[]; next?: string }> {
  const { limit, cursor } = wanted;
  const isInbox = wanted.waitingOn === 'person';
  const sortedBy = isInbox ? 'waiting_since' : 'started_at';
  const rows = await state.query((db) => {
    let found = db.selectFrom('runs').select(['workflow_id', 'first_run_id', 'state', 'waiting_since', 'started_at']);
    if (!isInbox) found = found.where('type', '=', 'pipelineRun');
    if (wanted.waitingOn !== undefined) found = found.where('waiting_on', '=', wanted.waitingOn);
    if (isInbox) found = found.where('ended_at', 'is', null);
    for (const [column, value] of [
      ['workspace', wanted.workspace],
      ['repository', wanted.repository],
      ['status', wanted.status],
      ['step', wanted.step],
    ] as const)
      if (value !== undefined) found = found.where(column, '=', value);
    if (wanted.since !== undefined) found = found.where('started_at', '>=', Date.parse(wanted.since));
    if (cursor) {
      const after = isInbox ? sql`>` : sql`<`;
      found = found.where(sql<boolean>`(${sql.ref(sortedBy)}, workflow_id) ${after} (${cursor[0]}, ${cursor[1]})`);
    }
    const way = isInbox ? 'asc' : 'desc';
    return found
      .orderBy(sortedBy, way)
      .orderBy('workflow_id', way)
      .limit(limit + 1)
      .execute();
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last ? [last[sortedBy], last.workflow_id] : undefined;
  return {
    runs: page
      .map(({ state: text }) => rowIn(text, state.cipher))
      .filter(sees)
      .map(rowOf),
    ...(next && { next: Buffer.from(JSON.stringify(next)).toString('base64url') }),
  };
}

/** A row in the shape of the run's own answer. */
export function rowOf(row: RowState): RunRow {
  const { repository, branch, base, pullRequest, head, pipeline, end, current, environment, ...rest } = row;
  const { workflowId, runId, workspace, task, status, waitingOn, usage, startedAt, mergeCommit } = rest;
  return {
    workflowId,
    runId,
    workspace,
    task: task as RunAnswer['task'],
    change: {
      repository,
      branch,
      ...(base !== undefined && { base }),
      ...(pullRequest !== undefined && { pullRequest }),
      ...(head !== undefined && { head }),
    },
    ...(pipeline !== undefined && { pipeline: { name: pipeline } as RunAnswer['pipeline'] }),
    status,
    current: current && ({ ...current, offers: [] } as RunAnswer['current']),
    waitingOn: waitingOn as RunAnswer['waitingOn'],
    environment: environment as RunAnswer['environment'],
    usage,
    startedAt,
    ...(mergeCommit !== undefined && { mergeCommit }),
    ...(end && { endedAt: end.at, outcome: end.outcome }),
  };
}
