import { hostedForge } from '../hosted/forge.ts';
import { RemoteWorkspace } from '../hosted/git/workspace.ts';
import type { OpenForge, Opening } from '../vendor.ts';
import { addressesOf } from './addresses.ts';
import { githubApi } from './api.ts';
import { accessOf, type variables } from './variables.ts';

/** Opens the configured GitHub. Throws an error with a line about the variable that is wrong. */
export async function openGithub(opening: Opening<typeof variables>): Promise<OpenForge> {
  const addresses = addressesOf(opening.variables.GATEHOUSE_GITHUB_API_URL);
  if (!addresses) throw new Error('GATEHOUSE_GITHUB_API_URL: expected the address of an API of GitHub');
  const api = githubApi({ addresses, by: accessOf(opening.variables) });
  return hostedForge({ api, opening, workspace: (remote) => new RemoteWorkspace(remote) });
}
