import type { Activities } from '../../contracts/activities.ts';
import { inert } from '../../contracts/titles.ts';

type Words = { [Name in keyof Activities]: (...question: Parameters<Activities[Name]>) => string };

const short = (commit: string | undefined) => commit?.slice(0, 8) ?? 'a branch to come';

/** What each activity is about, as a row of the Web UI says it: after the gate's kind, within 200 bytes. */
const words: Words = {
  readClosed: ({ runId }) => `reading what ${runId.slice(0, 40)} has settled`,
  examine: () => 'looking at repository, base, settings and branch',
  runJob: ({ role, key }) => `${role} at work (${key.slice(key.lastIndexOf('/') + 1)})`,
  stopJob: ({ key }) => `stopping ${key.slice(key.lastIndexOf('/') + 1)}`,
  lookAtChange: ({ known }) => `looking at the head, known as ${short(known)}`,
  changeMoved: ({ known }) => `watching the head ${short(known)}`,
  settledChecks: ({ known }) => `reading checks of ${short(known)}`,
  endChecks: () => 'ending checks that nobody waits for',
  settledMergeability: ({ known }) => `whether ${short(known)} merges`,
  settledMergeResult: ({ head, baseHead }) => `reading checks of ${short(head)} merged into ${short(baseHead)}`,
  updateFromBase: ({ change }) => `merging ${change.base.slice(0, 60)} in`,
  commitFiles: ({ files }) => `committing ${Object.keys(files).length} files`,
  withinBudget: () => 'waiting for this month’s budget',
  fileIssue: ({ title }) => `filing an issue: ${inert(title).slice(0, 100)}`,
  tellIssues: ({ issues }) => `commenting on ${issues.slice(0, 5).join(', ')}`,
  releaseSettled: ({ mergeCommit, until }) => `watching the release of ${short(mergeCommit)} until ${until}`,
  protectedPaths: ({ head }) => `protected paths touched by ${short(head)}`,
  merge: ({ head, change }) => `merging ${short(head)} into ${change.base.slice(0, 60)}`,
  environmentSettled: ({ generation }) => `waiting for environment ${generation}`,
  lookAtEnvironment: () => 'looking at the environment',
  provisionEnvironment: ({ head }) => `making an environment of ${short(head)}`,
  probeEnvironment: () => 'asking why it is not up',
  environmentEnded: () => 'watching that the environment stays up',
  removeEnvironment: () => 'taking the environment down, and checking that it is gone',
  holderClosed: ({ holder }) => `watching ${holder.workflowId.slice(0, 80)}`,
  notify: ({ notice }) => `sending the notice ${notice.type} (${notice.severity})`,
  keepText: () => 'keeping a long output',
  loadText: () => 'reading a long output',
  cancelRun: () => 'asking to be cancelled',
  startDependents: ({ inputs }) => `starting ${inputs.length} dependents`,
  survey: () => 'looking for stuck runs, and for what was left behind',
  clearLeftover: ({ leftover }) => `clearing away ${leftover.kind} ${leftover.key.slice(-120)}`,
  retellNotices: ({ workflowIds }) => `sending notices of ${workflowIds.length} runs again`,
};

export const summaryOf = (kind: string, name: keyof Activities, question: unknown[]): string =>
  `${kind}: ${(words[name] as (...question: unknown[]) => string)(...question)}`.slice(0, 200);
