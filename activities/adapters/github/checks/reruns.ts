import type { HostedCheck, HostedRepository } from '../../hosted/api.ts';
import type { Calls } from '../calling/calls.ts';
import { permitted } from '../calling/calls.ts';
import { NEEDS } from '../calling/permissions.ts';

/**
 * Has red checks run again: the failed jobs of each run of GitHub Actions, and single check runs of other apps, which only
 * an App may request. Statuses cannot be run again. Returns the names of those that will.
 */
export async function rerun(
  calls: Calls,
  repository: HostedRepository,
  checks: readonly HostedCheck[],
): Promise<string[]> {
  const again: string[] = [];
  const byRun = new Map<number, string[]>();
  for (const { name, from } of checks) {
    if (from.kind !== 'run') continue;
    if (from.run !== undefined) byRun.set(from.run, [...(byRun.get(from.run) ?? []), name]);
    else if (calls.credentials.kind === 'app' && (await rerequested(calls, repository, from.id))) again.push(name);
  }
  for (const [run, names] of byRun) if (await failedJobsOf(calls, repository, run)) again.push(...names);
  return again;
}

/** A run that is under way, too old or held cannot be run again. */
async function failedJobsOf(calls: Calls, { owner, name: repo }: HostedRepository, run: number): Promise<boolean> {
  const about = { at: { owner, name: repo }, needs: NEEDS.rerun, expected: [403, 404, 409, 422] };
  const route = 'POST /repos/{owner}/{repo}/actions/runs/{run_id}/rerun-failed-jobs';
  const sent = await permitted(calls.send(route, { owner, repo, run_id: run }, about));
  return sent !== undefined && sent.status < 300;
}

async function rerequested(calls: Calls, { owner, name: repo }: HostedRepository, id: number): Promise<boolean> {
  const about = { at: { owner, name: repo }, needs: NEEDS.rerequest, expected: [403, 404, 422] };
  const route = 'POST /repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest';
  const sent = await permitted(calls.send(route, { owner, repo, check_run_id: id }, about));
  return sent !== undefined && sent.status < 300;
}
