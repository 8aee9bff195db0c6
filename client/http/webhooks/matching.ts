import { rowIn } from '../../../activities/adapters/state/run-values.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import type { RowState } from '../../../workflows/contracts/run/row.ts';
import { repositoryKey } from './deliveries.ts';
import type { Named } from './events.ts';

type Known = Pick<RowState, 'branch' | 'base' | 'head' | 'pullRequest'>;

/** Whether a webhook names the change of this run: its branch, its base, its head or its pull request. */
export const concerns = (named: Named, run: Known): boolean =>
  named.branches.includes(run.branch) ||
  (run.base !== undefined && named.branches.includes(run.base)) ||
  (run.head !== undefined && named.heads.includes(run.head)) ||
  (run.pullRequest !== undefined && named.pullRequests.includes(run.pullRequest));

/** The live runs whose change a webhook names. */
export async function runsNamedBy(state: State, named: Named): Promise<RowState[]> {
  const rows = await state.query((db) =>
    db
      .selectFrom('runs')
      .select('state')
      .where((each) => each(each.fn<string>('lower', ['repository']), '=', repositoryKey(named.repository)))
      .where('ended_at', 'is', null)
      .execute(),
  );
  return rows.map((row) => rowIn(row.state, state.cipher)).filter((run) => concerns(named, run));
}
