import { withoutIsolation } from '../../../activities/adapters/processes/isolation/isolation.ts';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { noConfiguration } from '../../../activities/adapters/configuration/configuration.ts';
import { fetchFrom } from '../../../activities/adapters/git/transfer.ts';
import { gitea } from '../../../activities/adapters/gitea/index.ts';
import type { OpenForge } from '../../../activities/adapters/vendor.ts';
import type { ForgeRig } from '../../activities/adapters/forge-contract.ts';
import { removeFolder } from '../folders.ts';
import { stateIn } from '../state/databases.ts';
import { until } from '../until.ts';
import { apiOf, seen } from './api.ts';
import { GiteaRepository } from './repository.ts';
import type { GiteaServer } from './server.ts';

const BO = { name: 'Bo', email: 'bo@shop.example' };
let made = 0;

/** Our forge over a real Gitea, with a repository of its own. */
export async function giteaRig(server: GiteaServer): Promise<ForgeRig & { open: OpenForge; shop: GiteaRepository }> {
  const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-forge-'));
  const [root, clone] = [path.join(home, 'data'), path.join(home, 'clone')];
  const settings = `checks:\n  good: 'echo begun >> ${home}/begun; test ! -e bad.txt'\nagents: { default: node agent.mjs }\n`;
  const files = { 'a.txt': 'a', '.gatehouse.yml': settings };
  const shop = await GiteaRepository.create(server, 'ana', `shop-${++made}`, { files });
  const bot = await shop.collaborator('gatehouse', 'write');
  const variables = { GATEHOUSE_GITEA_URL: server.address, GATEHOUSE_GITEA_TOKEN: bot.token };
  const open = await gitea.forge!.open({
    root,
    environment: process.env,
    isolation: withoutIsolation(process.env),
    configuration: () => noConfiguration,
    variables,
    log: () => undefined,
    state: stateIn(root),
  });
  const repository = shop.address;
  const exists = async (branch: string) =>
    (await server.call('GET', `${shop.path}/branches/${branch}`)).body?.commit?.id as string | undefined;
  const git = (...args: string[]) => shop.git(clone, args, bot);
  const committed = (branch: string) => until(`${branch} to be known`, () => exists(branch));

  return {
    open,
    shop,
    forge: open.forge,
    repository,
    branchOnly: true,
    async commit(branch, changed) {
      const newBranch = (await exists(branch)) === undefined ? { branch: 'main', newBranch: branch } : { branch };
      const commit = await shop.commit({ ...newBranch, files: changed, author: BO });
      await committed(branch);
      return commit;
    },
    async commitOurs(change, changed) {
      const before = await exists(change.branch);
      await removeFolder(clone);
      await shop.git(home, ['clone', '--quiet', `${repository}.git`, clone], bot);
      await git('checkout', '--quiet', '-B', change.branch, before ? `origin/${change.branch}` : 'origin/main');
      for (const [name, text] of Object.entries(changed)) await writeFile(path.join(clone, name), text);
      await git('add', '--all');
      const as = ['-c', 'user.name=gatehouse', '-c', 'user.email=gatehouse@shop.example'];
      await git(...as, 'commit', '--quiet', '-m', 'ours');
      const commit = await git('rev-parse', 'HEAD');
      await fetchFrom({ gitDir: await open.repositories.fetch(repository) }, clone, [commit]);
      const end = await open.repositories.publish(change, commit, before);
      if (end.is !== 'published') throw new Error(end.because);
      await committed(change.branch);
      return end.head;
    },
    headOf: exists,
    async isAncestor(older, newer) {
      const found = await shop.do('GET', `/commits?sha=${older}&not=${newer}&limit=1`);
      return found.length === 0;
    },
    async deleteBranch(branch) {
      const api = apiOf(server, shop.owner);
      await api.deleteBranch(await seen(api, shop), branch);
    },
    checksBegun: async () => (await readFile(path.join(home, 'begun'), 'utf8').catch(() => '')).split('\n').length - 1,
    async dispose() {
      await open.forge.close!();
      await removeFolder(home);
    },
  };
}
