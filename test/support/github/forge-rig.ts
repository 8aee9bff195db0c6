import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { noConfiguration } from '../../../activities/adapters/configuration/configuration.ts';
import { fetchFrom } from '../../../activities/adapters/git/transfer.ts';
import { github } from '../../../activities/adapters/github/index.ts';
import { variables } from '../../../activities/adapters/github/variables.ts';
import { withoutIsolation } from '../../../activities/adapters/processes/isolation/isolation.ts';
import type { OpenForge } from '../../../activities/adapters/vendor.ts';
import type { ForgeRig } from '../../activities/adapters/forge-contract.ts';
import { removeFolder } from '../folders.ts';
import { program } from '../programs.ts';
import { stateIn } from '../state/databases.ts';
import type { StubRepository } from './repository.ts';
import { GithubStub } from './stub.ts';

/** Our forge over the stub of GitHub, as an App, with a repository of its own. */
export async function githubForgeRig(): Promise<
  ForgeRig & { open: OpenForge; stub: GithubStub; shop: StubRepository }
> {
  const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-forge-'));
  const [root, clone] = [path.join(home, 'data'), path.join(home, 'clone')];
  const stub = await GithubStub.start(path.join(home, 'git'));
  const settings = `checks:\n  good: 'echo begun >> ${home}/begun; test ! -e bad.txt'\nagents: { default: node agent.mjs }\n`;
  const shop = await stub.repository('acme/shop', { 'a.txt': 'a', '.gatehouse.yml': settings });
  const app = stub.app(PERMISSIONS, [shop]);
  const given = {
    GATEHOUSE_GITHUB_API_URL: stub.api,
    GATEHOUSE_GITHUB_APP_ID: String(app.id),
    GATEHOUSE_GITHUB_APP_KEY: app.key,
  };
  const open = await github.forge!.open({
    root,
    environment: process.env,
    isolation: withoutIsolation(process.env),
    configuration: () => noConfiguration,
    variables: z.object(variables).parse(given),
    log: () => undefined,
    state: stateIn(root),
  });
  const repository = `${stub.pages}/acme/shop`;
  const git = async (...args: string[]) => (await program('git', args, { cwd: clone })).stdout.trim();

  return {
    open,
    stub,
    shop,
    forge: open.forge,
    repository,
    branchOnly: true,
    commit: (branch, files) => shop.commit(branch, files),
    async commitOurs(change, files) {
      const before = await shop.headOf(change.branch);
      await removeFolder(clone);
      await program('git', ['clone', '--quiet', shop.folder, clone]);
      await git('checkout', '--quiet', '-B', change.branch, before ? `origin/${change.branch}` : 'origin/main');
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(clone, name), text);
      await git('add', '--all');
      const as = ['-c', 'user.name=gatehouse', '-c', 'user.email=gatehouse@shop.example', '-c', 'commit.gpgsign=false'];
      await git(...as, 'commit', '--quiet', '-m', 'ours');
      const commit = await git('rev-parse', 'HEAD');
      await fetchFrom({ gitDir: await open.repositories.fetch(repository) }, clone, [commit]);
      const end = await open.repositories.publish(change, commit, before);
      if (end.is !== 'published') throw new Error(end.because);
      return end.head;
    },
    headOf: (branch) => shop.headOf(branch),
    isAncestor: (older, newer) => shop.isAncestor(older, newer),
    async deleteBranch(branch) {
      await shop.git('update-ref', '-d', `refs/heads/${branch}`);
    },
    checksBegun: async () => (await readFile(path.join(home, 'begun'), 'utf8').catch(() => '')).split('\n').length - 1,
    async dispose() {
      await open.forge.close!();
      await stub.close();
      await removeFolder(home);
      if (stub.breaches.length > 0) throw new Error(stub.breaches.join('\n'));
    },
  };
}

const PERMISSIONS = {
  contents: 'write',
  pull_requests: 'write',
  checks: 'read',
  statuses: 'write',
  actions: 'write',
  issues: 'write',
  workflows: 'write',
};
