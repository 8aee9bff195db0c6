import { environmentIdOf } from '../../workflows/contracts/pipeline-run.ts';
import type { Server } from './server.ts';

/** Visibility is asked at most this often, in milliseconds, and about so long: it is late by seconds, and may be down. */
const EVERY_MS = 10_000;
const BACK_MS = 600_000;

/**
 * Who terminates a run leaves nobody to tell its environment, whose end must be heard of within 120 s. Each environment
 * looks at its holder itself; but where there are thousands, few look in a minute. So whoever looks asks for all of them
 * which runs were cut off lately, and has their environments go.
 */
export class GoneRuns {
  private polledAt = 0;
  private released = new Set<string>();

  /** Throws what the server throws: then nobody counts as told, and the next one who looks tells them. */
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

/** One that has a successor is that one's: it has its predecessor's environment go before it begins its own. */
async function releaseEnvironmentOf(server: Server, workflowId: string, runId: string): Promise<void> {
  const newest = await server.describe(workflowId);
  if (newest?.runId !== runId) return;
  const [, workspace = '', task = ''] = workflowId.split('/');
  const holder = { workflowId, runId: newest.firstRunId };
  try {
    await server.release(environmentIdOf(workspace, task), holder, 'The server ended its run.');
  } catch (failure) {
    if ((failure as Error).name !== 'WorkflowNotFoundError') throw failure; // else it is gone, or there was none
  }
}
