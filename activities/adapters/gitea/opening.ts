import { hostedForge } from '../hosted/forge.ts';
import { RemoteWorkspace } from '../hosted/git/workspace.ts';
import { Secret } from '../hosted/secrets.ts';
import type { OpenForge, Opening } from '../vendor.ts';
import { giteaApi } from './api.ts';
import { GiteaClient } from './client.ts';
import type { variables } from './variables.ts';

/** Opens the configured forge. Throws if its token cannot be read. */
export async function openGitea(opening: Opening<typeof variables>): Promise<OpenForge> {
  const { GATEHOUSE_GITEA_URL: url = '', GATEHOUSE_GITEA_TOKEN: value } = opening.variables;
  const token = new Secret({
    name: 'GATEHOUSE_GITEA_TOKEN',
    value,
    file: opening.variables.GATEHOUSE_GITEA_TOKEN_FILE,
  });
  const api = giteaApi(new GiteaClient(url, token));
  const identity = async () => identityOf(opening.identity);
  return hostedForge({ api, opening, workspace: (remote) => new RemoteWorkspace({ ...remote, identity }) });
}

/** Who makes our commits, if that is configured. Accounts of Gitea are not known to be bots. */
const identityOf = ({ name, email }: Opening['identity'] & object = {}) =>
  name === undefined && email === undefined
    ? undefined
    : { name: name ?? 'gatehouse', email: email ?? 'gatehouse@localhost' };
