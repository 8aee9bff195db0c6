import type { ClaimedBranch } from '../../../activities/inventory.ts';
import type { Ledger } from '../../../activities/ledger.ts';
import type { ChangeWish, Checks, Expected, Forge, ForgeExamined } from '../../../activities/ports.ts';
import type { ChangeReport, RunOwner, MergeReport } from '../../../workflows/contracts/activities.ts';
import type { Change } from '../../../workflows/contracts/change.ts';
import type { Failing } from '../../../workflows/contracts/reports.ts';
import { Commits, type Files } from './commits.ts';

type Heads = Pick<Expected, 'head' | 'baseHead'>;

interface Pull {
  number?: number;
  holder?: RunOwner;
  state: ChangeReport['state'];
  mergeCommit?: string;
  ahead?: string;
}

/** A fake of a forge with one repository, with real ancestry and real conflicts. */
export class InMemoryForge implements Forge {
  readonly commits = new Commits();
  readonly branches = new Map<string, string>();
  private readonly pulls = new Map<string, Pull>();
  private readonly ours = new Set<string>();
  private readonly runs = new Map<string, Failing & { round: string }>();
  /** Merge commits made for tests, by base and head. */
  private readonly results = new Map<string, string>();
  private numbers = 0;
  /** Every start of a check, by commit and name. */
  readonly begun: string[] = [];

  constructor(
    private readonly repository: string,
    files: Files,
    /** Each check as a function of a commit's files. */
    private readonly judges: Record<string, (files: Files) => boolean> = {},
    private readonly ledger?: Ledger,
  ) {
    this.branches.set('main', this.commits.add({ parents: [], files, author: 'Ana' }));
  }

  /** Commits to a branch, which starts at `main` if it is new. With `ours`, gatehouse is the author. */
  commit(branch: string, files: Files, { author = 'Bo', ours = false } = {}): string {
    const parent = this.branches.get(branch) ?? this.branches.get('main')!;
    const id = this.commits.add({ parents: [parent], files: { ...this.commits.filesOf(parent), ...files }, author });
    if (ours) this.ours.add(id);
    if (ours) this.pushed(branch, parent, id);
    this.branches.set(branch, id);
    return id;
  }

  async examine({ repository, base = 'main', branch, pullRequest, basis: before }: ChangeWish): Promise<ForgeExamined> {
    const refuse = (path: string): ForgeExamined => ({
      is: 'refused',
      fields: [{ path, expected: 'expected one that is there' }],
    });
    if (repository !== this.repository) return refuse('change.repository');
    if (before !== undefined && !this.commits.has(before)) return refuse('change.repository');
    const basis = this.branches.get(base);
    if (!basis) return refuse('change.base');
    if (branch === base) return refuse('change.branch');
    const numbered = [...this.pulls].find(([, { number }]) => number !== undefined && number === pullRequest)?.[0];
    if (pullRequest !== undefined && !numbered) return refuse('change.pullRequest');
    const head = this.branches.get(numbered ?? branch);
    const ahead = head !== undefined && !this.commits.isAncestor(head, basis);
    const change = { repository, base, branch: numbered ?? branch, basis };
    return { is: 'found', change, checksGraceSeconds: 0, tested: 'merge-result', ...(ahead && { head }) };
  }

  async claim(...[change, holder, isLive]: Parameters<Forge['claim']>): ReturnType<Forge['claim']> {
    const { holder: before } = this.pullOf(change);
    const same = before?.workflowId === holder.workflowId && before.runId === holder.runId;
    if (before && !same && (await isLive(before))) return { is: 'held', by: before };
    const head = this.branches.get(change.branch);
    const ahead = head && !this.commits.isAncestor(head, change.basis) ? { ahead: head } : {};
    if (!same) this.pulls.set(change.branch, { holder, state: 'open', ...ahead });
    return { is: 'ours' };
  }

  list = async (): Promise<ClaimedBranch[]> =>
    [...this.pulls].flatMap(([branch, { holder }]) =>
      holder ? [{ repository: this.repository, branch, holder, checks: 0 }] : [],
    );

  async release({ branch }: { branch: string }, { workflowId, runId }: RunOwner): Promise<void> {
    const pull = this.pulls.get(branch);
    if (pull?.holder?.workflowId === workflowId && pull.holder.runId === runId) delete pull.holder;
  }

  async look(change: Change, known?: string): Promise<ChangeReport> {
    const pull = this.pullOf(change);
    const head = this.branches.get(change.branch);
    const baseHead = this.branches.get(change.base)!;
    const last = head ?? known ?? pull.ahead;
    if (pull.state === 'merged' || (last && pull.ahead && this.commits.isAncestor(last, baseHead))) {
      return {
        state: 'merged',
        ...(last && { head: last }),
        baseHead,
        mergeCommit: pull.mergeCommit ?? baseHead,
        foreign: [],
      };
    }
    if (head === undefined) return { state: last === undefined ? 'open' : 'closed', baseHead, foreign: [] };
    if (!this.commits.isAncestor(head, baseHead)) pull.ahead = head;
    const descends = known === undefined || (this.commits.has(known) && this.commits.isAncestor(known, head));
    const foreign = this.foreignSince(change, known, head);
    return { state: 'open', head, baseHead, foreign, ...(!descends && { descends }) };
  }

  async ensurePullRequest(change: Change): Promise<number> {
    const pull = this.pullOf(change);
    return (pull.number ??= this.numbers += 1);
  }

  async checks(_: Change, head: string, { round }: { round: string }): Promise<Checks> {
    const ended = Object.entries(this.judges).map(([name, judge]) => {
      const key = `${head} ${name}`;
      const run = this.runs.get(key);
      if (run && (run.conclusion === 'success' || run.round === round)) return run;
      this.begun.push(key);
      this.ledger?.note({ effect: 'check-started', key: `${this.repository} ${key} ${round}` });
      const conclusion = judge(this.commits.filesOf(head)) ? 'success' : 'failure';
      const next = { name, conclusion, round };
      this.runs.set(key, next);
      return next;
    });
    return {
      ended: ended.map(({ name, conclusion }) => ({ name, conclusion })),
      running: [],
      none: ended.length === 0,
    };
  }

  async rerunFailed(_: Change, head: string, names: readonly string[]): Promise<string[]> {
    const isRed = (name: string) => (this.runs.get(`${head} ${name}`)?.conclusion ?? 'success') !== 'success';
    const again = names.filter(isRed);
    for (const name of again) this.runs.delete(`${head} ${name}`);
    return again;
  }

  /** Nothing to do, because checks end as soon as they start. */
  endChecks = async (): Promise<void> => undefined;

  async mergeability(change: Change): ReturnType<Forge['mergeability']> {
    const head = this.branches.get(change.branch);
    if (!head) return { is: 'nothing' };
    const baseHead = this.branches.get(change.base)!;
    const merge = this.commits.merge(baseHead, head);
    return 'conflicts' in merge
      ? { is: 'conflicted', head, baseHead, files: merge.conflicts }
      : { is: 'mergeable', head, baseHead, ...(!this.commits.isAncestor(baseHead, head) && { behind: true }) };
  }

  async updateFromBase(change: Change): ReturnType<Forge['updateFromBase']> {
    const head = this.branches.get(change.branch);
    if (!head) return { is: 'refused', because: `there is no branch ${change.branch}` };
    const baseHead = this.branches.get(change.base)!;
    if (this.commits.isAncestor(baseHead, head)) return { is: 'current', head };
    const merge = this.commits.merge(head, baseHead);
    if ('conflicts' in merge) return { is: 'conflict', head, files: merge.conflicts };
    const merged = this.commits.add({ parents: [head, baseHead], files: merge.files, author: 'gatehouse' });
    this.ours.add(merged);
    this.pushed(change.branch, head, merged);
    this.branches.set(change.branch, merged);
    return { is: 'merged', head: merged };
  }

  async commitFiles(change: Change, { files }: { files: Files }): ReturnType<Forge['commitFiles']> {
    const before = this.branches.get(change.branch);
    const has = this.commits.filesOf(before ?? this.branches.get(change.base)!);
    if (Object.entries(files).every(([name, text]) => has[name] === text)) {
      return { is: 'unchanged', ...(before && { head: before }) };
    }
    return { is: 'committed', head: this.commit(change.branch, files, { author: 'gatehouse', ours: true }) };
  }

  async changedPaths(change: Change, head: string): Promise<string[]> {
    const [before, after] = [this.commits.filesOf(change.basis), this.commits.filesOf(head)];
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].filter((name) => before[name] !== after[name]);
  }

  async mergeResult(change: Change, { head, baseHead }: Heads): ReturnType<Forge['mergeResult']> {
    const isNow = this.branches.get(change.branch) === head && this.branches.get(change.base) === baseHead;
    if (!isNow) return { is: 'moved' };
    const made = this.results.get(`${baseHead} ${head}`) ?? this.mergeOf(baseHead, head);
    return typeof made === 'string' ? { is: 'made', commit: made } : { is: 'moved' };
  }

  async merge(change: Change, expected: Heads & { commit?: string | undefined }): Promise<MergeReport> {
    const [head, base] = [this.branches.get(change.branch), this.branches.get(change.base)!];
    if (this.commits.isAncestor(expected.head, base)) return this.merged(change, expected.head, base);
    if (head !== expected.head || base !== expected.baseHead)
      return { is: 'moved', ...(head && { head }), baseHead: base };
    const commit = expected.commit ?? this.mergeOf(base, head);
    if (typeof commit !== 'string') return { is: 'conflicted', files: commit.conflicts };
    this.branches.set(change.base, commit);
    this.ledger?.note({ effect: 'merged', key: `${this.repository} ${head}`, mergeCommit: commit });
    return this.merged(change, head, commit);
  }

  /** The merge commit of two heads, or the files in which they conflict. */
  private mergeOf(base: string, head: string): string | { conflicts: string[] } {
    const merge = this.commits.merge(base, head);
    if ('conflicts' in merge) return merge;
    const commit = this.commits.add({ parents: [base, head], files: merge.files, author: 'gatehouse' });
    this.results.set(`${base} ${head}`, commit);
    return commit;
  }

  private merged(change: Change, head: string, mergeCommit: string): MergeReport {
    const pull = this.pullOf(change);
    pull.state = 'merged';
    pull.mergeCommit ??= mergeCommit;
    if (this.branches.delete(change.branch)) this.pushed(change.branch, head);
    return { is: 'merged', mergeCommit: pull.mergeCommit, head };
  }

  private pushed(branch: string, from: string, to?: string): void {
    this.ledger?.note({ effect: 'branch-pushed', key: `${this.repository} ${branch}`, from, ...(to && { to }) });
  }

  private pullOf({ branch }: Change): Pull {
    const pull = this.pulls.get(branch) ?? { state: 'open' };
    this.pulls.set(branch, pull);
    return pull;
  }

  private foreignSince(change: Change, known: string | undefined, head: string) {
    const before = new Set(
      [known, change.basis, this.branches.get(change.base)].flatMap((id) =>
        id ? [...this.commits.ancestors(id)] : [],
      ),
    );
    return [...this.commits.ancestors(head)]
      .filter((id) => !before.has(id) && !this.ours.has(id))
      .map((commit) => ({
        commit,
        author: this.commits.authorOf(commit),
        email: `${this.commits.authorOf(commit).toLowerCase()}@shop.example`,
      }));
  }
}
