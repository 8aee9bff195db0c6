import type { BadField, ChangeLook, Holder, MergeReport } from '../../../../workflows/contracts/activities.ts';
import type { Change } from '../../../../workflows/contracts/change.ts';
import type { HeldBranch } from '../../../inventory.ts';
import type { ChangeWish, Expected, Forge, ForgeExamined } from '../../../ports.ts';
import { commitId, commitOf, commitTree, isAncestor, mergeTree } from '../../git/commits.ts';
import { git, type Repository } from '../../git/door.ts';
import { commitFiles } from '../documents.ts';
import type { Local } from '../folders.ts';
import { Publishing } from '../publishing.ts';
import { Records } from '../records.ts';
import { FILE, NEAR_MISS, parseSettings } from '../settings.ts';
import { Held, withPath, Workshop } from '../workshop.ts';
import { CheckRuns, placeOf } from './check-runs.ts';
import { forgetResult, mergeResultOf } from './merge-result.ts';

/**
 * Any git repository on disk as a forge: branches are real, merges are real, pull requests are records of ours, and the
 * checks are commands that we run (contract 13).
 */
export const gitForge = (options: Local): Forge & { close(): Promise<void> } => new GitForge(options);

class GitForge implements Forge {
  /** It runs the checks itself, and so knows which there will be. */
  readonly checksGraceSeconds = 0;
  /** For the same reason it can test what it will merge. */
  readonly tested = 'merge-result';
  readonly workshop;
  private readonly records;
  readonly publishing;
  private readonly runs;
  private readonly ledger;

  constructor({ root, environment, ledger }: Local) {
    this.ledger = ledger;
    this.workshop = new Workshop(root);
    this.records = new Records(root);
    this.publishing = new Publishing(this.workshop, this.records, ledger);
    this.runs = new CheckRuns(root, environment, this.workshop, ledger);
  }

  async examine(wish: ChangeWish): Promise<ForgeExamined> {
    const { repository } = wish;
    const found = await this.workshop.locate(repository);
    if (found.is === 'none')
      return refused('change.repository', `${A_REPOSITORY}${found.because ? `: ${found.because}` : ''}`);
    const folder = found.name;
    const base = wish.base ?? (await this.workshop.defaultBranch(repository));
    const basis = base && (await this.workshop.headOf(repository, base));
    if (!base || !basis) return refused('change.base', `a branch of ${repository} with a commit`);

    const branch = await this.branchFor(folder, wish);
    if (!branch) return refused('change.pullRequest', `a pull request that gatehouse has on record for ${repository}`);
    if (branch === base) return refused('change.branch', `another branch than the base, ${base}`);
    const read = parseSettings((await this.workshop.fileAt(repository, basis, FILE)) ?? '');
    const fields: BadField[] = 'fields' in read ? read.fields : [];
    if (!(await this.workshop.existsAt(repository, basis, FILE))) {
      const near = (await this.workshop.existsAt(repository, basis, NEAR_MISS)) ? `, found ${NEAR_MISS}` : '';
      fields.push({ path: FILE, expected: `expected a file of this name on ${base}${near}` });
    }
    if (fields.length > 0) return { is: 'refused', fields };

    const head = await this.workshop.headOf(repository, branch);
    const ahead = head !== undefined && !(await isAncestor(await this.copyOf(wish), head, basis));
    const { number, state } = await this.records.read({ repository: folder, branch, base });
    const open = number !== undefined && state === 'open' ? { pullRequest: number } : {};
    return { is: 'found', change: { repository, base, branch, basis, ...open }, ...(ahead && { head }) };
  }

  /** A pull request names its branch; a branch that was given as well must be the same. */
  private async branchFor(folder: string, { pullRequest, branch, branchGiven }: ChangeWish) {
    if (pullRequest === undefined) return branch;
    const found = await this.records.branchOf(folder, pullRequest);
    return branchGiven && found !== branch ? undefined : found;
  }

  async claim(...[change, holder, isLive]: Parameters<Forge['claim']>): ReturnType<Forge['claim']> {
    const place = await withPath(this.workshop, change);
    const copy = await this.copyOf(change);
    const head = await this.workshop.headOf(change.repository, change.branch);
    const ahead = head !== undefined && !(await isAncestor(copy, head, change.basis)) ? head : undefined;
    const { holder: holding } = await this.records.change(place, async (record) => {
      const same = record.holder?.workflowId === holder.workflowId && record.holder.runId === holder.runId;
      if (same) return record;
      if (record.holder && (await isLive(record.holder))) return record;
      // A branch changes hands: what became of the change before is not this one's.
      const { number, mergeCommit, ahead: before, ...kept } = record;
      void [mergeCommit, before];
      const open = record.state === 'open' && number !== undefined;
      return { ...kept, ...(open && { number }), ...(ahead && { ahead }), base: change.base, state: 'open', holder };
    });
    const ours = holding?.workflowId === holder.workflowId && holding.runId === holder.runId;
    return ours ? { is: 'ours' } : { is: 'held', by: holding! };
  }

  async list(): Promise<HeldBranch[]> {
    const open = await this.runs.open();
    return (await this.records.all()).flatMap(({ repository, branch, holder }) =>
      holder ? [{ repository, branch, holder, checks: open.get(placeOf(repository, branch)) ?? 0 }] : [],
    );
  }

  release = (change: { repository: string; branch: string }, holder: Holder) => this.records.release(change, holder);

  async look(change: Change, known?: string): Promise<ChangeLook> {
    const copy = await this.copyOf(change);
    const place = await withPath(this.workshop, change);
    const head = await this.workshop.headOf(change.repository, change.branch);
    const baseHead = await this.baseHead(change);
    const record = await this.records.read(place);
    if (record.state === 'merged') {
      return {
        state: 'merged',
        ...(known && { head: known }),
        baseHead,
        mergeCommit: record.mergeCommit ?? baseHead,
        foreign: [],
      };
    }

    const last = head ?? known ?? record.ahead;
    const merged = last !== undefined && (await commitOf(copy, last)) && (await isAncestor(copy, last, baseHead));
    if (merged && record.ahead !== undefined) {
      const mergeCommit = await mergeOf(copy, last, baseHead);
      return { state: 'merged', head: last, baseHead, mergeCommit, foreign: [] };
    }
    if (head === undefined) return { state: last === undefined ? 'open' : 'closed', baseHead, foreign: [] };
    if (!merged && record.ahead !== head) await this.records.change(place, (each) => ({ ...each, ahead: head }));
    return { state: 'open', head, baseHead, foreign: await this.publishing.foreignSince(change, known, head) };
  }

  async ensurePullRequest(change: Change, { title, body }: { title: string; body: string }): Promise<number> {
    const place = await withPath(this.workshop, change);
    const { number } = await this.records.change(place, async (record) => {
      if (record.number !== undefined) return record;
      const next = await this.records.number(place.repository);
      await this.records.point(place.repository, next, place.branch);
      return { ...record, number: next, title, body };
    });
    return number!;
  }

  endChecks: Forge['endChecks'] = (change, except) => this.runs.endOthers(change, except);

  checks: Forge['checks'] = (change, head, limits) => this.runs.look(change, head, limits);

  async mergeability(change: Change): ReturnType<Forge['mergeability']> {
    const copy = await this.copyOf(change);
    const head = await this.workshop.headOf(change.repository, change.branch);
    if (head === undefined) return { is: 'nothing' };
    const baseHead = await this.baseHead(change);
    const merge = await mergeTree(copy, baseHead, head);
    if (merge.is === 'conflicted') return { is: 'conflicted', head, baseHead, files: merge.files };
    const behind = !(await isAncestor(copy, baseHead, head));
    return { is: 'mergeable', head, baseHead, ...(behind && { behind }) };
  }

  async updateFromBase(change: Change): ReturnType<Forge['updateFromBase']> {
    const copy = await this.copyOf(change);
    const head = await this.workshop.headOf(change.repository, change.branch);
    if (head === undefined) return { is: 'refused', because: `there is no branch ${change.branch}` };
    const baseHead = await this.baseHead(change);
    if (await isAncestor(copy, baseHead, head)) return { is: 'current', head };

    const merge = await mergeTree(copy, head, baseHead);
    if (merge.is === 'conflicted') return { is: 'conflict', head, files: merge.files };
    const commit = await commitTree(copy, merge.tree, [head, baseHead], `Merge ${change.base} into ${change.branch}`);
    const end = await this.publishing.publish(change, commit, head);
    return end.is === 'refused' ? end : { is: 'merged', head: end.head };
  }

  commitFiles: Forge['commitFiles'] = (change, commit) => commitFiles(this, change, commit);

  async changedPaths(change: Change, head: string): Promise<string[]> {
    const copy = await this.copyOf(change);
    const args = ['diff', '--name-only', '-z', '--no-renames', `${await this.baseHead(change)}...${commitId(head)}`];
    return (await git(copy, args)).stdout.split('\0').filter(Boolean);
  }

  async mergeResult(change: Change, expected: Expected): Promise<string | undefined> {
    const copy = await this.copyOf(change);
    const now = await this.workshop.headOf(change.repository, change.branch);
    if (now !== expected.head || (await this.baseHead(change)) !== expected.baseHead) return undefined;
    return mergeResultOf(copy, change, expected);
  }

  async merge(
    change: Change,
    { head, baseHead, message, commit: tested }: Expected & { commit?: string | undefined },
  ): Promise<MergeReport> {
    const copy = await this.copyOf(change);
    const place = await withPath(this.workshop, change);
    const now = await this.workshop.headOf(change.repository, change.branch);
    const base = await this.baseHead(change);
    const known = await commitOf(copy, head);
    if (known && (await isAncestor(copy, head, base))) return this.merged(change, place, head, base, copy);
    if (now !== head || base !== baseHead) return { is: 'moved', ...(now && { head: now }), baseHead: base };

    const merge = await mergeTree(copy, base, head);
    if (merge.is === 'conflicted') return { is: 'conflicted', files: merge.files };
    const commit = tested ?? (await commitTree(copy, merge.tree, [base, head], message));
    try {
      const done = await this.workshop.move(change.repository, change.base, commit, base);
      if (!done) return { is: 'moved', head: now, baseHead: await this.baseHead(change) };
      this.ledger?.note({ effect: 'merged', key: `${change.repository} ${head}`, mergeCommit: commit });
    } catch (failure) {
      if (failure instanceof Held) return { is: 'refused', because: failure.message };
      throw failure;
    }
    return this.merged(change, place, head, await this.baseHead(change), await this.copyOf(change));
  }

  /** It is in the base, whoever put it there: noted, and its branch is deleted. */
  private async merged(
    change: Change,
    place: Change,
    head: string,
    base: string,
    copy: Repository,
  ): Promise<MergeReport> {
    const mergeCommit = await mergeOf(copy, head, base);
    await this.records.change(place, (record) => ({ ...record, state: 'merged', mergeCommit }));
    await this.workshop.remove(change.repository, change.branch, head);
    await forgetResult(copy, change);
    return { is: 'merged', mergeCommit, head };
  }

  close = () => this.runs.close();

  /** Our copy of the repository, up to date. */
  private copyOf = async ({ repository }: { repository: string }): Promise<Repository> => ({
    gitDir: await this.workshop.fetch(repository),
  });

  private async baseHead({ repository, base }: Change): Promise<string> {
    const head = await this.workshop.headOf(repository, base);
    if (!head) throw new Error(`The base branch ${base} of ${repository} is not there.`);
    return head;
  }
}

/** The commit that brought a head into its base: the first after it on the way there, or itself when it is the base. */
async function mergeOf(copy: Repository, head: string, base: string): Promise<string> {
  const { stdout } = await git(copy, ['rev-list', '--reverse', '--ancestry-path', `${head}..${base}`]);
  return stdout.split('\n')[0] || base;
}

const A_REPOSITORY = 'an absolute path or file:// URL of a git repository';

const refused = (path: string, expected: string): ForgeExamined => ({
  is: 'refused',
  fields: [{ path, expected: `expected ${expected}` }],
});
