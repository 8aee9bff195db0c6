import { z } from 'zod';
import type { HostedRepository } from '../hosted/api.ts';
import { PermissionMissing, NotThere } from '../hosted/failures.ts';
import type { AppCredentials } from './calling/app-credentials.ts';
import type { About, Calls } from './calling/calls.ts';
import { NEEDS, suffices, WANTED, type Permissions } from './calling/permissions.ts';
import { appOf } from './repositories.ts';
import type { Parameters, Route } from './calling/sender.ts';
import { Hook } from './calling/schemas.ts';

/** What we may not do, in sentences. Nothing is changed to find it out. */
export async function missing(calls: Calls, repository: HostedRepository, app?: AppCredentials): Promise<string[]> {
  if (app) {
    const { name, permissions = {} } = await appOf(calls, app);
    return WANTED.flatMap(({ permission, level, without }) =>
      suffices(permissions[permission], level)
        ? []
        : [`The App ${name} lacks "${permission}: ${level}", so ${without}.`],
    );
  }
  const { owner, name: repo, may } = repository;
  const lacks = may.write ? [] : [`The account may not write to ${owner}/${repo}, so nothing can be pushed or merged.`];
  const at = { owner, repo };
  const ref = repository.defaultBranch;
  // Nobody can ask what a fine-grained token may do, but whether it may read.
  const reads = [
    probe('GET /repos/{owner}/{repo}/pulls', { ...at, per_page: 1 }, 'pull requests: read', NEEDS.pullRequests),
    probe(
      'GET /repos/{owner}/{repo}/commits/{ref}/check-runs',
      { ...at, ref, per_page: 1 },
      'checks: read',
      NEEDS.checks,
    ),
    probe(
      'GET /repos/{owner}/{repo}/commits/{ref}/status',
      { ...at, ref, per_page: 1 },
      'statuses: read',
      NEEDS.statuses,
    ),
    probe('GET /repos/{owner}/{repo}/actions/runs', { ...at, per_page: 1 }, 'actions: read', NEEDS.actions),
    probe('GET /repos/{owner}/{repo}/hooks', { ...at, per_page: 1 }, 'webhooks: read', NEEDS.hooks),
  ];
  const found = await Promise.all(reads.map((asking) => asking(calls, repository)));
  return [...lacks, ...found.flatMap((each) => each ?? [])];
}

/** Asks for something that an empty repository need not have. Returns the sentence for a refusal. */
const probe =
  <Of extends Route>(route: Of, parameters: Parameters<Of>, right: string, needs: Permissions) =>
  async (calls: Calls, { owner, name }: HostedRepository): Promise<string | undefined> => {
    const about: About = { at: { owner, name }, needs, expected: [409, 422] };
    try {
      await calls.send(route, parameters, about);
      return undefined;
    } catch (error) {
      if (!(error instanceof PermissionMissing || error instanceof NotThere)) throw error;
      return `The token lacks "${right}" for ${owner}/${name}.`;
    }
  };

/** The webhooks of the repository. A secret is never read back. */
export async function webhooks(calls: Calls, { owner, name: repo }: HostedRepository) {
  const about = { at: { owner, name: repo }, needs: NEEDS.hooks };
  const hooks = (await calls.pages(Hook, 'GET /repos/{owner}/{repo}/hooks', { owner, repo }, about)) ?? [];
  return hooks.map(({ id, active, events, config: { url = '' } }) => ({ id, url, events, active }));
}

export async function createWebhook(
  calls: Calls,
  { owner, name: repo }: HostedRepository,
  { url, secret, events }: { url: string; secret: string; events: string[] },
): Promise<void> {
  const config = { url, secret, content_type: 'json', insecure_ssl: '0' };
  const about = { at: { owner, name: repo }, needs: NEEDS.hooks, stay: true };
  await calls.send(
    'POST /repos/{owner}/{repo}/hooks',
    { owner, repo, name: 'web', active: true, events, config },
    about,
  );
}

const Limits = z.object({
  resources: z.object({ core: z.object({ limit: z.number(), remaining: z.number(), reset: z.number() }) }),
});

/** What is left of the rate limit. Asking does not count. Undefined: there is none. */
export async function limit(calls: Calls) {
  const about = { at: undefined, needs: NEEDS.metadata, expected: [404] };
  const limits = await calls.maybe(Limits, 'GET /rate_limit', {}, about);
  if (!limits) return undefined;
  const { limit: of, remaining: left, reset } = limits.resources.core;
  return { left, of, until: new Date(reset * 1_000).toISOString() };
}
