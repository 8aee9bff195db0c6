import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { withoutIsolation } from '../../../../activities/adapters/processes/isolation/isolation.ts';
import type { Isolation, Use } from '../../../../activities/adapters/processes/isolation/use.ts';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { noConfiguration, type Configuration } from '../../../../activities/adapters/configuration/configuration.ts';
import { ChangeStore } from '../../../../activities/adapters/git/publishing/change-store.ts';
import { hostedForge } from '../../../../activities/adapters/hosted/forge.ts';
import type { Times } from '../../../../activities/adapters/hosted/parts.ts';
import { fetchFrom } from '../../../../activities/adapters/git/transfer.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import { BareWorkspace } from '../../../support/bare-workspace.ts';
import { removeFolder } from '../../../support/folders.ts';
import { GitHttp } from '../../../support/git-http.ts';
import { InMemoryHostedApi } from '../../../support/in-memory/hosted-api.ts';
import { program } from '../../../support/programs.ts';
import { stateIn } from '../../../support/state/databases.ts';
import type { ForgeRig } from '../forge-contract.ts';

export interface HostedRig extends ForgeRig {
  api: InMemoryHostedApi;
  store: ChangeStore;
  /** The git server, if git reaches the forge over HTTP. */
  served?: GitHttp | undefined;
  /** The data folder. */
  root: string;
  /** What was started so far. */
  uses: Use[];
  /** The repository on disk. */
  bare: string;
  /** Examines the change, and gives its branch to a run. */
  claimed(over?: { branch?: string; pullRequest?: number }): Promise<Change>;
}

const SETTINGS = (home: string) => `checks:
  good: 'echo begun >> ${home}/begun; test ! -e bad.txt'
agents: { default: node agent.mjs }
`;

/** Waits in tests are short. */
const TIMES: Times = { credentialsMs: 200, pauseMs: 10, settleMs: 200, closedMs: 100 };

/**
 * A hosted forge with an API in memory, over a bare repository on disk. `settings`: its `.gatehouse.yml`, or null for none.
 * `wire`: git reaches it over HTTP.
 */
export async function hostedRig({
  settings,
  files = {},
  wire = false,
  configuration = () => noConfiguration,
}: {
  settings?: string | null;
  files?: Record<string, string>;
  wire?: boolean;
  configuration?: () => Configuration;
} = {}): Promise<HostedRig> {
  const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-hosted-'));
  const [clone, root] = ['clone', 'data'].map((name) => path.join(home, name)) as [string, string];
  const served = wire ? new GitHttp(path.join(home, 'served')) : undefined;
  const bare = served ? await served.create('acme', 'Shop') : path.join(home, 'shop.git');
  if (!served) await program('git', ['init', '--quiet', '--bare', '--initial-branch', 'main', bare]);
  const api = new InMemoryHostedApi(bare, await served?.listen());
  if (served) api.shown!.cloneUrl = `${api.address}/acme/Shop.git`;
  const state = stateIn(root);
  const log = () => undefined;
  const uses: Use[] = [];
  const none = withoutIsolation(process.env);
  const isolation: Isolation = { ...none, start: (use) => (uses.push(use), none.start(use)) };
  const opening = { root, isolation, state, log, configuration };
  const { forge, repositories } = hostedForge({
    api,
    opening,
    times: TIMES,
    ...(!served && { workspace: (remote) => new BareWorkspace(remote) }),
  });
  const repository = api.shown!.canonical;
  const at = async (...args: string[]) => (await program('git', args, { cwd: clone })).stdout;

  async function made(branch: string, changed: Record<string, string>, who: string): Promise<string> {
    await rm(clone, { recursive: true, force: true });
    await program('git', ['clone', '--quiet', bare, clone]);
    const there = await api.git.headOf(branch);
    const start = there ? `origin/${branch}` : (await api.git.headOf('main')) ? 'origin/main' : undefined;
    await at('checkout', '--quiet', ...(start ? ['-B', branch, start] : ['--orphan', branch]));
    for (const [name, text] of Object.entries(changed)) {
      await program('mkdir', ['-p', path.dirname(path.join(clone, name))]);
      await writeFile(path.join(clone, name), text);
    }
    await at('add', '--all');
    const email = `${who.toLowerCase()}@shop.example`;
    await at('-c', `user.name=${who}`, '-c', `user.email=${email}`, 'commit', '--quiet', '-m', 'a commit');
    return at('rev-parse', 'HEAD');
  }

  const rig: HostedRig = {
    forge,
    api,
    repository,
    served,
    bare,
    uses,
    root,
    branchOnly: true,
    store: new ChangeStore(state),
    headOf: (branch) => api.git.headOf(branch),
    async commit(branch, changed) {
      const commit = await made(branch, changed, 'Bo');
      await at('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
      return commit;
    },
    async commitOurs(change, changed) {
      const before = await api.git.headOf(change.branch);
      const commit = await made(change.branch, changed, 'gatehouse');
      await fetchFrom({ gitDir: await repositories.fetch(repository) }, clone, [commit]);
      const end = await repositories.publish(change, commit, before);
      if (end.is !== 'published') throw new Error(end.because);
      return end.head;
    },
    isAncestor: (older, newer) => api.git.isAncestor(older, newer),
    deleteBranch: async (branch) => void (await api.git.remove(branch)),
    checksBegun: async () => (await readFile(path.join(home, 'begun'), 'utf8').catch(() => '')).split('\n').length - 1,
    async claimed({ branch = 'work', pullRequest } = {}) {
      const found = await forge.examine({ repository, branch, branchGiven: false, pullRequest });
      if (found.is !== 'found') throw new Error(JSON.stringify(found));
      await forge.claim(found.change, { workflowId: 'run/default/PAY-1', runId: '1' }, async () => true);
      return found.change;
    },
    async dispose() {
      await forge.close!();
      await served?.close();
      await removeFolder(home);
    },
  };
  const own = settings === null ? {} : { '.gatehouse.yml': settings ?? SETTINGS(home) };
  await rig.commit('main', { 'a.txt': 'a', ...own, ...files });
  return rig;
}
