import type { Client } from '@temporalio/client';
import { recoveryQuery } from '../../workflows/contracts/queries.ts';
import { recoveryIdOf, type RecoveryInput, type RecoveryReport } from '../../workflows/contracts/run/recovery.ts';
import { Unreachable } from '../errors.ts';
import { typed } from '../invocation.ts';

/** How often the progress is read, and for how long a worker may keep silent, in milliseconds. */
const EVERY_MS = 1_000;
const SILENCE_MS = 30_000;
/** A recovery that takes longer is given up. The next one does the rest. */
const LONGEST = '6 hours';

/** Has a worker start lost runs anew, and follows it to its end. */
export async function recovering(
  client: Client,
  taskQueue: string,
  wish: Partial<RecoveryInput>,
  onProgress: (report: RecoveryReport) => void,
): Promise<RecoveryReport> {
  const dryRun = wish.dryRun === true;
  const handle = await client.workflow.start('recovery', {
    workflowId: recoveryIdOf(taskQueue, { dryRun }),
    taskQueue,
    args: [wish],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowRunTimeout: LONGEST,
    staticSummary: dryRun ? 'gatehouse recover --dry-run' : 'gatehouse recover',
  });
  const result = handle.result() as Promise<RecoveryReport>;
  let over = false;
  const ended = result.then(
    () => (over = true),
    () => (over = true),
  );
  for (let heard = Date.now(); !over;) {
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, EVERY_MS))]);
    if (over) break;
    try {
      onProgress(await client.withDeadline(Date.now() + EVERY_MS * 5, () => handle.query(recoveryQuery)));
      heard = Date.now();
    } catch {
      if (Date.now() - heard > SILENCE_MS) {
        throw new Unreachable(`No worker answers. Is one running? Try: ${typed('doctor')}`);
      }
    }
  }
  return result;
}
