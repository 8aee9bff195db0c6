import type { CheckRunRow, JobRow, RunRow, StubRepository } from './repository.ts';
import type { GithubStub } from './stub.ts';

/** The App of GitHub Actions. */
export const ACTIONS = { id: 15_368, slug: 'github-actions' };

export interface JobWish {
  name: string;
  /** Absent: it has not ended. */
  conclusion?: string;
  steps?: JobRow['steps'];
  log?: string;
  annotations?: CheckRunRow['annotations'];
}
export interface RunWish {
  workflow?: number;
  name?: string;
  event?: string;
  jobs?: JobWish[];
  status?: string;
  conclusion?: string | null;
}

/** A run of GitHub Actions, with a check run for each of its jobs. */
export function workflowRun(stub: GithubStub, repository: StubRepository, sha: string, wish: RunWish): RunRow {
  const { workflow = 1, name = 'CI', event = 'pull_request', jobs = [] } = wish;
  const open = jobs.some(({ conclusion }) => conclusion === undefined);
  const bad = jobs.some(({ conclusion }) => conclusion !== 'success');
  const run: RunRow = {
    id: stub.id(),
    sha,
    workflow,
    name,
    event,
    status: wish.status ?? (open ? 'in_progress' : 'completed'),
    conclusion: wish.conclusion ?? (open || wish.status ? null : bad ? 'failure' : 'success'),
    attempt: 1,
    suite: stub.id(),
    jobs: [],
  };
  repository.runs.push(run);
  addJobs(stub, repository, run, jobs);
  return run;
}

/** Jobs of the run's present attempt. */
export function addJobs(stub: GithubStub, repository: StubRepository, run: RunRow, jobs: JobWish[]): void {
  for (const { name, conclusion = null, steps = [], log = '', annotations = [] } of jobs) {
    const id = stub.id();
    const status = conclusion === null ? 'in_progress' : 'completed';
    run.jobs.push({ id, attempt: run.attempt, name, conclusion, status, steps, log });
    const output = { title: null, summary: null, text: null };
    repository.checkRuns.push({
      id,
      sha: run.sha,
      name,
      status,
      conclusion,
      app: ACTIONS,
      suite: run.suite,
      output,
      annotations,
    });
  }
}

/** A check run of another App. */
export function checkRun(
  stub: GithubStub,
  repository: StubRepository,
  sha: string,
  wish: Pick<CheckRunRow, 'name'> & Partial<CheckRunRow>,
): CheckRunRow {
  const run: CheckRunRow = {
    id: stub.id(),
    sha,
    status: wish.conclusion === undefined ? 'in_progress' : 'completed',
    conclusion: null,
    app: { id: 77, slug: 'other-ci' },
    suite: 77,
    output: {},
    annotations: [],
    ...wish,
  };
  repository.checkRuns.push(run);
  return run;
}
