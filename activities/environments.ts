import { Context, sleep } from '@temporalio/activity';
import type { Activities, EnvironmentView } from '../workflows/contracts/activities.ts';
import { ENVIRONMENT_MEMO } from '../workflows/contracts/environment.ts';
import { environmentQuery } from '../workflows/contracts/queries.ts';
import { notYet } from './failures.ts';
import type { Environments, Ports } from './ports.ts';
import { GoneRuns } from './survey/gone-runs.ts';
import { serverOf } from './survey/server.ts';
import { reportProgress } from './waiting/heartbeating.ts';
import type { RateLimit } from './waiting/rate-limit.ts';

/**
 * How often the owner of an environment is polled, in milliseconds. `GoneRuns` finds terminated owners of many environments
 * at once.
 */
const OWNER_POLL_MS = 10_000;
const OWNER_POLL_MOST_MS = 60_000;

type Own = Pick<
  Activities,
  | 'environmentSettled'
  | 'lookAtEnvironment'
  | 'provisionEnvironment'
  | 'probeEnvironment'
  | 'environmentEnded'
  | 'removeEnvironment'
  | 'holderClosed'
>;

export const environmentActivities = (
  { environments }: Pick<Ports, 'environments'>,
  { lookMs, pace }: { lookMs: number; pace: RateLimit },
  cut = new GoneRuns(),
): Own => ({
  async environmentSettled({ workflowId, generation }) {
    const seen = await seenOf(workflowId);
    if (!seen) throw notYet('The environment has not begun yet', 500);
    const { view, closed } = seen;
    const known = view.generation >= generation && (view.status !== 'provisioning' || view.because !== undefined);
    if ((known && view.status !== 'tearing-down') || closed) return view;
    throw notYet(`Environment ${view.generation} is ${view.status}`, Math.min(lookMs, 5_000));
  },

  lookAtEnvironment: async ({ workflowId }) => (await seenOf(workflowId))?.view,

  async provisionEnvironment(request) {
    await environments.ensure(request);
    for (let pause = 100; ; pause = Math.min(pause * 1.2, lookMs)) {
      const look = await environments.look(request.key);
      if (look.is !== 'provisioning') return look;
      reportProgress(look);
      await sleep(pause);
    }
  },

  probeEnvironment: ({ key }) => environments.look(key),

  async environmentEnded({ key }) {
    const look = await environments.look(key);
    if (look.is === 'live' || look.is === 'provisioning') throw notYet(`It is ${look.is}`, pace(lookMs));
    return look;
  },

  async removeEnvironment({ key }) {
    await environments.remove(key);
    await verifiedGone(environments, key);
  },

  async holderClosed({ holder }) {
    if (!(await lives(holder))) return;
    const wish = Math.min(Math.max(lookMs, OWNER_POLL_MS), OWNER_POLL_MOST_MS);
    await cut.releaseEnvironments(serverOf(Context.current().client)).catch(() => undefined); // the next poll tries again
    throw notYet(`${holder.workflowId} still runs`, pace(wish));
  },
});

/** Throws unless the environment is really gone after its removal. */
async function verifiedGone(environments: Environments, key: string): Promise<void> {
  const look = await environments.look(key);
  if (look.is !== 'gone') throw new Error(`${key} was removed but is still ${look.is}`);
}

/**
 * The state of an environment. Its own workflow records it on the server, so no worker is needed to read it. Undefined if
 * the environment never existed. A workflow of an earlier build is queried instead.
 */
async function seenOf(workflowId: string): Promise<{ view: EnvironmentView; closed: boolean } | undefined> {
  const found = await describe(workflowId);
  if (!found) return undefined;
  const recorded = found.memo?.[ENVIRONMENT_MEMO] as EnvironmentView | undefined;
  const asked = () => Context.current().client.workflow.getHandle(workflowId).query(environmentQuery);
  return { view: recorded ?? (await asked()), closed: found.status.name !== 'RUNNING' };
}

/** Whether this chain of executions still runs. A later chain may have the same workflow id. */
export async function lives({ workflowId, runId }: { workflowId: string; runId: string }): Promise<boolean> {
  const found = await describe(workflowId);
  const first = found?.raw.workflowExecutionInfo?.firstRunId ?? found?.runId;
  return found?.status.name === 'RUNNING' && first === runId;
}

async function describe(workflowId: string) {
  try {
    return await Context.current().client.workflow.getHandle(workflowId).describe();
  } catch (failure) {
    if ((failure as Error).name === 'WorkflowNotFoundError') return undefined;
    throw failure;
  }
}
