import { z } from 'zod';
import type { HostedCheck, HostedRepository } from '../hosted/api.ts';
import { at, type GiteaClient } from './client.ts';
import { pullRequest } from './pull-requests.ts';
import { Job, Run } from './shapes.ts';

const Runs = z.object({ workflow_runs: z.array(Run).nullish() });
const Jobs = z.object({ jobs: z.array(Job).nullish() });
/** The end of a log that is handed on, in characters. */
const LOG = 12_000;
/** What servers answer that do not know a call, or refuse it for now. */
const CANNOT = [400, 403, 404, 405, 409, 422];

/** The run and the job in the address of a status that Actions reported: `/ana/shop/actions/runs/7/jobs/9`. */
export function jobIn(address: string): { run: number; job: number } | undefined {
  const [, run, job] = /\/actions\/runs\/(\d+)\/jobs\/(\d+)(?:\/|$)/.exec(address) ?? [];
  return run === undefined ? undefined : { run: Number(run), job: Number(job) };
}

/**
 * The end of a job's log. A status says which job it is about; earlier versions than 1.26 and Forgejo put other numbers there,
 * so that the job is believed only if it has the check's name.
 */
export async function logOfJob(
  client: GiteaClient,
  repository: HostedRepository,
  { name, from: { job } }: HostedCheck,
): Promise<string | undefined> {
  if (job === undefined) return undefined;
  const where = `${at(repository)}/actions/jobs/${job}`;
  const { status, body } = await client.ask('GET', where, { expected: CANNOT });
  if (status !== 200 || !isCalled(name, client.transport.fitting(Job, body, `GET ${where}`))) return undefined;
  const log = await client.ask('GET', `${where}/logs`, { expected: CANNOT, read: 'text' });
  const text = log.status === 200 ? String(log.body ?? '') : '';
  return text.trim() === '' ? undefined : text.slice(-LOG);
}

/** Statuses of Actions are called `<workflow> / <job> (<event>)`. */
const isCalled = (name: string, job: Job): boolean => name.includes(`/ ${job.name} (`) || name === job.name;

/**
 * Has red jobs run again. All red jobs of a run can be, or a single one; more than one call for a run is refused, because
 * the first has it run. Only statuses of Actions can be run again at all.
 */
export async function rerun(
  client: GiteaClient,
  repository: HostedRepository,
  checks: readonly HostedCheck[],
): Promise<string[]> {
  const runs = new Map<number, HostedCheck[]>();
  for (const check of checks) {
    const { run } = check.from;
    if (run !== undefined) runs.set(run, [...(runs.get(run) ?? []), check]);
  }
  const names: string[] = [];
  for (const [run, wanted] of runs) {
    const { status, body } = await client.ask('GET', `${at(repository)}/actions/runs/${run}/jobs`, {
      expected: CANNOT,
    });
    if (status !== 200) continue;
    const jobs = client.transport.fitting(Jobs, body, 'GET jobs').jobs ?? [];
    // Whatever else has the number of this run is not ours to start.
    const found = wanted.filter((check) => jobs.some((job) => job.id === check.from.job && isCalled(check.name, job)));
    const [only] = found;
    if (!only) continue;
    const alone = found.length === 1 ? `jobs/${only.from.job}/rerun` : 'rerun-failed-jobs';
    const answer = await client.ask('POST', `${at(repository)}/actions/runs/${run}/${alone}`, { expected: CANNOT });
    if (answer.status < 300) names.push(...found.map(({ name }) => name));
  }
  return names;
}

/**
 * Runs that wait for a person's approval. Gitea demands it for pull requests of forks only, and shows such a run as waiting,
 * which it also calls runs that wait for another one.
 */
export async function heldRuns(
  client: GiteaClient,
  repository: HostedRepository,
  head: string,
): Promise<{ name: string; url: string }[]> {
  const where = `${at(repository)}/actions/runs?head_sha=${encodeURIComponent(head)}`;
  const { status, body } = await client.ask('GET', where, { expected: CANNOT });
  if (status !== 200) return [];
  const runs = client.transport.fitting(Runs, body, `GET runs`).workflow_runs ?? [];
  const held: { name: string; url: string }[] = [];
  for (const run of runs) {
    const [, file = '', number] = /^(.*)@refs\/pull\/(\d+)\//.exec(run.path) ?? [];
    if (run.status !== 'waiting' || run.head_sha !== head || number === undefined) continue;
    const ofFork = (await pullRequest(client, repository, Number(number)))?.fork === true;
    if (ofFork) held.push({ name: file || run.display_title, url: run.html_url });
  }
  return held;
}
