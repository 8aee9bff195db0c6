import type { HostedRepository } from '../hosted/api.ts';
import { at, type GiteaClient } from './client.ts';
import { Hook } from './shapes.ts';

/** Gitea's own names of events that others call otherwise, or that it has divided. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  pull_request: ['pull_request', 'pull_request_sync'],
  pull_request_review: ['pull_request_review_approved', 'pull_request_review_rejected', 'pull_request_review_comment'],
  pull_request_approved: ['pull_request_review_approved'],
  pull_request_rejected: ['pull_request_review_rejected'],
  issue_comment: ['issue_comment', 'pull_request_comment'],
  issues: ['issues', 'issue_label'],
};
/** The events that Gitea knows under the same name. Others do not happen there. */
const SAME = [
  'push',
  'status',
  'workflow_run',
  'workflow_job',
  'pull_request_sync',
  'pull_request_comment',
  'pull_request_review_approved',
  'pull_request_review_rejected',
  'pull_request_review_comment',
];

export async function webhooks(
  client: GiteaClient,
  repository: HostedRepository,
): Promise<{ id: number; url: string; events: string[]; active: boolean }[]> {
  const hooks = await client.all(Hook, `${at(repository)}/hooks`);
  return hooks.map(({ id, config, events, active }) => ({ id, url: config['url'] ?? '', events, active }));
}

export async function createWebhook(
  client: GiteaClient,
  repository: HostedRepository,
  { url, secret, events }: { url: string; secret: string; events: readonly string[] },
): Promise<void> {
  const body = {
    type: 'gitea',
    active: true,
    // Without it, a push to any branch but the default one might not be reported.
    branch_filter: '*',
    events: eventsOf(events),
    config: { url, secret, content_type: 'json' },
  };
  await client.ask('POST', `${at(repository)}/hooks`, { body });
}

/** The events in Gitea's own words. */
export const eventsOf = (events: readonly string[]): string[] => [
  ...new Set(events.flatMap((event) => NAMES[event] ?? (SAME.includes(event) ? [event] : []))),
];
