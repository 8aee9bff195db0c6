import path from 'node:path';
import type { ChangeReport, RunOwner, MergeReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { ClaimedBranch } from '../../../inventory.ts';
import type { ChangeWish, Expected, Forge, ForgeExamined } from '../../../ports.ts';
import { CheckRuns, branchKey } from '../../checks/check-runs.ts';
import { commitTree, isAncestor, mergeTree } from '../../git/commits.ts';
import type { Repository } from '../../git/door.ts';
import { noteLfs } from '../../git/lfs.ts';
import { forgetResult, mergeResultOf } from '../../git/merging/merge-result.ts';
import { isIn, mergeOf, rememberingBroughtBy } from '../../git/merging/merged.ts';
import { branchReport, changedPaths, headsOf, mergeabilityIn, updateFromBase } from '../../git/publishing/branches.ts';
import { ChangeStore } from '../../git/publishing/change-store.ts';
import { diffOf } from '../../git/publishing/diffs.ts';
import { commitFiles } from '../../git/publishing/documents.ts';
import { Publishing } from '../../git/publishing/publishing.ts';
import { repositoriesOf, type Repositories } from '../../git/publishing/repositories.ts';
import { withPath } from '../../git/workspace.ts';
import { exclusivelyIn } from '../../processes/exclusive.ts';
import { Sights } from '../../processes/sights.ts';
import { settingsOf } from '../../settings/reading.ts';
import { isolationIn, type Local } from '../opening.ts';
import { BlockedByOwner } from '../repositories/blocked-by-owner.ts';
import { LocalWorkspace } from '../repositories/workspace.ts';
import { examineChange } from './examining.ts';

/**
 * Serves any git repository on disk as a forge. Branches and merges are real, pull requests are records of ours, and checks
 * are commands that we run.
 */
export const gitForge = (options: Local): Forge & { repositories: Repositories; close(): Promise<void> } =>
  new GitForge(options);

class GitForge implements Forge {
  readonly workshop;
  private readonly store;
  readonly publishing;
  readonly repositories;
  private readonly runs;
  private readonly ledger;
  private readonly parts;

  constructor({ root, ledger, state, ...options }: Local) {
    this.ledger = ledger;
    const exclusively = exclusivelyIn(root, state);
    this.workshop = new LocalWorkspace(root, exclusively, undefined, new Sights(root, state));
    this.store = new ChangeStore(state);
    this.publishing = new Publishing(this.workshop, this.store, ledger);
    this.parts = {
      workspace: this.workshop,
      store: this.store,
      publishing: this.publishing,
      broughtBy: rememberingBroughtBy(),
    };
    this.repositories = repositoriesOf(this.workshop, this.publishing, (change) => this.pullRequest(change));
    this.runs = new CheckRuns({
      root,
      isolation: isolationIn(options),
      workspace: this.workshop,
      exclusively,
      state,
      ledger,
    });
    void this.workshop.finishMoves();
  }

  examine = (wish: ChangeWish): Promise<ForgeExamined> => examineChange(this.parts, wish);

  async claim(...[change, holder, isLive]: Parameters<Forge['claim']>): ReturnType<Forge['claim']> {
    const { copy, head, baseHead } = await headsOf(this.workshop, change);
    const lfs = (await settingsOf(this.workshop, change)).git?.lfs === true;
    await noteLfs(
      copy,
      lfs ? path.join((await this.workshop.source(change.repository)).at.commonDir, 'lfs') : undefined,
    );
    const ahead = head !== undefined && !(await isAncestor(copy, head, baseHead)) ? head : undefined;
    return this.store.claim(await withPath(this.workshop, change), holder, { isLive, ahead });
  }

  async list(): Promise<ClaimedBranch[]> {
    const open = await this.runs.open();
    return (await this.store.all()).flatMap(({ repository, branch, holder }) =>
      holder && path.isAbsolute(repository)
        ? [{ repository, branch, holder, checks: open.get(branchKey(repository, branch)) ?? 0 }]
        : [],
    );
  }

  release = (change: { repository: string; branch: string }, holder: RunOwner) => this.store.release(change, holder);

  look = (change: Change, known?: string): Promise<ChangeReport> => branchReport(this.parts, change, known);

  async ensurePullRequest(change: Change, wish: { title: string; body: string }): Promise<number> {
    return this.store.pullRequest(await withPath(this.workshop, change), wish);
  }

  /** Pull requests are records of ours, without a page. */
  private async pullRequest(change: Change) {
    const { number, title } = await this.store.read(await withPath(this.workshop, change));
    return number === undefined ? undefined : { ...(title !== undefined && { title }) };
  }

  endChecks: Forge['endChecks'] = (change, except) => this.runs.endOthers(change, except);

  checks: Forge['checks'] = (change, head, limits) => this.runs.look(change, head, limits);

  rerunFailed: Forge['rerunFailed'] = (change, head, names) => this.runs.rerun(change, head, names);

  mergeability = async (change: Change): ReturnType<Forge['mergeability']> =>
    mergeabilityIn(change, await headsOf(this.workshop, change));

  updateFromBase = (change: Change): ReturnType<Forge['updateFromBase']> => updateFromBase(this.parts, change);

  commitFiles: Forge['commitFiles'] = (change, commit) =>
    commitFiles({ workspace: this.workshop, publishing: this.publishing }, change, commit);

  changedPaths = async (change: Change, head: string): Promise<string[]> =>
    changedPaths(await headsOf(this.workshop, change), head);

  diff: NonNullable<Forge['diff']> = (change, known) => diffOf(this.workshop, change, known);

  async mergeResult(change: Change, expected: Expected): ReturnType<Forge['mergeResult']> {
    const { copy, head, baseHead } = await headsOf(this.workshop, change);
    if (head !== expected.head || baseHead !== expected.baseHead) return { is: 'moved' };
    const message = await this.publishing.signed(change, expected.message);
    const commit = await mergeResultOf(copy, change, { ...expected, message });
    return commit === undefined ? { is: 'moved' } : { is: 'made', commit };
  }

  async merge(
    change: Change,
    { head, baseHead, message, commit: tested }: Expected & { commit?: string | undefined },
  ): Promise<MergeReport> {
    const { copy, head: now, baseHead: base } = await headsOf(this.workshop, change);
    if (await isIn(copy, head, base)) return this.merged(change, head, await mergeOf(copy, head, base), copy);
    const brought = now === head && (await this.parts.broughtBy(copy, head, base));
    if (brought) return this.merged(change, head, brought, copy);
    if (now !== head || base !== baseHead) return { is: 'moved', ...(now && { head: now }), baseHead: base };

    const merge = await mergeTree(copy, base, head);
    if (merge.is === 'conflicted') return { is: 'conflicted', files: merge.files };
    const commit =
      tested ?? (await commitTree(copy, merge.tree, [base, head], await this.publishing.signed(change, message)));
    try {
      const done = await this.workshop.move(change.repository, change.base, commit, base);
      if (!done) return { is: 'moved', head: now, baseHead: (await headsOf(this.workshop, change)).baseHead };
      this.ledger?.note({ effect: 'merged', key: `${change.repository} ${head}`, mergeCommit: commit });
    } catch (failure) {
      if (failure instanceof BlockedByOwner) return { is: 'refused', because: failure.message };
      throw failure;
    }
    return this.merged(change, head, commit, copy);
  }

  /** Records that the base contains the change, whoever merged it, and deletes the branch. */
  private async merged(change: Change, head: string, mergeCommit: string, copy: Repository): Promise<MergeReport> {
    const place = await withPath(this.workshop, change);
    await this.store.change(place, (record) => ({ ...record, state: 'merged', mergeCommit }));
    await this.workshop.remove(change.repository, change.branch, head);
    await forgetResult(copy, change);
    return { is: 'merged', mergeCommit, head };
  }

  close = () => this.runs.close();
}
