import { isCancellation, rootCause, setCurrentDetails, setHandler } from '@temporalio/workflow';
import { recoveryQuery } from './contracts/queries.ts';
import type { Activities } from './contracts/activities.ts';
import { RecoveryInput, type LostRun, type Recovered, type RecoveryReport } from './contracts/run/recovery.ts';
import { parseInput } from './temporal/input.ts';
import { activitiesFor } from './temporal/proxies.ts';
import { recoveryDetails } from './words/views/recovery.ts';

/** How many runs one activity starts anew. */
const AT_ONCE = 20;

/**
 * Starts every run anew that was live when the Temporal server was lost with all its data. Each is looked for on the server first, so
 * doing this twice changes nothing.
 */
export async function recovery(raw: unknown): Promise<RecoveryReport> {
  const { dryRun, only, by } = parseInput(RecoveryInput, raw ?? {});
  const { lostRuns, recoverRuns, ...ending } = activitiesFor('recovery');
  const report: RecoveryReport = { dryRun, lost: [], done: [], refused: [] };
  setHandler(recoveryQuery, () => report);
  const show = () => setCurrentDetails(recoveryDetails(report));
  Object.assign(report, await lostRuns({ only }));
  show();
  const ids = report.lost.flatMap(({ workflowId, because }) => (because === undefined ? [workflowId] : []));
  for (let at = 0; at < ids.length && !dryRun; at += AT_ONCE) {
    const workflowIds = ids.slice(at, at + AT_ONCE);
    for (const { workflowId, elsewhere } of report.lost)
      if (elsewhere && workflowIds.includes(workflowId)) await endElsewhere(ending, elsewhere);
    report.done.push(...(await recoverRuns({ workflowIds, by }).catch(failed(workflowIds))));
    show();
  }
  return report;
}

/** Has other workers end what they run. One that is not heard of ends it by itself. */
async function endElsewhere(
  { stopJob, removeEnvironment }: Pick<Activities, 'stopJob' | 'removeEnvironment'>,
  { jobs, environments }: NonNullable<LostRun['elsewhere']>,
): Promise<void> {
  for (const key of jobs) await stopJob({ key });
  for (const key of environments) await removeEnvironment({ key });
}

/** What cannot be asked now is left as it is. The next recovery tries again. */
const failed =
  (workflowIds: string[]) =>
  (failure: unknown): Recovered[] => {
    if (isCancellation(failure)) throw failure;
    return workflowIds.map((workflowId) => ({ workflowId, is: 'failed', because: rootCause(failure) ?? 'unknown' }));
  };
