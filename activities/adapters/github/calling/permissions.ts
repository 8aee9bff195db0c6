/** Permissions of an App's token, in GitHub's words. */
export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

/** What each kind of call needs. A token of an App is narrowed to it. */
export const NEEDS = {
  metadata: { metadata: 'read' },
  contents: { contents: 'read' },
  push: { contents: 'write' },
  pushWorkflows: { contents: 'write', workflows: 'write' },
  protection: { administration: 'read' },
  pullRequests: { pull_requests: 'read' },
  writePullRequests: { pull_requests: 'write' },
  merge: { contents: 'write', pull_requests: 'write' },
  queue: { contents: 'write', pull_requests: 'write', merge_queues: 'write' },
  checks: { checks: 'read' },
  rerequest: { checks: 'write' },
  statuses: { statuses: 'read' },
  writeStatuses: { statuses: 'write' },
  actions: { actions: 'read' },
  rerun: { actions: 'write' },
  comments: { issues: 'read', pull_requests: 'read' },
  writeComments: { issues: 'write', pull_requests: 'write' },
  hooks: { repository_hooks: 'write' },
} as const satisfies Record<string, Permissions>;

/** What an App should have, and what does not work without it. */
export const WANTED: { permission: string; level: 'read' | 'write'; without: string }[] = [
  { permission: 'contents', level: 'write', without: 'nothing can be pushed or merged' },
  { permission: 'pull_requests', level: 'write', without: 'no pull request can be opened or merged' },
  { permission: 'checks', level: 'read', without: 'check runs are not seen' },
  { permission: 'statuses', level: 'write', without: 'commit statuses are neither seen nor set' },
  {
    permission: 'actions',
    level: 'write',
    without: 'runs of GitHub Actions are not seen, nor run again, nor their logs read',
  },
  { permission: 'issues', level: 'write', without: 'comments on pull requests are neither read nor answered' },
  { permission: 'workflows', level: 'write', without: 'changes of workflow files cannot be pushed' },
  { permission: 'administration', level: 'read', without: 'branch protection is read only in part' },
  { permission: 'repository_hooks', level: 'write', without: 'webhooks must be made by hand' },
];

/** Whether `have` is enough where `level` is wanted. */
export const suffices = (have: string | undefined, level: 'read' | 'write'): boolean =>
  have === 'write' || have === 'admin' || (have === 'read' && level === 'read');
