import type { Job } from '../../../../workflows/contracts/activities.ts';

/** A job as its agent reads it, with only the fields that CONFIGURATION.md names. */
export function shownJob({
  key,
  role,
  task,
  change,
  brief,
  priorOutputs,
  resolvedDecision,
  revision,
  environment,
}: Job) {
  const { basis, ...shown } = change;
  void basis;
  return { key, role, task, change: shown, brief, priorOutputs, resolvedDecision, revision, environment };
}
