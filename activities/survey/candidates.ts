import type { Failing, Stuck, UnsentNotices } from '../../workflows/contracts/survey.ts';
import type { KeptNotice } from '../inventory.ts';
import { concurrently } from './concurrently.ts';
import type { Described, Seen, Server } from './server.ts';

/** How long a notice may be undelivered before it is checked, in milliseconds. */
const NOTICE_MS = 60_000;
/**
 * How long a run may wait for an activity before it is checked, in milliseconds, and after how many failures the activity is
 * reported.
 */
const WAIT_MS = 60_000;
const ATTEMPTS = 3;
/** The maximum number of runs of each kind that are described in one pass. The others follow when these are fixed. */
const MOST = 1_000;
/** The failure type of a poll that has no answer yet. */
const NOT_YET = 'NotYet';

export const LIVE = 'WorkflowType IN ("pipelineRun", "releaseWatch", "environment") AND ExecutionStatus = "Running"';

export interface Search {
  server: Server;
  now: number;
  /** The notices that adapters keep. */
  notices: { kept: KeptNotice[]; told: Record<string, string> };
}

/** The problems found by describing workflows. */
export interface Inspected {
  stuck: Stuck[];
  failing: Failing[];
  untold: UnsentNotices[];
  unseen: string[];
}

/**
 * Describes only workflows that look suspicious in visibility. Healthy ones, parked for weeks by the thousand, cost only
 * their line in a listing.
 */
export async function candidates(search: Search): Promise<Inspected> {
  const { server, now, notices } = search;
  const [reported, waiting, parked] = await Promise.all([
    troubled(server),
    all(server.list(`${LIVE} AND GatehouseWaitingOn IN ("checks", "agent", "environment", "forge")`)),
    all(server.list(`${LIVE} AND GatehouseWaitingOn = "person" AND GatehouseStatus = "parked"`)),
  ]);
  const long = waiting.filter((each) => before(each.waitingSince, now - WAIT_MS));
  const silent = parked.filter(
    ({ workflowId, waitingSince }) =>
      before(waitingSince, now - NOTICE_MS) && !((notices.told[workflowId] ?? '') >= waitingSince!),
  );
  const unseen = [...reported.unseen, ...cut('long waits', long), ...cut('parked runs', silent)];
  const closer = new Map(
    [...reported.seen, ...long.slice(0, MOST), ...silent.slice(0, MOST)].map((e) => [e.workflowId, e]),
  );
  const ids = [...closer.keys()];
  const described = (await concurrently(ids, (id) => server.describe(id))).filter(
    (each): each is Described => each?.status === 'RUNNING',
  );
  const asked = new Set(silent.map(({ workflowId }) => workflowId));
  const untold = await concurrently(
    described.filter(({ workflowId }) => asked.has(workflowId)),
    (each) => unsentOf(search, each, closer.get(each.workflowId)!.waitingSince!),
  );
  return {
    stuck: (await concurrently(described, (each) => stuckOf(server, each))).flat(),
    failing: described.flatMap(failingOf),
    untold: [...keptLong(notices.kept, now), ...untold.flat()],
    unseen,
  };
}

/**
 * Servers from 1.31 on list the workflows with failing workflow tasks. With older servers, every running workflow is
 * described.
 */
async function troubled(server: Server): Promise<{ seen: Seen[]; unseen: string[] }> {
  try {
    return { seen: await all(server.list(`${LIVE} AND TemporalReportedProblems IS NOT NULL`)), unseen: [] };
  } catch (failure) {
    if (!isUnknownAttribute(failure)) throw failure;
    const live = await all(server.list(LIVE));
    return { seen: live.slice(0, MOST), unseen: cut('workflows (their server does not report failing tasks)', live) };
  }
}

/** gRPC's INVALID_ARGUMENT, which the client wraps: the server does not understand a query. */
const isUnknownAttribute = (failure: unknown): boolean =>
  [failure, (failure as Error).cause].some((each) => (each as { code?: unknown } | undefined)?.code === 3);

const cut = (what: string, found: unknown[]): string[] =>
  found.length > MOST ? [`${found.length - MOST} of ${found.length} ${what} were not inspected`] : [];

/**
 * The activities of a workflow that keep failing. A first attempt that runs is not a failure, and neither is one that was
 * lost with its worker.
 */
async function stuckOf(server: Server, { workflowId, taskAttempt = 0 }: Described): Promise<Stuck[]> {
  if (taskAttempt < 2) return [];
  const problem = await server.problem(workflowId);
  return problem ? [{ workflowId, attempt: taskAttempt, ...problem }] : [];
}

const failingOf = ({ workflowId, activities }: Described): Failing[] =>
  activities
    .filter(({ type, attempt, failure, failureType }) => {
      const reported = failure !== undefined && failureType !== NOT_YET;
      return reported && attempt >= ATTEMPTS && type !== 'notify';
    })
    .map(({ type, attempt, failure }) => ({ workflowId, activity: type, attempt, message: failure! }));

/**
 * The missing notices of a parked run. The run knows whether it has sent its notice, which may be stuck, or still be kept.
 */
async function unsentOf({ server, notices }: Search, run: Described, since: string): Promise<UnsentNotices[]> {
  const { workflowId } = run;
  const missing = (because: string): UnsentNotices[] => [{ is: 'missing', workflowId, since, because }];
  const telling = run.activities.find(({ type, failure }) => type === 'notify' && failure !== undefined);
  if (telling) return missing(`every attempt fails: ${telling.failure}`);
  if ((run.taskAttempt ?? 0) > 1 || notices.kept.some((each) => each.workflowId === workflowId)) return []; // reported elsewhere
  const { current, notices: reported } = await server.run(workflowId);
  const visit = current?.visit;
  if (visit === undefined || reported.some((notice) => notice.visit === visit)) return [];
  return missing(`it has no notice on record for ${visit}`);
}

/** Reports one line per adapter, because an adapter that is down keeps every notice. */
function keptLong(kept: KeptNotice[], now: number): UnsentNotices[] {
  const byAdapter = new Map<string, KeptNotice[]>();
  for (const each of kept.filter(({ at }) => before(at, now - NOTICE_MS))) {
    byAdapter.set(each.adapter, [...(byAdapter.get(each.adapter) ?? []), each]);
  }
  return [...byAdapter].map(([adapter, all]) => {
    const [since] = all.map(({ at }) => at).sort();
    const because = all.find((each) => each.because)?.because;
    return { is: 'kept', adapter, count: all.length, since: since!, ...(because && { because }) };
  });
}

const before = (time: string | undefined, then: number): boolean => time !== undefined && Date.parse(time) < then;

export async function all<T>(listed: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const each of listed) found.push(each);
  return found;
}
