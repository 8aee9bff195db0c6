import type { Job } from '../../../../workflows/contracts/activities.ts';

/** What is known of a change when its job begins: the base's commit, and the pull request's page and title. */
export interface ShownChange {
  baseHead?: string | undefined;
  url?: string | undefined;
  title?: string | undefined;
}

/** A job as its agent reads it, with only the fields that CONFIGURATION.md names. */
export function shownJob(job: Job, known: ShownChange = {}) {
  const { key, role, task, change, brief, priorOutputs, resolvedDecision, revision, environment } = job;
  const { basis, fork, ...shown } = change;
  void [basis, fork];
  const seen = { ...shown, ...known };
  return { key, role, task, change: seen, brief, priorOutputs, resolvedDecision, revision, environment };
}
