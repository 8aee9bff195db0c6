import type { Activities } from '../../contracts/activities.ts';
import { inert } from '../../contracts/text/titles.ts';

type Summaries = { [Name in keyof Activities]: (...question: Parameters<Activities[Name]>) => string };

const short = (commit: string | undefined) => commit?.slice(0, 8) ?? 'a branch to come';

/** What each activity does, as its row in the Web UI shows it: after the gate's kind, within 200 bytes. */
const summaries: Summaries = {
  readClosed: ({ runId }) => `reading what ${runId.slice(0, 40)} has settled`,
  examine: () => 'examining repository, base, settings and branch',
  runJob: ({ role, key }) => `${role} at work (${key.slice(key.lastIndexOf('/') + 1)})`,
  stopJob: ({ key }) => `stopping ${key.slice(key.lastIndexOf('/') + 1)}`,
  lookAtChange: ({ known }) => `checking the head, known as ${short(known)}`,
  changeMoved: ({ known }) => `watching the head ${short(known)}`,
  settledChecks: ({ known }) => `reading checks of ${short(known)}`,
  endChecks: () => 'ending checks',
  settledMergeability: ({ known }) => `whether ${short(known)} merges`,
  settledMergeResult: ({ head, baseHead }) => `reading checks of ${short(head)} merged into ${short(baseHead)}`,
  updateFromBase: ({ change }) => `merging ${change.base.slice(0, 60)} into the work branch`,
  commitFiles: ({ files }) => `committing ${Object.keys(files).length} files`,
  withinBudget: () => 'waiting for this month’s budget',
  agentAvailable: ({ role, key }) => `waiting for the agent of ${role} (${key.slice(key.lastIndexOf('/') + 1)})`,
  fileIssue: ({ title }) => `filing an issue: ${inert(title).slice(0, 100)}`,
  tellIssues: ({ issues }) => `commenting on ${issues.slice(0, 5).join(', ')}`,
  releaseSettled: ({ mergeCommit, until }) => `watching the release of ${short(mergeCommit)} until ${until}`,
  protectedPaths: ({ head }) => `protected paths touched by ${short(head)}`,
  merge: ({ head, change }) => `merging ${short(head)} into ${change.base.slice(0, 60)}`,
  environmentSettled: ({ generation }) => `waiting for environment ${generation}`,
  lookAtEnvironment: () => 'checking the environment',
  provisionEnvironment: ({ head }) => `building an environment of ${short(head)}`,
  probeEnvironment: () => 'checking why it is not up',
  environmentEnded: () => 'watching that the environment stays up',
  removeEnvironment: () => 'removing the environment, and checking that it is gone',
  holderClosed: ({ holder }) => `watching ${holder.workflowId.slice(0, 80)}`,
  notify: ({ notice }) => `sending the notice ${notice.type} (${notice.severity})`,
  keepText: () => 'storing a long output',
  loadText: () => 'reading a long output',
  noteRun: () => 'keeping the row of the run',
  cancelRun: () => 'cancelling the run',
  startDependents: ({ inputs }) => `starting ${inputs.length} dependents`,
  survey: () => 'looking for stuck runs and orphans',
  clearLeftover: ({ leftover }) => `clearing ${leftover.kind} ${leftover.key.slice(-120)}`,
  lostRuns: () => 'looking for runs that the server has lost',
  recoverRuns: ({ workflowIds }) => `starting ${workflowIds.length} runs anew`,
  readDiff: ({ change }) => `reading the diff of ${change.branch.slice(0, 80)}`,
  readLog: ({ key, offset }) => `reading the log of ${key.slice(-80)} from ${offset}`,
  retellNotices: ({ workflowIds }) => `sending notices of ${workflowIds.length} runs again`,
};

export const summaryOf = (kind: string, name: keyof Activities, question: unknown[]): string =>
  `${kind}: ${(summaries[name] as (...question: unknown[]) => string)(...question)}`.slice(0, 200);
