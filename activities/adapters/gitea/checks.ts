import { z } from 'zod';
import type { HostedCheck, HostedRepository, OurStatus } from '../hosted/api.ts';
import { ForgeUnavailable, NotThere } from '../hosted/failures.ts';
import { jobIn, logOfJob } from './actions.ts';
import { at, type GiteaClient } from './client.ts';
import { Status } from './shapes.ts';

const PER_PAGE = 50;
const Combined = z.object({ statuses: z.array(Status).nullish() });
/** Actions report a cancelled job as a failure with this description. */
const CANCELLED = 'Has been cancelled';
const MOST_DESCRIPTION = 140;

/** The latest status of each context, except ours. Gitea has no check runs: its Actions report statuses. */
export async function checks(client: GiteaClient, repository: HostedRepository, head: string): Promise<HostedCheck[]> {
  const all: HostedCheck[] = [];
  let seen = 0;
  for (let page = 1; ; page++) {
    const where = `${at(repository)}/commits/${head}/status?limit=${PER_PAGE}&page=${page}`;
    const { headers, body } = await client.ask('GET', where);
    const statuses = client.transport.fitting(Combined, body, 'GET status').statuses ?? [];
    seen += statuses.length;
    all.push(...statuses.filter(({ context }) => !isOurs(context)).map((status) => checkOf(client.address, status)));
    const more = seen < Number(headers.get('x-total-count') ?? 0) || (headers.get('link') ?? '').includes('rel="next"');
    if (statuses.length === 0 || !more) return all;
  }
}

const isOurs = (context: string) => context === 'gatehouse' || context.startsWith('gatehouse/');

function checkOf(address: string, { id, status, context, target_url: url, description }: Status): HostedCheck {
  const target = url ? new URL(url, `${address}/`).href : undefined;
  const job = target?.startsWith(`${address}/`) ? jobIn(target) : undefined;
  const cancelled = status === 'failure' && job !== undefined && description === CANCELLED;
  return {
    name: context,
    state: cancelled ? 'again' : stateOf(status),
    conclusion: cancelled ? 'cancelled' : status,
    ...(description && { summary: description }),
    ...(target !== undefined && { url: target }),
    from: { kind: 'status', id, ...job },
    ...(status === 'warning' && { redIfRequired: true }),
  };
}

function stateOf(status: string): HostedCheck['state'] {
  switch (status) {
    case 'success':
    case 'skipped':
    case 'warning':
      return 'green';
    case 'failure':
    case 'error':
      return 'red';
    default:
      return 'pending';
  }
}

/** The end of the job's log; for other statuses their description, which is all that Gitea keeps. */
export const logOf = async (
  client: GiteaClient,
  repository: HostedRepository,
  check: HostedCheck,
): Promise<string | undefined> => (await logOfJob(client, repository, check)) ?? check.summary;

export async function setStatus(
  client: GiteaClient,
  repository: HostedRepository,
  head: string,
  { context, state, description, url }: OurStatus,
): Promise<void> {
  const body = {
    context,
    state,
    description: description.slice(0, MOST_DESCRIPTION),
    ...(url !== undefined && { target_url: url }),
  };
  try {
    await client.ask('POST', `${at(repository)}/statuses/${head}`, { body });
  } catch (failure) {
    if (!(failure instanceof ForgeUnavailable)) throw failure;
    // Gitea answers 500 for a commit that it does not have.
    const { status } = await client.ask('GET', `${at(repository)}/git/commits/${head}`, { expected: [404, 422] });
    if (status < 300) throw failure;
    throw new NotThere(`${repository.canonical} has no commit ${head}`, { cause: failure });
  }
}
