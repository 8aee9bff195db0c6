import { Context } from '@temporalio/activity';
import type { LostRun, Recovered, RecoveryActivities } from '../../workflows/contracts/run/recovery.ts';
import type { RowState } from '../../workflows/contracts/run/row.ts';
import { noRecord, noRow, stillThere } from '../../workflows/words/views/recovery.ts';
import type { Ports } from '../ports.ts';
import { prefixesOf, recovered } from './recovering.ts';
import type { Rows } from '../rows/rows.ts';
import type { Settings } from '../settings.ts';
import { concurrently } from '../survey/concurrently.ts';
import { serverOf, type Server } from '../survey/server.ts';

type Needed = Pick<Ports, 'executor' | 'environments' | 'forge' | 'rows'>;

const here = () => serverOf(Context.current().client);

/** Recovers from a Temporal server that was lost with all its data, by what the database has of each run. */
export const recoveryActivities = (
  ports: Needed,
  { taskQueue }: Pick<Settings, 'taskQueue'>,
  server: () => Server = here,
): RecoveryActivities => ({
  async lostRuns({ only }) {
    const rows = rowsOf(ports);
    const all = await rows.unrecovered();
    const wanted = only ? all.filter(({ workflowId }) => only.includes(workflowId)) : all;
    const looked = await concurrently(wanted, async (row) => ({ row, isThere: await isThere(server(), row) }));
    const lost = looked.filter(({ isThere }) => !isThere).map(({ row }) => row);
    const there = looked.filter(({ isThere }) => isThere).map(({ row: { workflowId } }) => workflowId);
    const unknown = (only ?? []).filter((id) => !wanted.some(({ workflowId }) => workflowId === id));
    const kept = only ? there.map((workflowId) => ({ workflowId, because: stillThere() })) : [];
    return {
      lost: await concurrently(lost, (row) => shown(ports, rows, row)),
      refused: [...kept, ...unknown.map((workflowId) => ({ workflowId, because: noRow() }))],
    };
  },

  async recoverRuns({ workflowIds, by }) {
    const rows = rowsOf(ports);
    return concurrently(workflowIds, async (workflowId): Promise<Recovered> => {
      const row = await rows.read(workflowId);
      // An earlier attempt has started it.
      if (!row || (await isThere(server(), row))) return { workflowId, is: 'started' };
      try {
        return await recovered({ ...ports, rows, taskQueue }, row, by);
      } catch (failure) {
        return { workflowId, is: 'failed', because: (failure as Error).message.slice(0, 500) };
      }
    });
  },
});

function rowsOf({ rows }: Needed): Rows {
  if (!rows) throw new Error('This worker keeps no rows of runs.');
  return rows;
}

/** Whether the server knows any execution of this workflow id. Then nothing is started anew. */
const isThere = async (server: Server, { workflowId }: RowState): Promise<boolean> =>
  (await server.describe(workflowId)) !== undefined;

async function shown(ports: Needed, rows: Rows, row: RowState): Promise<LostRun> {
  const { workflowId, runId, status, current, waitingOn } = row;
  const record = await rows.record(workflowId, runId);
  const elsewhere = await leftElsewhere(ports, rows, row);
  return {
    workflowId,
    status,
    ...(current && { step: { step: current.step, kind: current.kind } }),
    since: waitingOn.since,
    ...(elsewhere && { elsewhere }),
    ...(!record && { because: noRecord() }),
  };
}

/** What other workers than this one may still run of it. */
async function leftElsewhere(
  { executor, environments }: Needed,
  rows: Rows,
  row: RowState,
): Promise<LostRun['elsewhere']> {
  const all = await rows.unfinished(prefixesOf(row));
  const here = new Set([...(await executor.list()).map(({ key }) => key), ...(await environments.list())]);
  const isElsewhere = (key: string) => !here.has(key);
  const left = { jobs: all.jobs.filter(isElsewhere), environments: all.environments.filter(isElsewhere) };
  return left.jobs.length + left.environments.length > 0 ? left : undefined;
}
