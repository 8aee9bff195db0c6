import type { State } from '../../../../activities/adapters/state/state.ts';
import { rowIn } from '../../../../activities/adapters/state/run-values.ts';
import { pageOf, rowOf, type RunRow, type RunsWanted } from '../../api/rows.ts';

/** How many waits an inbox shows. */
const WAITS = 200;
/** How many of the newest runs a search reads, because titles may be encrypted. */
const SEARCHED = 2_000;
/** How many runs a page of the list has. */
const PAGE = 50;

/** Everything that waits for a person, oldest first. */
export const waits = async (state: State, workspace: string | undefined): Promise<RunRow[]> =>
  (await pageOf(state, { waitingOn: 'person', limit: WAITS, workspace, ...NONE })).runs;

const NONE = { repository: undefined, status: undefined, step: undefined, since: undefined, cursor: undefined };

export interface Searched {
  runs: RunRow[];
  next?: string | undefined;
  /** Set if older runs were not searched. */
  isCut?: boolean | undefined;
}

/** A page of all runs, newest first. With a text, those of the newest runs whose id, title, branch or repository has it. */
export async function search(state: State, wanted: Omit<RunsWanted, 'limit'>, text: string): Promise<Searched> {
  if (text === '') return pageOf(state, { ...wanted, limit: PAGE });
  const rows = await state.query((db) => {
    let found = db.selectFrom('runs').select('state').where('type', '=', 'pipelineRun');
    for (const column of ['workspace', 'repository', 'status', 'step'] as const) {
      const value = wanted[column];
      if (value !== undefined) found = found.where(column, '=', value);
    }
    return found.orderBy('started_at', 'desc').limit(SEARCHED).execute();
  });
  const sought = text.toLowerCase();
  const runs = rows
    .map((row) => rowOf(rowIn(row.state, state.cipher)))
    .filter((row) => textsOf(row).some((each) => each.toLowerCase().includes(sought)));
  return { runs: runs.slice(0, PAGE), isCut: rows.length === SEARCHED || runs.length > PAGE };
}

const textsOf = ({ task, change, workflowId }: RunRow): string[] =>
  [task?.id, task?.title, change?.branch, change?.repository, workflowId].filter((each) => each !== undefined);

/** The values of a column, for filters. */
export async function valuesOf(
  state: State,
  column: 'repository' | 'step',
  workspace: string | undefined,
): Promise<string[]> {
  const rows = await state.query((db) => {
    const all = db.selectFrom('runs').select(column).distinct().where('type', '=', 'pipelineRun');
    return (workspace === undefined ? all : all.where('workspace', '=', workspace))
      .orderBy(column)
      .limit(100)
      .execute();
  });
  return rows
    .map((row) => (row as Partial<Record<typeof column, string | null>>)[column])
    .filter((value) => typeof value === 'string');
}
