import { checkRunOf, combinedOf, jobOf, runOf } from '../answers.ts';
import type { CheckRunRow, RunRow, StubRepository } from '../repository.ts';
import { notFound, operation, page, Refusal } from '../routing.ts';
import { ACTIONS } from '../ci.ts';
import { statusOf } from '../answers.ts';

const runIn = (repository: StubRepository, id: string | undefined): RunRow => {
  const found = repository.runs.find((run) => String(run.id) === id);
  if (!found) throw notFound();
  return found;
};
const checkRunIn = (repository: StubRepository, id: string | undefined): CheckRunRow => {
  const found = repository.checkRuns.find((run) => String(run.id) === id);
  if (!found) throw notFound();
  return found;
};
const runOfCheck = (repository: StubRepository, { app, suite }: CheckRunRow) =>
  app.id === ACTIONS.id ? repository.runs.find((run) => run.suite === suite) : undefined;

/** GitHub's own word `latest`: of one name in one suite, the one that ended last. */
const latest = (runs: CheckRunRow[]) => [...new Map(runs.map((run) => [`${run.suite} ${run.name}`, run])).values()];

export const checks = [
  operation('GET /repos/{owner}/{repo}/commits/{ref}/check-runs', 'checks: read', (call) => {
    const { stub, repository, params, query } = call;
    const own = repository.checkRuns.filter(({ sha }) => sha === params['ref']);
    const all = query.get('filter') === 'all' ? own : latest(own);
    const { items, headers } = page(call, `/repos/${repository.fullName}/commits/${params['ref']}/check-runs`, all);
    const runs = items.map((run) => checkRunOf(stub, repository, run, runOfCheck(repository, run)));
    return { body: { total_count: all.length, check_runs: runs }, headers };
  }),
  operation('GET /repos/{owner}/{repo}/check-runs/{check_run_id}', 'checks: read', ({ stub, repository, params }) => {
    const run = checkRunIn(repository, params['check_run_id']);
    return { body: checkRunOf(stub, repository, run, runOfCheck(repository, run)) };
  }),
  operation(
    'GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations',
    'checks: read',
    ({ repository, params }) => ({
      body: checkRunIn(repository, params['check_run_id']).annotations.map(({ path, line, message }) => ({
        path,
        start_line: line,
        end_line: line,
        annotation_level: 'failure',
        message,
      })),
    }),
  ),
  operation(
    'POST /repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest',
    'checks: write',
    ({ repository, params, access }) => {
      const run = checkRunIn(repository, params['check_run_id']);
      if (access.kind !== 'installation') throw new Refusal(403, 'You must authenticate via a GitHub App.');
      Object.assign(run, { status: 'queued', conclusion: null });
      return { status: 201, body: {} };
    },
  ),
  operation('GET /repos/{owner}/{repo}/commits/{ref}/status', 'statuses: read', (call) => {
    const { repository, params } = call;
    const own = repository.statuses.filter(({ sha }) => sha === params['ref']);
    const all = [...new Map(own.map((each) => [each.context, each])).values()];
    const { items, headers } = page(call, `/repos/${repository.fullName}/commits/${params['ref']}/status`, all);
    return { body: combinedOf(repository, params['ref']!, items, all), headers };
  }),
  operation(
    'POST /repos/{owner}/{repo}/statuses/{sha}',
    'statuses: write',
    async ({ stub, repository, params, body, access }) => {
      const sha = params['sha']!;
      const known = await repository.git('cat-file', '-t', sha).catch(() => '');
      if (known !== 'commit') throw new Refusal(422, `No commit found for SHA: ${sha}`);
      const { context = 'default', state, description = null, target_url: url = null } = body;
      if (typeof description === 'string' && description.length > 140) throw new Refusal(422, 'Validation Failed');
      const status = { id: stub.id(), sha, context, state, description, url, by: access.account };
      repository.statuses.push(status);
      return { status: 201, body: { ...statusOf(status), creator: null } };
    },
  ),
  operation('GET /repos/{owner}/{repo}/actions/runs', 'actions: read', (call) => {
    const { stub, repository, query } = call;
    const head = query.get('head_sha');
    const all = repository.runs.filter(({ sha }) => head === null || sha === head);
    const { items, headers } = page(call, `/repos/${repository.fullName}/actions/runs`, all);
    return {
      body: { total_count: all.length, workflow_runs: items.map((run) => runOf(stub, repository, run)) },
      headers,
    };
  }),
  operation('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', 'actions: read', (call) => {
    const { repository, params, query } = call;
    const run = runIn(repository, params['run_id']);
    const jobs = query.get('filter') === 'all' ? run.jobs : run.jobs.filter(({ attempt }) => attempt === run.attempt);
    const { items, headers } = page(call, `/repos/${repository.fullName}/actions/runs/${run.id}/jobs`, jobs);
    return { body: { total_count: jobs.length, jobs: items.map((job) => jobOf(run, job)) }, headers };
  }),
  operation('GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs', 'actions: read', ({ stub, repository, params }) => {
    const id = params['job_id'];
    const found = repository.runs.some(({ jobs }) => jobs.some((job) => String(job.id) === id && job.log !== ''));
    if (!found) throw notFound();
    return { status: 302, headers: { location: `${stub.storageUrl}/logs/${id}.txt?signature=x` } };
  }),
  operation(
    'POST /repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs',
    'actions: write',
    ({ repository, params }) => {
      const run = runIn(repository, params['run_id']);
      if (run.status !== 'completed') throw new Refusal(403, 'This workflow is already running');
      if (run.conclusion === 'success')
        throw new Refusal(403, 'The workflow run cannot be retried: it has no failed jobs');
      Object.assign(run, { attempt: run.attempt + 1, status: 'queued', conclusion: null });
      return { status: 201, body: {} };
    },
  ),
];
