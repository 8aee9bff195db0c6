import { Context } from '@temporalio/activity';
import type { SurveyFacts, SurveyActivities } from '../workflows/contracts/survey.ts';
import type { Ports } from './ports.ts';
import { repairRows } from './rows/repairing.ts';
import { all, LIVE, candidates, type Search } from './survey/candidates.ts';
import { clear, retell } from './survey/clearing.ts';
import {
  orphanedBranches,
  unownedEnvironments,
  orphanedJobs,
  orphanedEnvironments,
  type Around,
} from './survey/orphans.ts';
import { RunStatuses } from './survey/run-statuses.ts';
import { serverOf, type Seen, type Server } from './survey/server.ts';
import { storageOf } from './survey/storage.ts';

type Needed = Pick<Ports, 'executor' | 'environments' | 'forge' | 'notifier' | 'rows' | 'storage'>;

const here = () => serverOf(Context.current().client);

export const surveyActivities = (ports: Needed, server: () => Server = here): SurveyActivities => ({
  survey: () => look(server(), ports),
  clearLeftover: ({ leftover }) => clear(server(), ports, leftover),
  retellNotices: ({ workflowIds }) => retell(server(), ports, workflowIds),
});

/** Makes one pass. A part that fails is reported as not checked, and does not stop the others. */
async function look(server: Server, ports: Needed): Promise<SurveyFacts> {
  const now = Date.now();
  const unseen: string[] = [];
  const part = async <T>(what: string, looking: Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await looking;
    } catch (failure) {
      unseen.push(`${what}: ${(failure as Error).message}`);
      return otherwise;
    }
  };
  const around = await collect(server, ports);
  const notices = await part('notices', ports.notifier.list(), { kept: [], told: {} });
  const search: Search = { server, now, notices };
  const [jobs, branches, environments, provided, , storage, looked] = await Promise.all([
    part('jobs', orphanedJobs(around, ports), []),
    part('branches', orphanedBranches(around, ports), []),
    part('environments', unownedEnvironments(around), []),
    part('provided environments', orphanedEnvironments(around, ports), []),
    part('rows', ports.rows ? repairRows(server, ports.rows) : Promise.resolve(0), 0),
    part('storage', ports.storage ? storageOf(ports.storage) : Promise.resolve(undefined), undefined),
    part('workflows', candidates(search), { stuck: [], failing: [], untold: [], unseen: [] }),
  ]);
  const leftovers = [...jobs, ...branches, ...environments, ...provided];
  return { at: new Date(now).toISOString(), ...looked, leftovers, storage, unseen: [...unseen, ...looked.unseen] };
}

/** Lists runs and environments by visibility, in pages of a thousand, without a call for each entry. */
async function collect(server: Server, { rows }: Pick<Needed, 'rows'>): Promise<Around> {
  const cutQuery = 'WorkflowType = "pipelineRun" AND ExecutionStatus IN ("Terminated", "TimedOut")';
  const [running, cut] = await Promise.all([all(server.list(LIVE)), all(server.list(cutQuery))]);
  const isLifecycle = ({ workflowId }: Seen) => workflowId.startsWith('env/');
  const live = byId(running.filter((each) => !isLifecycle(each)));
  return {
    server,
    statuses: new RunStatuses(server, live, rows),
    live,
    lifecycles: byId(running.filter(isLifecycle)),
    cut: new Set(cut.map(({ workflowId }) => workflowId)),
  };
}

const byId = (seen: Seen[]) => new Map(seen.map((each) => [each.workflowId, each]));
