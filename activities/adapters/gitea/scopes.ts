import type { HostedRepository, Place } from '../hosted/api.ts';
import { at, type GiteaClient } from './client.ts';
import { Words } from './shapes.ts';

/**
 * What our token may do. Gitea's `permissions` tell what the account may, whatever the token's scopes are. A request without
 * its required fields finds the scopes out and changes nothing: it is refused by 403 for the scope, and else by 422.
 */
async function refusal(client: GiteaClient, method: string, where: string): Promise<string | undefined> {
  const options = method === 'POST' ? { body: {} } : {};
  const { status, body } = await client.ask(method, where, { ...options, expected: [403, 404, 422, 423] });
  if (status !== 403) return undefined;
  return Words.safeParse(body).data?.message ?? 'refused';
}

const ofScope = (words: string | undefined): boolean => words !== undefined && /scope/.test(words);

/** Whether our token has the scope to change repositories. A good one is asked about once. */
export async function mayWriteWithToken(client: GiteaClient, place: Place): Promise<boolean> {
  client.writes ||= !ofScope(await refusal(client, 'POST', `${at(place)}/pulls`));
  return client.writes;
}

const FEATURES: { scope: string; method: string; path: string; feature: string }[] = [
  { scope: 'write:repository', method: 'POST', path: '/pulls', feature: 'pull requests, statuses and merging' },
  { scope: 'write:issue', method: 'POST', path: '/issues/0/comments', feature: 'comments on pull requests' },
];

/** What we may not do in a repository, in sentences. */
export async function missingRights(client: GiteaClient, repository: HostedRepository): Promise<string[]> {
  const sentences: string[] = [];
  for (const { scope, method, path, feature } of FEATURES) {
    const words = await refusal(client, method, `${at(repository)}${path}`);
    if (ofScope(words)) sentences.push(`The token lacks the scope ${scope}, which ${feature} need${has(words)}.`);
  }
  const { status } = await client.ask('GET', '/user', { expected: [403] });
  if (status === 403) sentences.push('The token lacks the scope read:user, by which we know our own comments.');
  if (repository.archived) sentences.push('The repository is archived, so nothing can be pushed or merged.');
  else if (!repository.may.write && sentences.length === 0)
    sentences.push('Our account may not write to the repository: branches, statuses and merging need that.');
  if (repository.methods.length === 0)
    sentences.push('The repository has no pull requests, or allows no merge method.');
  if (!repository.may.administer)
    sentences.push(
      'Our account does not administer the repository: it cannot make webhooks, nor read whether a branch must be up to date or signed.',
    );
  return sentences;
}

/** The scopes that the token has, if Gitea has said. */
const has = (words = '') => {
  const [, scopes] = /token scope=([\w:,-]+)/.exec(words) ?? [];
  return scopes === undefined ? '' : `; it has ${scopes}`;
};
