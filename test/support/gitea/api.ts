import { giteaApi } from '../../../activities/adapters/gitea/api.ts';
import { GiteaClient } from '../../../activities/adapters/gitea/client.ts';
import type { HostedApi, HostedRepository } from '../../../activities/adapters/hosted/api.ts';
import { Secret } from '../../../activities/adapters/hosted/secrets.ts';
import type { GiteaRepository } from './repository.ts';
import type { GiteaServer } from './server.ts';

/** Our side of a Gitea, with an account's token. */
export const apiOf = (server: GiteaServer, { token }: { token: string }): HostedApi =>
  giteaApi(new GiteaClient(server.address, new Secret({ name: 'GATEHOUSE_GITEA_TOKEN', value: token })));

/** The repository as our side sees it. */
export async function seen(api: HostedApi, { owner, name }: GiteaRepository): Promise<HostedRepository> {
  const found = await api.repository({ owner: owner.login, name });
  if (!found) throw new Error(`${name} is not visible.`);
  return found;
}
