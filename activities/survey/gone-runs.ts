import { environmentIdOf } from '../../workflows/contracts/pipeline-run.ts';
import type { Server } from './server.ts';

/** How often visibility is queried, and for how long a time back, in milliseconds. It lags by seconds, and may be down. */
const EVERY_MS = 10_000;
const BACK_MS = 600_000;

/**
 * Ends the environments of terminated runs. Nothing announces such a run, and its environment must go within 120 s. Each
 * environment polls its owner, but with thousands of them, few polls fit into a minute. So each poll asks visibility for all
 * runs that were terminated or timed out recently, and ends their environments.
 */
export class GoneRuns {
  private polledAt = 0;
  private released = new Set<string>();

  /** Throws the server's errors. Then no environment counts as notified, and the next poll tries again. */
  async releaseEnvironments(server: Server, now = Date.now()): Promise<void> {
    if (now - this.polledAt < EVERY_MS) return;
    this.polledAt = now;
    const lately = `CloseTime > "${new Date(now - BACK_MS).toISOString()}"`;
    const cut = `WorkflowType = "pipelineRun" AND ExecutionStatus IN ("Terminated", "TimedOut") AND ${lately}`;
    const seen = new Set<string>();
    for await (const { workflowId, runId } of server.list(cut)) {
      seen.add(runId);
      if (!this.released.has(runId)) await releaseEnvironmentOf(server, workflowId, runId);
    }
    this.released = seen;
  }
}

/** Does nothing for a run with a successor, which ends its predecessor's environment before it begins its own. */
async function releaseEnvironmentOf(server: Server, workflowId: string, runId: string): Promise<void> {
  const newest = await server.describe(workflowId);
  if (newest?.runId !== runId) return;
  const [, workspace = '', task = ''] = workflowId.split('/');
  const holder = { workflowId, runId: newest.firstRunId };
  try {
    await server.release(environmentIdOf(workspace, task), holder, 'The server ended its run.');
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowNotFoundError') throw failure; // otherwise it is gone, or there was none
  }
}
