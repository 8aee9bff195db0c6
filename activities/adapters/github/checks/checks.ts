import type { HostedCheck, HostedRepository } from '../../hosted/api.ts';
import { permitted, type Calls } from '../calling/calls.ts';
import { NEEDS } from '../calling/permissions.ts';
import { CheckRun, Job, Status, WorkflowRun } from '../calling/schemas.ts';
import { greenOf, isActions, isHeld, isOurs, isUnfinished, PENDING_RUNS } from './rules.ts';

/** What is known of one commit. */
interface Found {
  checkRuns: CheckRun[];
  /** By check suite. */
  runs: Map<number, WorkflowRun>;
  /** The attempt of each job. A job has the id of its check run. */
  attempts: Map<number, number>;
}

/**
 * All check runs and commit statuses of a commit, except ours, with one entry for each check: the one that counts. `ours`: the
 * id of our App, whose check runs are none.
 */
export async function checksOf(
  calls: Calls,
  repository: HostedRepository,
  head: string,
  ours: number | undefined,
): Promise<HostedCheck[]> {
  const [checkRuns, statuses, runs] = await Promise.all([
    checkRunsOf(calls, repository, head),
    statusesOf(calls, repository, head),
    workflowRunsOf(calls, repository, head),
  ]);
  const others = checkRuns.filter(({ app }) => ours === undefined || app?.id !== ours);
  const bySuite = new Map(runs.flatMap((run) => (run.check_suite_id === undefined ? [] : [[run.check_suite_id, run]])));
  const attempts = await attemptsOf(calls, repository, runs);
  const found = { checkRuns: others, runs: bySuite, attempts };
  return [
    ...counting(found).map((each) => checkFrom(each, found)),
    ...withoutCheckRuns(runs, found),
    ...statuses.filter(({ context }) => !isOurs(context)).map(checkOfStatus),
  ];
}

/** The workflow runs of this head that wait until a person approves them. */
export async function heldRuns(
  calls: Calls,
  repository: HostedRepository,
  head: string,
): Promise<{ name: string; url: string }[]> {
  const runs = newest(await workflowRunsOf(calls, repository, head));
  return runs.filter(isHeld).map((run) => ({ name: nameOf(run), url: run.html_url }));
}

async function checkRunsOf(calls: Calls, { owner, name: repo }: HostedRepository, ref: string): Promise<CheckRun[]> {
  const about = { at: { owner, name: repo }, needs: NEEDS.checks, list: 'check_runs' };
  const route = 'GET /repos/{owner}/{repo}/commits/{ref}/check-runs';
  return (await calls.pages(CheckRun, route, { owner, repo, ref, filter: 'all' }, about)) ?? [];
}

/** The latest status of each context. */
async function statusesOf(calls: Calls, { owner, name: repo }: HostedRepository, ref: string): Promise<Status[]> {
  const about = { at: { owner, name: repo }, needs: NEEDS.statuses, list: 'statuses' };
  return (
    (await calls.pages(Status, 'GET /repos/{owner}/{repo}/commits/{ref}/status', { owner, repo, ref }, about)) ?? []
  );
}

/** The runs of GitHub Actions. Without a right to see them, check runs are told apart by their suites. */
async function workflowRunsOf(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  head: string,
): Promise<WorkflowRun[]> {
  const about = { at: { owner, name: repo }, needs: NEEDS.actions, expected: [403, 404], list: 'workflow_runs' };
  const asked = { owner, repo, head_sha: head };
  return (await permitted(calls.pages(WorkflowRun, 'GET /repos/{owner}/{repo}/actions/runs', asked, about))) ?? [];
}

export async function jobsOf(calls: Calls, { owner, name: repo }: HostedRepository, run: number): Promise<Job[]> {
  const about = { at: { owner, name: repo }, needs: NEEDS.actions, expected: [403, 404], list: 'jobs' };
  const asked = { owner, repo, run_id: run, filter: 'all' } as const;
  return (
    (await permitted(calls.pages(Job, 'GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', asked, about))) ?? []
  );
}

/** Only jobs of runs that ran again are of different attempts. */
async function attemptsOf(
  calls: Calls,
  repository: HostedRepository,
  runs: WorkflowRun[],
): Promise<Map<number, number>> {
  const attempts = new Map<number, number>();
  for (const { id } of runs.filter(({ run_attempt: attempt = 1 }) => attempt > 1)) {
    for (const job of await jobsOf(calls, repository, id)) attempts.set(job.id, job.run_attempt ?? 1);
  }
  return attempts;
}

/**
 * One check run for each check. Two of them are the same check only if app, workflow, event and name are the same. The one
 * with the highest attempt counts, then the one with the highest id: never the one that ended last.
 */
function counting({ checkRuns, runs, attempts }: Found): CheckRun[] {
  const counts = new Map<string, CheckRun>();
  for (const checkRun of checkRuns) {
    const { app, check_suite: suite, name } = checkRun;
    const run = suite ? runs.get(suite.id) : undefined;
    const origin = run ? [run.workflow_id, run.event] : isActions(app) ? [suite?.id] : [];
    const key = JSON.stringify([app?.id, ...origin, name]);
    const other = counts.get(key);
    if (!other || rank(checkRun) > rank(other) || (rank(checkRun) === rank(other) && checkRun.id > other.id)) {
      counts.set(key, checkRun);
    }
  }
  return [...counts.values()];

  function rank({ id }: CheckRun): number {
    return attempts.get(id) ?? 1;
  }
}

function checkFrom(checkRun: CheckRun, { runs, attempts }: Found): HostedCheck {
  const { id, name, app, check_suite: suite } = checkRun;
  const run = suite ? runs.get(suite.id) : undefined;
  const url = checkRun.html_url ?? checkRun.details_url ?? undefined;
  const job = isActions(app) ? jobIdOf(checkRun) : undefined;
  const attempt = attempts.get(id) ?? 1;
  const from = { kind: 'run' as const, id, app: app?.id, job, run: run?.id, attempt };
  if (checkRun.status !== 'completed') return { name, state: 'pending', conclusion: checkRun.status, url, from };
  const conclusion = checkRun.conclusion ?? 'null';
  const state = greenOf(conclusion);
  // A person approves it at GitHub: see `heldRuns`.
  if (run && conclusion === 'action_required') return { name, state: 'pending', conclusion, url, from };
  // It runs again, and its new check run is not there yet.
  const again = run && isUnfinished(run) && (run.run_attempt ?? 1) > attempt && state !== 'green';
  if (again) return { name, state: 'pending', conclusion: run.status ?? 'queued', url, from };
  return { name, state, conclusion, url, from };
}

/** Runs that have no check run to say how they are: those that could not start, and those that have a job to start yet. */
function withoutCheckRuns(runs: WorkflowRun[], { checkRuns }: Found): HostedCheck[] {
  return newest(runs).flatMap((run): HostedCheck[] => {
    const own = checkRuns.filter(({ check_suite: suite }) => suite?.id === run.check_suite_id);
    const from = { kind: 'run' as const, id: run.id, run: run.id, attempt: run.run_attempt ?? 1 };
    const of = { name: nameOf(run), url: run.html_url, from };
    const { status, conclusion } = run;
    if (PENDING_RUNS.includes(status ?? '') && own.every(({ status: each }) => each === 'completed')) {
      return [{ ...of, state: 'pending', conclusion: status ?? 'queued' }];
    }
    const ended = status === 'completed' && own.length === 0 && !isHeld(run);
    const state = greenOf(conclusion ?? 'null');
    return ended && state !== 'green' ? [{ ...of, state, conclusion: conclusion ?? 'null' }] : [];
  });
}

/** The newest run of each workflow and event. */
function newest(runs: WorkflowRun[]): WorkflowRun[] {
  const found = new Map<string, WorkflowRun>();
  for (const run of runs) {
    const key = `${run.workflow_id} ${run.event}`;
    if (run.id > (found.get(key)?.id ?? -1)) found.set(key, run);
  }
  return [...found.values()];
}

function checkOfStatus({
  id,
  context: name,
  state,
  description,
  target_url: url,
  avatar_url: avatar,
}: Status): HostedCheck {
  // The picture of an App is at an address with its id. Nothing else of a status says which App has set it.
  const app = /\/in\/(\d+)(?:\?|$)/.exec(avatar ?? '')?.[1];
  const from = { kind: 'status' as const, id, app: app === undefined ? undefined : Number(app) };
  const counts = state === 'success' ? 'green' : state === 'failure' || state === 'error' ? 'red' : 'pending';
  return { name, state: counts, conclusion: state, summary: description || undefined, url: url || undefined, from };
}

/** The job of a check run of GitHub Actions, whose id is the same unless its address says another one. */
const jobIdOf = ({ id, details_url: details }: CheckRun): number =>
  Number(/\/job\/(\d+)/.exec(details ?? '')?.[1] ?? id);

const nameOf = ({ name, id }: WorkflowRun) => name || `workflow run ${id}`;
