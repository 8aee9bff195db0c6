import type { ChangeReport, MergeReport, RunOwner } from '../../../workflows/contracts/activities.ts';
import type { Change } from '../../../workflows/contracts/change.ts';
import type { ClaimedBranch } from '../../inventory.ts';
import type { ChangeWish, Forge, ForgeExamined } from '../../ports.ts';
import { branchKey, CheckRuns } from '../checks/check-runs.ts';
import { isAncestor } from '../git/commits.ts';
import { rememberingBroughtBy } from '../git/merging/merged.ts';
import { changedPaths, headsOf, mergeabilityIn, updateFromBase } from '../git/publishing/branches.ts';
import { ChangeStore } from '../git/publishing/change-store.ts';
import { diffOf } from '../git/publishing/diffs.ts';
import { commitFiles } from '../git/publishing/documents.ts';
import { keepBundlesIn } from '../git/publishing/kept-bundles.ts';
import { Publishing } from '../git/publishing/publishing.ts';
import { repositoriesOf } from '../git/publishing/repositories.ts';
import { exclusivelyIn } from '../processes/exclusive.ts';
import { settingsOf } from '../settings/reading.ts';
import type { OpenForge, Opening } from '../vendor.ts';
import type { HostedApi, HostedRepository } from './api.ts';
import { look, type SeenClosed } from './changes/looking.ts';
import { atForge, ensurePullRequest } from './changes/pull-requests.ts';
import { CheckLogs } from './checks/logs.ts';
import { OurStatuses } from './checks/our-statuses.ts';
import { readChecks } from './checks/reading.ts';
import { rerunFailed } from './checks/rerunning.ts';
import { examineChange } from './examining/examining.ts';
import { committerOf } from './git/identity.ts';
import { RemoteWorkspace, type Remote, type RemoteSource } from './git/workspace.ts';
import { Lookup } from './lookup.ts';
import { merge } from './merging/merging.ts';
import { WaitingMerges, type Wish } from './merging/waiting.ts';
import { named } from './names.ts';
import { Pace } from './pace.ts';
import { PullRequestRows } from './pull-request/rows.ts';
import { keyOf, TIMES, type HostedWorkspace, type Parts, type Times } from './parts.ts';

/** How the workspace of a forge is opened. Tests may have another one. */
export type OpenWorkspace = (remote: Remote) => HostedWorkspace;

export interface HostedOptions {
  api: HostedApi;
  opening: Pick<Opening, 'root' | 'isolation' | 'state' | 'log' | 'ledger' | 'configuration' | 'identity'>;
  workspace?: OpenWorkspace | undefined;
  times?: Partial<Times> | undefined;
}

/** Serves the repositories of a forge on another machine. Merges and pull requests are the forge's, branches are git's. */
export function hostedForge(options: HostedOptions): OpenForge {
  const forge = new HostedForge(options);
  const { address } = options.api;
  const serves = (repository: string) => named(repository, address).is !== 'other';
  const at = async (repository: string) => ({ api: options.api, repository: await forge.repository(repository) });
  return { forge, repositories: forge.repositories, serves, address, api: options.api, at };
}

type Own = Parts & { statuses: OurStatuses; logs: CheckLogs; seenClosed: SeenClosed; waiting: WaitingMerges };

class HostedForge implements Forge {
  readonly repositories;
  private readonly parts: Own;
  private readonly closing;
  private readonly pace;

  constructor({ api, opening, workspace: open = (remote) => new RemoteWorkspace(remote), times }: HostedOptions) {
    const { root, isolation, state, log, ledger, configuration, identity } = opening;
    const exclusively = exclusivelyIn(root, state);
    const store = new ChangeStore(state);
    const lookup = new Lookup(api, (before, now) => store.rename(before, now));
    const place = async ({ name }: RemoteSource) => lookup.repository(name);
    const workspace = open({
      root,
      exclusively,
      source: lookup.source,
      credentials: async (source, to) => api.credentials(await place(source), to),
      renew: async (source) => api.renew(await place(source)),
      identity: committerOf(api, identity),
      names: (name) => configuration().rulesOf(name).at !== undefined,
    });
    const publishing = new Publishing(workspace, store, ledger, keepBundlesIn(state, store));
    this.repositories = repositoriesOf(workspace, publishing, async (change) => {
      const { pullRequest } = await atForge(this.parts, change);
      return pullRequest && { title: pullRequest.title, url: pullRequest.url };
    });
    this.parts = {
      api,
      workspace,
      store,
      publishing,
      lookup,
      pullRequestRows: new PullRequestRows(state),
      ledger,
      log,
      runs: new CheckRuns({ root, isolation, workspace, exclusively, state, ledger }),
      broughtBy: rememberingBroughtBy(),
      statuses: new OurStatuses(api, log),
      logs: new CheckLogs(api, configuration),
      seenClosed: new Map(),
      waiting: new WaitingMerges(),
      times: { ...TIMES, ...times },
    };
    this.closing = [this.parts.runs, workspace, api];
    this.pace = new Pace({ api, state, waiting: async () => (await this.list()).length });
  }

  /** A repository as the forge spells it. */
  repository = (name: string): Promise<HostedRepository> => this.parts.lookup.repository(name);

  examine = (wish: ChangeWish): Promise<ForgeExamined> => examineChange(this.parts, wish);

  async claim(...[change, holder, isLive]: Parameters<Forge['claim']>): ReturnType<Forge['claim']> {
    const { workspace } = this.parts;
    const { copy, head, baseHead } = await headsOf(workspace, change);
    await workspace.adopt?.(change.repository, (await settingsOf(workspace, change)).git ?? {});
    const ahead = head !== undefined && !(await isAncestor(copy, head, baseHead)) ? head : undefined;
    const options = { isLive, ahead, number: change.pullRequest ?? 'none' } as const;
    return this.parts.store.claim(await keyOf(this.parts, change), holder, options);
  }

  async list(): Promise<ClaimedBranch[]> {
    const open = await this.parts.runs.open();
    return (await this.parts.store.all()).flatMap(({ repository, branch, holder }) =>
      holder && repository.startsWith(`${this.parts.api.address}/`)
        ? [{ repository, branch, holder, checks: open.get(branchKey(repository, branch)) ?? 0 }]
        : [],
    );
  }

  release = (change: { repository: string; branch: string }, holder: RunOwner): Promise<void> =>
    this.parts.store.release(change, holder);

  pollEvery = ({ repository }: Pick<Change, 'repository'>, wishedMs: number): Promise<number> =>
    this.pace.every(repository, wishedMs);

  look = (change: Change, known?: string): Promise<ChangeReport> => look(this.parts, change, known);

  ensurePullRequest: Forge['ensurePullRequest'] = (change, words) => ensurePullRequest(this.parts, change, words);

  checks: Forge['checks'] = (change, head, limits) => readChecks(this.parts, change, head, limits);

  rerunFailed: Forge['rerunFailed'] = (change, head, names) => rerunFailed(this.parts, change, { head, names });

  endChecks: Forge['endChecks'] = (change, except) => this.parts.runs.endOthers(change, except);

  async mergeability(before: Change): ReturnType<Forge['mergeability']> {
    const { change } = await atForge(this.parts, before);
    return mergeabilityIn(change, await headsOf(this.parts.workspace, change));
  }

  updateFromBase = async (change: Change): ReturnType<Forge['updateFromBase']> =>
    updateFromBase(this.parts, (await atForge(this.parts, change)).change);

  commitFiles: Forge['commitFiles'] = async (change, commit) =>
    commitFiles(this.parts, (await atForge(this.parts, change)).change, commit);

  changedPaths = async (change: Change, head: string): Promise<string[]> =>
    changedPaths(await headsOf(this.parts.workspace, (await atForge(this.parts, change)).change), head);

  diff: NonNullable<Forge['diff']> = async (change, known) =>
    diffOf(this.parts.workspace, (await atForge(this.parts, { ...change, basis: '' })).change, known);

  /** Only the forge moves the base, and its checks run on branches. So the run merges the base into the work branch. */
  async mergeResult(
    change: Change,
    { head, baseHead }: { head: string; baseHead: string },
  ): ReturnType<Forge['mergeResult']> {
    const now = await this.mergeability(change);
    const same = now.is === 'mergeable' && now.head === head && now.baseHead === baseHead;
    return { is: same ? 'branch-only' : 'moved' };
  }

  merge = (change: Change, wish: Wish): Promise<MergeReport> => merge(this.parts, change, wish);

  async close(): Promise<void> {
    const ends = await Promise.allSettled(this.closing.map(async (each) => each.close?.()));
    const left = ends.flatMap((end) => (end.status === 'rejected' ? [(end.reason as Error).message] : []));
    if (left.length > 0) throw new Error(left.join('\n'));
  }
}
