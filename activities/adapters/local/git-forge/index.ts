import path from 'node:path';
import type { ChangeReport, RunOwner, MergeReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { ClaimedBranch } from '../../../inventory.ts';
import type { ChangeWish, Expected, Forge, ForgeExamined } from '../../../ports.ts';
import { CheckRuns, branchKey } from '../../checks/check-runs.ts';
import { commitId, commitTree, isAncestor, mergeTree } from '../../git/commits.ts';
import { git, type Repository } from '../../git/door.ts';
import { noteLfs } from '../../git/lfs.ts';
import { forgetResult, mergeResultOf } from '../../git/merging/merge-result.ts';
import { broughtBy, isIn, mergeOf } from '../../git/merging/merged.ts';
import { restoredBy } from '../../git/merging/rewritten.ts';
import { ChangeStore } from '../../git/publishing/change-store.ts';
import { commitFiles } from '../../git/publishing/documents.ts';
import { Publishing } from '../../git/publishing/publishing.ts';
import { repositoriesOf, type Repositories } from '../../git/publishing/repositories.ts';
import { withPath } from '../../git/workspace.ts';
import { exclusivelyIn } from '../../processes/exclusive.ts';
import { Sights } from '../../processes/sights.ts';
import { settingsOf } from '../../settings/reading.ts';
import type { Local } from '../opening.ts';
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
  private readonly brought = new Map<string, { base: string; by: string | undefined }>();

  constructor({ root, environment, ledger, state }: Local) {
    this.ledger = ledger;
    const exclusively = exclusivelyIn(root, state);
    this.workshop = new LocalWorkspace(root, exclusively, undefined, new Sights(root, state));
    this.store = new ChangeStore(state);
    this.publishing = new Publishing(this.workshop, this.store, ledger);
    this.repositories = repositoriesOf(this.workshop, this.publishing, (change) => this.pullRequest(change));
    this.runs = new CheckRuns({ root, environment, workspace: this.workshop, exclusively, state, ledger });
    void this.workshop.finishMoves();
  }

  examine = (wish: ChangeWish): Promise<ForgeExamined> =>
    examineChange({ workspace: this.workshop, store: this.store, publishing: this.publishing }, wish);

  async claim(...[change, holder, isLive]: Parameters<Forge['claim']>): ReturnType<Forge['claim']> {
    const place = await withPath(this.workshop, change);
    const { copy, head, baseHead } = await this.headsOf(change);
    const lfs = (await settingsOf(this.workshop, change)).git?.lfs === true;
    await noteLfs(
      copy,
      lfs ? path.join((await this.workshop.source(change.repository)).at.commonDir, 'lfs') : undefined,
    );
    const ahead = head !== undefined && !(await isAncestor(copy, head, baseHead)) ? head : undefined;
    const { holder: holding } = await this.store.change(place, async (record) => {
      const same = record.holder?.workflowId === holder.workflowId && record.holder.runId === holder.runId;
      if (same) return record;
      if (record.holder && (await isLive(record.holder))) return record;
      // The branch has a new owner, whom the end of the earlier change does not concern.
      const { number, mergeCommit, ahead: before, ...kept } = record;
      void [mergeCommit, before];
      const open = record.state === 'open' && number !== undefined;
      return { ...kept, ...(open && { number }), ...(ahead && { ahead }), base: change.base, state: 'open', holder };
    });
    const ours = holding?.workflowId === holder.workflowId && holding.runId === holder.runId;
    return ours ? { is: 'ours' } : { is: 'held', by: holding! };
  }

  async list(): Promise<ClaimedBranch[]> {
    const open = await this.runs.open();
    return (await this.store.all()).flatMap(({ repository, branch, holder }) =>
      holder ? [{ repository, branch, holder, checks: open.get(branchKey(repository, branch)) ?? 0 }] : [],
    );
  }

  release = (change: { repository: string; branch: string }, holder: RunOwner) => this.store.release(change, holder);

  async look(change: Change, known?: string): Promise<ChangeReport> {
    const { copy, head, baseHead } = await this.headsOf(change);
    const place = await withPath(this.workshop, change);
    const record = await this.store.read(place);
    const merged = (mergeCommit: string, at = known): ChangeReport => ({
      state: 'merged',
      ...(at && { head: at }),
      baseHead,
      mergeCommit,
      foreign: [],
    });
    if (record.state === 'merged') return merged(record.mergeCommit ?? baseHead);

    const isAhead = head !== undefined && !(await isAncestor(copy, head, baseHead));
    if (isAhead && record.ahead !== head) await this.store.change(place, (each) => ({ ...each, ahead: head }));
    // The last head that was ahead of the base counts: a branch may be reset, or gone.
    const last = isAhead ? head : record.ahead;
    if (last !== undefined && !isAhead && (await isIn(copy, last, baseHead))) {
      return merged(await mergeOf(copy, last, baseHead), last);
    }
    const brought = last !== undefined && (await this.broughtBy(copy, last, baseHead));
    if (brought)
      return { ...merged(brought, last), note: `${change.base} contains its changes as ${brought.slice(0, 8)}.` };
    if (head !== undefined && (isAhead || last === undefined)) {
      const there = known === undefined || (await isIn(copy, known, head));
      const foreign = await this.publishing.foreignSince(change, known, head);
      return { state: 'open', head, baseHead, foreign, ...(!there && { descends: false }) };
    }
    if (last === undefined && known === undefined) return { state: 'open', baseHead, foreign: [] };
    const became =
      head === undefined ? 'was deleted' : `was set back to ${head.slice(0, 8)}, which ${change.base} contains`;
    const note = `The branch ${change.branch} ${became}; its changes are not in ${change.base}.`;
    return { state: 'closed', ...(head && { head }), baseHead, foreign: [], note };
  }

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

  async mergeability(change: Change): ReturnType<Forge['mergeability']> {
    const { copy, head, baseHead } = await this.headsOf(change);
    if (head === undefined) return { is: 'nothing' };
    const merge = await mergeTree(copy, baseHead, head);
    if (merge.is === 'conflicted') return { is: 'conflicted', head, baseHead, files: merge.files };
    const behind = !(await isAncestor(copy, baseHead, head));
    const restores = await restoredBy(copy, { basis: change.basis, head, baseHead });
    return {
      is: 'mergeable',
      head,
      baseHead,
      ...(behind && { behind }),
      ...(restores.length > 0 && { restores }),
    };
  }

  async updateFromBase(change: Change): ReturnType<Forge['updateFromBase']> {
    const { copy, head, baseHead } = await this.headsOf(change);
    if (head === undefined) return { is: 'refused', because: `there is no branch ${change.branch}` };
    if (await isAncestor(copy, baseHead, head)) return { is: 'current', head };

    const merge = await mergeTree(copy, head, baseHead);
    if (merge.is === 'conflicted') return { is: 'conflict', head, files: merge.files };
    const message = await this.publishing.signed(change, `Merge ${change.base} into ${change.branch}`);
    const commit = await commitTree(copy, merge.tree, [head, baseHead], message);
    const end = await this.publishing.publish(change, commit, head);
    return end.is === 'refused' ? end : { is: 'merged', head: end.head };
  }

  commitFiles: Forge['commitFiles'] = (change, commit) =>
    commitFiles({ workspace: this.workshop, publishing: this.publishing }, change, commit);

  async changedPaths(change: Change, head: string): Promise<string[]> {
    const { copy, baseHead } = await this.headsOf(change);
    const args = ['diff', '--name-only', '-z', '--no-renames', `${baseHead}...${commitId(head)}`];
    return (await git(copy, args)).stdout.split('\0').filter(Boolean);
  }

  async mergeResult(change: Change, expected: Expected): Promise<string | undefined> {
    const { copy, head, baseHead } = await this.headsOf(change);
    if (head !== expected.head || baseHead !== expected.baseHead) return undefined;
    const message = await this.publishing.signed(change, expected.message);
    return mergeResultOf(copy, change, { ...expected, message });
  }

  async merge(
    change: Change,
    { head, baseHead, message, commit: tested }: Expected & { commit?: string | undefined },
  ): Promise<MergeReport> {
    const { copy, head: now, baseHead: base } = await this.headsOf(change);
    if (await isIn(copy, head, base)) return this.merged(change, head, await mergeOf(copy, head, base), copy);
    const brought = now === head && (await this.broughtBy(copy, head, base));
    if (brought) return this.merged(change, head, brought, copy);
    if (now !== head || base !== baseHead) return { is: 'moved', ...(now && { head: now }), baseHead: base };

    const merge = await mergeTree(copy, base, head);
    if (merge.is === 'conflicted') return { is: 'conflicted', files: merge.files };
    const commit =
      tested ?? (await commitTree(copy, merge.tree, [base, head], await this.publishing.signed(change, message)));
    try {
      const done = await this.workshop.move(change.repository, change.base, commit, base);
      if (!done) return { is: 'moved', head: now, baseHead: (await this.headsOf(change)).baseHead };
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

  /** Both heads, read at the same time, and our copy, which has them. Later commits are seen by the next poll. */
  private async headsOf(change: Omit<Change, 'basis'>) {
    const copy: Repository = { gitDir: await this.workshop.fetch(change.repository) };
    return { copy, ...(await this.workshop.headsIn(copy, change)) };
  }

  /** Caches `broughtBy`, because every poll asks about the same two heads again. */
  private async broughtBy(copy: Repository, head: string, base: string): Promise<string | undefined> {
    const asked = `${copy.gitDir} ${head}`;
    const before = this.brought.get(asked);
    if (before?.base === base) return before.by;
    const by = await broughtBy(copy, head, base);
    if (this.brought.size > 1_000) this.brought.clear();
    this.brought.set(asked, { base, by });
    return by;
  }
}
